"""The base of a run, opened and checked: whatever of it would fail, or train a wrong model in silence, is said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base.adapters import as_section, frozen_experts, read_adapter, trainable
from sevenllm_bench.finetune.base.model import at_commit, is_adapter, load_config, load_tokenizer
from sevenllm_bench.finetune.base.weight_files import check_weight_files
from sevenllm_bench.finetune.estimates.memory import count, meta_model
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.model_sections import ModelSection
from sevenllm_bench.io.files import user_path

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase


def load_base(
    config: FinetuneConfig, say: Callable[[str], None]
) -> tuple[FinetuneConfig, PretrainedConfig, PreTrainedTokenizerBase]:
    """Configuration and tokenizer of a run's base, before its weights.

    Args:
        config: The run.
        say: Takes what is not refused and should be known.

    Returns:
        The run, with the base pinned to the commit it resolves to on the Hub, and with the settings of the adapters that it
        trains further; the base's configuration; its tokenizer.

    Raises:
        ConfigError: There is no such model, or the run can't go with it: it is no causal language model, it is adapters,
            its tokenizer or its positions don't fit, its weights are quantised and shall be trained, files are damaged.
    """
    _check_place(config.model)
    model = at_commit(config.model)
    base = load_config(model)
    _check_kind(model, base)
    config = config.model_copy(update={"model": model})
    if model.adapter:
        config = config.model_copy(update={"lora": as_section(read_adapter(model.adapter))})
        say(f"the adapters in {model.adapter} are trained further, with their own settings: rank {config.lora.rank}")
    tokenizer = load_tokenizer(config.model, config.data.chat)
    check_tokenizer(config, base, tokenizer)
    check_length(config, base)
    _check_quantised(config, base)
    _check_adapters(config, base, say)
    if model.is_folder and not model.gguf_file:
        check_weight_files(model.base, Path(model.location))
    return config, base, tokenizer


def _check_place(model: ModelSection) -> None:
    """That the base is where and what it is said to be: no file, no adapters, no revision of a folder."""
    path = user_path(model.base, ConfigError)
    if path.is_file():
        hint = f": name its folder, and model.gguf_file={path.name}" if path.suffix == ".gguf" else "; name its folder"
        raise ConfigError(f"model.base={model.base}: that is a file{hint}")
    if model.is_folder and model.revision:
        raise ConfigError(
            f"model.base={model.base} is a folder, which has no revisions; leave out model.revision={model.revision}"
        )
    files = sorted(path.glob("*.gguf")) if model.is_folder and not model.gguf_file else []
    if files and not (path / "config.json").is_file():
        raise ConfigError(f"model.base={model.base}: GGUF files; name one, e.g. model.gguf_file={files[0].name}")
    if is_adapter(model.location, model.revision):
        raise ConfigError(
            f"model.base={model.base}: these are adapters, no model. Merge them first (sevenllm-bench merge {model.base} -o "
            f"MERGED), or train them further (model.base=THEIR_BASE model.adapter={model.base})"
        )


def _check_kind(model: ModelSection, base: PretrainedConfig) -> None:
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    where = f"model.base={model.base} ({base.model_type})"
    if getattr(base, "is_encoder_decoder", False):
        raise ConfigError(f"{where}: an encoder-decoder; only causal models can be tuned here")
    if base.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not getattr(base, "is_decoder", False):
        raise ConfigError(f"{where}: an encoder, which sees the whole text at once; only causal models can be tuned here")
    own_code = "AutoModelForCausalLM" in (getattr(base, "auto_map", None) or {})
    if type(base) not in MODEL_FOR_CAUSAL_LM_MAPPING and not own_code:
        raise ConfigError(f"{where}: transformers has no causal language model of this kind")


def check_tokenizer(config: FinetuneConfig, base: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> None:
    """That every token which can occur has an embedding.

    Special tokens beyond the embeddings that no text and no template of this run writes are left alone: Gemma 3's tokenizer
    has one for images, also beside models without.

    Raises:
        ConfigError: One has none.
    """
    size = getattr(base.get_text_config(), "vocab_size", None)
    if not isinstance(size, int):
        return
    beyond = {token: place for token, place in tokenizer.get_vocab().items() if place >= size}
    template = str(tokenizer.chat_template) if config.data.chat else ""
    needed = {tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token}
    harmless = {place for place, token in tokenizer.added_tokens_decoder.items() if token.special}
    failing = [
        token for token, place in beyond.items() if place not in harmless or token in needed or (template and token in template)
    ]
    if failing:
        first = min(failing, key=beyond.__getitem__)
        raise ConfigError(
            f"model.base={config.model.base}: the tokenizer has {len(failing):,} tokens beyond the model's {size:,} embeddings "
            f"(e.g. {first!r}, {beyond[first]:,}); take the tokenizer that belongs to the model, or resize its embeddings first"
        )


def check_length(config: FinetuneConfig, base: PretrainedConfig) -> None:
    """That the longest example has positions: rotary models go on beyond theirs, and get worse in silence.

    Raises:
        ConfigError: It has not.
    """
    positions = known_positions(base)
    if positions is not None and config.data.max_length > positions:
        raise ConfigError(
            f"data.max_length={config.data.max_length}: {config.model.base} has {positions:,} positions (scaling of rotary "
            f"embeddings included); set data.max_length={positions}"
        )


def known_positions(base: PretrainedConfig) -> int | None:
    """Tokens that a model has positions for; None where it has no limit of this kind (ALiBi, state-space models)."""
    text = base.get_text_config()
    attention = getattr(text, "attn_config", None)
    if getattr(text, "alibi", False) or getattr(attention, "alibi", False):
        return None
    names = ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx")
    given = next((value for name in names if isinstance(value := getattr(text, name, None), int) and value > 0), None)
    if given is None:
        return None
    scaled = [factor * (original or given) for factor, original in _scalings(text)]
    return int(max([given, *scaled]))


def _scalings(text: Any) -> Iterator[tuple[float, int | None]]:
    """Factor and original length of each scaling of rotary embeddings; models with two kinds of layers have two."""
    parameters = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None)
    if not isinstance(parameters, Mapping):
        return
    for entry in (parameters, *parameters.values()):
        if isinstance(entry, Mapping) and isinstance(factor := entry.get("factor"), int | float):
            original = entry.get("original_max_position_embeddings")
            yield float(factor), original if isinstance(original, int) else None


def _check_quantised(config: FinetuneConfig, base: PretrainedConfig) -> None:
    quantisation = getattr(base, "quantization_config", None)
    if quantisation is None:
        return
    entries = quantisation if isinstance(quantisation, Mapping) else vars(quantisation)
    kind = str(getattr(entries.get("quant_method"), "value", entries.get("quant_method")))
    where = f"model.base={config.model.base}: its weights are quantised ({kind})"
    if config.training.method == "full":
        raise ConfigError(f"{where} and can't be trained; name the base that is not, or set training.method=lora")
    if config.training.method == "qlora" and kind != "bitsandbytes":
        raise ConfigError(f"{where} already; set training.method=lora, or name the base that is not quantised")


def _check_adapters(config: FinetuneConfig, base: PretrainedConfig, say: Callable[[str], None]) -> None:
    """That peft lays out the adapters, which it would else refuse after the data are prepared."""
    if config.training.method == "full":
        return
    try:
        model: Any = meta_model(base)
    except ConfigError:  # code of the model's own repository, say: its names are not known before it is loaded
        return
    frozen = frozen_experts(config, model)
    if frozen:
        say(
            f"the experts ({frozen:,} of {count(model):,} parameters) get no adapters; lora.experts=true lora.dropout=0 adds some"
        )
    trainable(config, model)
