"""The base model: its configuration, tokenizer and weights."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoding.chat_format import PLAIN_CHAT_TEMPLATE
from sevenllm_bench.finetune.kernels.packed_attention import PACKED_SDPA
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.model_sections import ModelSection

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

#: Arguments with which transformers says what of the weights was missing, unknown or of another shape.
LOADING: Mapping[str, Any] = {"output_loading_info": True, "ignore_mismatched_sizes": True}

#: Names of weights that an error lists.
_LISTED = 3
#: Masks and frequencies that earlier versions of transformers saved with the weights (GPT-2, GPT-J, GPT-NeoX, Llama).
_SAVED_BUFFERS = re.compile(r"\.(attn|attention)\.(masked_)?bias$|rotary_emb\.inv_freq$")


def load_config(model: ModelSection) -> PretrainedConfig:
    """The base model's configuration.

    Raises:
        ConfigError: There is no such model.
    """
    from transformers import AutoConfig

    found: PretrainedConfig = _load(AutoConfig.from_pretrained, model)
    return found


def is_adapter(location: str, revision: str | None) -> bool:
    """Whether a folder or repository holds peft's adapters; transformers would load their base without a word."""
    from transformers.utils import find_adapter_config_file

    try:
        return find_adapter_config_file(location, revision=revision or "main") is not None
    except Exception:  # no such model, no network: loading the configuration says it
        return False


def at_commit(model: ModelSection) -> ModelSection:
    """The same base, pinned to the commit that its revision is now; a folder as it is."""
    from transformers.utils import cached_file

    if model.is_folder:
        return model
    found = _load(cached_file, model, filename=model.gguf_file or "config.json")
    commit = next((name for folder, name in pairwise(Path(found or "").parts) if folder == "snapshots"), None)
    return model.model_copy(update={"revision": commit}) if commit else model


def load_tokenizer(model: ModelSection, chat: bool) -> PreTrainedTokenizerBase:
    """The base model's tokenizer, with the chat template that the tuned model will go by.

    Args:
        model: The base model.
        chat: Whether rows are put in its chat format; else the tuned model gets a template that writes nothing.

    Raises:
        ConfigError: There is none.
    """
    tokenizer = _load(_tried_tokenizer, model)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if not chat:
        tokenizer.chat_template = PLAIN_CHAT_TEMPLATE
    return tokenizer


def _tried_tokenizer(*location: Any, **arguments: Any) -> PreTrainedTokenizerBase:
    """A tokenizer that has encoded a text: with a broken configuration, some load and fail only then."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(*location, **arguments)
    tokenizer.encode("a text 文本")
    return tokenizer


def load_model(section: ModelSection, runtime: Runtime, without_weights: PretrainedConfig | None = None) -> PreTrainedModel:
    """The base model's weights, in the type that they are trained or kept in.

    Args:
        section: The base model.
        runtime: What it is computed on.
        without_weights: Its configuration, for a model whose parameters hold nothing: no file is read.

    Raises:
        ConfigError: They can't be loaded, some are missing or of no use to the model, or a package that the method needs is
            missing.
    """
    import torch
    from transformers import AutoModelForCausalLM

    arguments: dict[str, Any] = {"dtype": torch.float32 if runtime.weights == "fp32" else torch.bfloat16}
    if runtime.attention not in ("auto", PACKED_SDPA):  # `self_check` decides on ours
        arguments["attn_implementation"] = runtime.attention
    if runtime.weights == "nf4":
        arguments["quantization_config"] = _four_bits()
    if without_weights is not None:
        model = _empty(without_weights, **arguments)
    else:
        if section.gguf_file:
            arguments |= unpacked()
        with without_loading_report():
            model, info = _load(AutoModelForCausalLM.from_pretrained, section, **LOADING, **arguments)
        if not section.allow_other_weights:
            require_all_weights(f"model.base={section.base}", info, "model.allow_other_weights=true")
    model.config.use_cache = True  # also where the base was saved while training, when it was off
    return model


def _empty(base: PretrainedConfig, **arguments: Any) -> PreTrainedModel:
    """A model whose parameters hold nothing, in memory that the system doesn't hand out before it is written to.

    On the meta device they would all have one address, 0, by which accelerate 1.15 gives the optimizer its sharded parameters:
    it would train one of them. Buffers are real, since no process gets them from another.
    """
    import torch
    from accelerate import init_empty_weights
    from transformers import AutoModelForCausalLM

    with init_empty_weights(include_buffers=False):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(base, **arguments)
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            setattr(module, name, torch.nn.Parameter(torch.empty_like(parameter, device="cpu"), parameter.requires_grad))
    model.tie_weights()
    return model


def require_all_weights(name: str, info: Mapping[str, Any], override: str) -> None:
    """That the files hold the model's weights, and no others.

    Args:
        name: The model, as it was given.
        info: What transformers says of loading with `LOADING`: "missing_keys", "unexpected_keys" and "mismatched_keys",
            without those that a model ties or ignores by its own declaration.
        override: What lets a user go on all the same.

    Raises:
        ConfigError: They don't.
    """
    other = [f"{key}: {tuple(found)} for {tuple(wanted)}" for key, found, wanted in info["mismatched_keys"]]
    lists = {
        "lack {:,} weights": info["missing_keys"],
        "hold {:,} unknown weights": [key for key in info["unexpected_keys"] if not _SAVED_BUFFERS.search(key)],
        "hold {:,} weights of another shape": other,
    }
    problems = [f"{text.format(len(names))} ({_some(sorted(names))})" for text, names in lists.items() if names]
    if problems:
        raise ConfigError(
            f"{name}: its files {' and '.join(problems)}, so it would not be the model that it is taken for; name a complete "
            f"causal model, or go on all the same with {override} (what is missing then starts at random)"
        )


@contextmanager
def without_loading_report() -> Iterator[None]:
    """Without the table that transformers prints of such weights, which `require_all_weights` says in one line.

    Without its list of layers that are not sharded, too, which it prints where nothing is.
    """
    loggers = [logging.getLogger(f"transformers.{name}") for name in ("modeling_utils", "distributed.tensor_parallel")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _some(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")


def _load(load: Callable[..., Any], model: ModelSection, **arguments: Any) -> Any:
    if model.gguf_file and "filename" not in arguments:
        arguments["gguf_file"] = model.gguf_file
    try:
        return load(model.location, revision=model.revision or "main", trust_remote_code=model.trust_remote_code, **arguments)
    except ConfigError:
        raise
    except Exception as error:  # the libraries raise whatever their parts raise, Rust's plain `Exception` too
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        if type(error).__name__ == "SafetensorError":
            reason = f"a safetensors file is cut off or damaged: {reason}"
        if "trust_remote_code" in str(error) and not model.trust_remote_code:
            raise ConfigError(
                f"model.base={model.base}: it needs code of its own; read it, and let it run with model.trust_remote_code=true"
            ) from None
        raise ConfigError(
            f"model.base={model.base}: can't be loaded ({reason}). "
            "Name a folder in the save_pretrained layout, or a model of the Hub"
        ) from None


def unpacked() -> dict[str, Any]:
    """Arguments with which transformers unpacks the weights of a GGUF file; packed ones, its default, can't be trained."""
    try:
        from transformers import GgufConfig
    except ImportError:  # versions that always unpack them
        return {}
    return {"quantization_config": GgufConfig(dequantize=True)}


def _four_bits() -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
