"""The base model: its configuration, tokenizer and weights, with adapters where the method has some."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.attention import PACKED_SDPA, register
from sevenllm_bench.finetune.config import LoraSection, ModelSection
from sevenllm_bench.finetune.examples import PLAIN_CHAT_TEMPLATE
from sevenllm_bench.finetune.runtime import Runtime

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase


def load_config(model: ModelSection) -> PretrainedConfig:
    """The base model's configuration.

    Raises:
        ConfigError: There is no such model.
    """
    from transformers import AutoConfig

    found = _load(AutoConfig.from_pretrained, model)
    if getattr(found, "is_encoder_decoder", False):
        raise ConfigError(f"model.base={model.base}: an encoder-decoder; only causal models can be tuned here")
    return found


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


def load_model(section: ModelSection, runtime: Runtime) -> PreTrainedModel:
    """The base model's weights, in the type that they are trained or kept in.

    Raises:
        ConfigError: They can't be loaded, or a package that the method needs is missing.
    """
    import torch
    from transformers import AutoModelForCausalLM

    arguments: dict[str, Any] = {"dtype": torch.float32 if runtime.weights == "fp32" else torch.bfloat16}
    if runtime.attention == PACKED_SDPA:
        register()
    if runtime.attention != "auto":
        arguments["attn_implementation"] = runtime.attention
    if runtime.weights == "nf4":
        arguments["quantization_config"] = _four_bits()
    model = _load(AutoModelForCausalLM.from_pretrained, section, **arguments)
    model.config.use_cache = True  # also where the base was saved while training, when it was off
    return model


def _load(load: Callable[..., Any], model: ModelSection, **arguments: Any) -> Any:
    try:
        return load(model.location, revision=model.revision or "main", trust_remote_code=model.trust_remote_code, **arguments)
    except Exception as error:  # the libraries raise whatever their parts raise, Rust's plain `Exception` too
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConfigError(
            f"model.base={model.base}: can't be loaded ({reason}). "
            "Name a folder in the save_pretrained layout, or a model of the Hub"
        ) from None


def _four_bits() -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def lora_config(method: str, lora: LoraSection) -> LoraConfig | None:
    """The adapters' configuration; None where all weights are trained."""
    if method == "full":
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets if isinstance(lora.targets, str) else list(lora.targets),
        task_type="CAUSAL_LM",
    )
