"""Which model a run's scores belong to: its name with the arguments that make another model, and its repository."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sevenllm_bench.io.secrets import without_secrets
from sevenllm_bench.text.display import printable

#: Arguments that name what is loaded or asked, over all models of lm-eval 0.4.13, in the order in which lm-eval itself looks.
_NAMES = ("pretrained", "model", "path", "engine")
#: Those of megatron_lm and watsonx_llm, where lm-eval looks for none of them and makes up a name.
_OTHER_NAMES = ("load", "model_id", "deployment_id")
#: Weights laid over those of the model: by hf and similar models, vllm, sglang, steered.
_ADAPTERS = ("peft", "delta", "lora_local_path", "lora_paths", "lora_modules", "adapter", "steer_path")
#: Those that can name a repository on the Hub; the others are paths.
_HUB_ADAPTERS = ("peft", "delta")
#: Other arguments that make another model of the same weights: which file or part of a repository, how it is quantised,
#: and what is changed in its configuration (transformers and vllm take any field of it).
_VARIANTS = re.compile(
    r"(?ix) subfolder | gguf_file | variant | revision | code_revision | ckpt_step"
    r" | load_in_\w+ | \w*quant\w* | autogptq | gptq\w* | awq\w* | bnb_\w+ | llm_int8_\w+ | torchao\w* | hqq\w* | \w*bits"
    r" | kv_cache_dtype | hf_overrides | \w*model_override_args | rope_\w+ | sliding_window | num_hidden_layers | num_experts\w*"
)
#: Arguments that change neither the weights nor what is asked of them: devices, memory, connections, keys, speed.
_NEUTRAL = re.compile(
    r"(?ix) device\w* | devices | num_nodes | parallelize | max_memory_per_gpu | max_cpu_memory | offload\w* | tp_plan | gpus"
    r" | batch_size | max_batch_size | micro_batch_size | low_cpu_mem_usage | logits_cache | trust_remote_code"
    r" | use_fast_tokenizer | \w+_parallel_size | [tdpe]p_size | tp_degree | gpu_memory_utilization | mem_fraction_static"
    r" | swap_space | cpu_offload_gb"
    r" | enforce_eager | disable_log_\w+ | distributed_executor_backend | max_num_\w+ | enable_prefix_caching | enable_lora"
    r" | max_lora\w* | max_loras | enable_chunked_prefill | chunked_prefill_size | download_dir | cache_dir | local_files_only"
    r" | force_download | resume_download | proxies | use_auth_token | token | auth_token | \w*api_key | headers? | base_url"
    r" | api_version | num_concurrent | max_retries | timeout | verify_certificate | ca_cert_path | tokenizer_backend"
    r" | tokenized_requests | max_images | write_out | predictions | provider_options | execution_provider"
    r" | watsonx_credentials | tokenizer_revision"
)
#: Encoders as a model for lm-eval, and what the results of `encoders run` say of the type of model.
ENCODER_MODEL, ENCODER_RUN_MODEL = "sevenllm-encoder", "sevenllm-encoders"
#: lm-eval's models, and ours, that record the commit of what they load, where the Hub can be reached.
_RECORDS_COMMIT = frozenset({"hf", "hf-auto", "huggingface", "hf-multimodal", "hf-mistral3", ENCODER_MODEL, ENCODER_RUN_MODEL})
_LOADS_FROM_HUB = _RECORDS_COMMIT | {"vllm", "vllm-vlm", "sglang"}
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
#: Values that ask for nothing.
_OFF = frozenset({"", "none", "null", "main", "auto"})
#: The same of what makes another model; `enable_thinking=False` asks for something.
_NOT_SO = frozenset({"false", "0"})
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True, slots=True)
class Identity:
    """What identifies a model.

    Attributes:
        base: What tables call the weights, without adapters.
        loaded: What was loaded or asked, as the arguments name it; empty where they don't, and lm-eval made up a name.
        adapters: Argument to value, of the weights laid over it.
        variants: Argument to value, of what else makes another model of it.
        notes: Every argument that may change an answer, adapters and variants first; secrets are removed.
    """

    base: str
    loaded: str
    adapters: Mapping[str, str]
    variants: Mapping[str, str]
    notes: Mapping[str, str]

    @property
    def name(self) -> str:
        """E.g. "org/model", "org/model + org/adapter", "org/model (load_in_4bit=True)"."""
        return self.named(" + ".join([self.base, *self.adapters.values()]))

    def named(self, weights: str) -> str:
        """The name where the weights are called otherwise, as by a submitter. A commit is no part of it."""
        return f"{weights} ({self.variant})" if self.variant else weights

    @property
    def variant(self) -> str:
        """What makes another model of the weights, on one line, without a commit: "load_in_4bit=True"; mostly empty."""
        return _listed({k: v for k, v in self.variants.items() if not (k.endswith("revision") and _COMMIT.fullmatch(v))})

    @property
    def noted(self) -> str:
        """The notes on one line: "peft=org/adapter, load_in_4bit=True, dtype=float16"; empty where there are none."""
        return _listed(self.notes)


def _listed(arguments: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


def identity_of(name: object, arguments: object) -> Identity:
    """The identity of a model.

    Args:
        name: Its name as lm-eval has it.
        arguments: Its `--model_args`: an object, or {"model_args": text}; from an untrusted file anything else.
    """
    given = _asked_for(arguments)
    chosen = {key: value for key, value in given.items() if value.casefold() not in _NOT_SO}
    adapters = {key: chosen[key] for key in _ADAPTERS if key in chosen}
    variants = {key: chosen[key] for key in sorted(chosen) if _VARIANTS.fullmatch(key)}
    others = {key: given[key] for key in sorted(given) if _may_change_an_answer(key)}
    if given.get("tokenizer") == given.get("pretrained"):
        others.pop("tokenizer", None)
    base = _base(name, given, bool(adapters))
    under = {"pretrained": base} if adapters else {}
    return Identity(base, _loaded(given), adapters, variants, {**adapters, **under, **variants, **others})


def _may_change_an_answer(key: str) -> bool:
    """Whether an argument may change an answer though it names nothing and makes no other model."""
    return not (key in (*_NAMES, *_OTHER_NAMES, *_ADAPTERS) or _VARIANTS.fullmatch(key) or _NEUTRAL.fullmatch(key))


def _loaded(given: Mapping[str, str]) -> str:
    return next((given[key] for key in (*_NAMES, *_OTHER_NAMES) if key in given), "")


def _base(name: object, given: Mapping[str, str], has_adapter: bool) -> str:
    """What lm-eval calls the model, unless that is its adapter's name or made up."""
    is_another = has_adapter or not any(key in given for key in _NAMES)
    return (is_another and _loaded(given)) or printable(name)


def _asked_for(arguments: object) -> dict[str, str]:
    """The arguments that ask for something, as text. lm-eval has them as one text where its Python API was given one."""
    shown = without_secrets(dict(arguments)) if isinstance(arguments, Mapping) else {}
    if tuple(shown) == ("model_args",):
        pairs = (part.partition("=") for part in str(shown["model_args"]).split(","))
        shown = {key.strip(): value.strip() for key, _, value in pairs}
    return {printable(key, 60): printable(value) for key, value in shown.items() if str(value).strip().casefold() not in _OFF}


def repository_of(source: str, arguments: object, commit: object, local: Sequence[str] = ()) -> tuple[str | None, str]:
    """The Hub repository that the scores belong to, as far as the run itself says it for certain.

    Args:
        source: lm-eval's model type.
        arguments: See `identity_of`.
        commit: The commit that lm-eval recorded; empty or unknown for none.
        local: Arguments that named a file or folder where the model ran, see `local_arguments`.

    Returns:
        The repository, or None and why it is not known.
    """
    identity = identity_of("", arguments)
    if source not in _LOADS_FROM_HUB:
        return None, f"models of the type {printable(source, 40)} are not loaded from a repository"
    others = [key for key in identity.adapters if key not in _HUB_ADAPTERS]
    if others or len(identity.adapters) > 1:
        return None, f"it is {identity.loaded} with an adapter ({_listed(identity.adapters)})"
    key, name = next(iter(identity.adapters.items()), ("pretrained", identity.loaded))
    if not _REPOSITORY.fullmatch(name):
        return None, f"{name or 'what was loaded'} is not the name of a repository"
    if key in local or _exists_here(name):
        return None, f"{name} is a local folder"
    if source in _RECORDS_COMMIT and not commit:
        return None, f"no commit of {name} was recorded, so it may be a local folder (or the run was offline)"
    return name, ""


def local_arguments(arguments: object) -> tuple[str, ...]:
    """The arguments that name weights on this machine: seen from the working directory, they are files or folders."""
    given = _asked_for(arguments)
    return tuple(key for key in (*_NAMES, *_OTHER_NAMES, *_ADAPTERS) if key in given and _exists_here(given[key]))


def _exists_here(name: str) -> bool:
    """Whether a name is also that of a file or folder, seen from the working directory; False for what can't be a path."""
    try:
        return Path(name).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False


def is_only_the_base(repository: str, arguments: object) -> bool:
    """Whether a repository holds the base model of a run whose scores are an adapter's."""
    identity = identity_of("", arguments)
    loaded = {value.casefold() for value in identity.adapters.values()}
    return bool(loaded) and repository.casefold() == identity.loaded.casefold() and repository.casefold() not in loaded
