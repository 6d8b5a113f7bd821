"""The base model: its configuration, tokenizer and weights, with adapters where the method has some."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.attention import PACKED_SDPA, register
from sevenllm_bench.finetune.config import FinetuneConfig
from sevenllm_bench.finetune.examples import PLAIN_CHAT_TEMPLATE

if TYPE_CHECKING:
    import torch
    from peft import LoraConfig
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase


def load_config(config: FinetuneConfig) -> PretrainedConfig:
    """The base model's configuration.

    Raises:
        ConfigError: There is no such model.
    """
    from transformers import AutoConfig

    found = _load(AutoConfig.from_pretrained, config)
    if getattr(found, "is_encoder_decoder", False):
        raise ConfigError(f"model.base={config.model.base}: an encoder-decoder; only causal models can be tuned here")
    return found


def load_tokenizer(config: FinetuneConfig) -> PreTrainedTokenizerBase:
    """The base model's tokenizer, with the chat template that the tuned model will go by.

    Raises:
        ConfigError: There is none.
    """
    from transformers import AutoTokenizer

    tokenizer = _load(AutoTokenizer.from_pretrained, config)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if not config.data.chat:
        tokenizer.chat_template = PLAIN_CHAT_TEMPLATE
    return tokenizer


def load_model(config: FinetuneConfig) -> PreTrainedModel:
    """The base model's weights, in the type that they are trained or kept in.

    Raises:
        ConfigError: They can't be loaded, or a package that the method needs is missing.
    """
    from transformers import AutoModelForCausalLM

    arguments: dict[str, Any] = {"dtype": weights_dtype(config)}
    kernel = attention_kernel(config)
    if kernel == PACKED_SDPA:
        register()
    if kernel != "auto":
        arguments["attn_implementation"] = kernel
    if config.training.method == "qlora":
        arguments["quantization_config"] = _four_bits()
    model = _load(AutoModelForCausalLM.from_pretrained, config, **arguments)
    model.config.use_cache = True  # also where the base was saved while training, when it was off
    return model


def _load(load: Callable[..., Any], config: FinetuneConfig, **arguments: Any) -> Any:
    model = config.model
    try:
        return load(model.location, revision=model.revision or "main", trust_remote_code=model.trust_remote_code, **arguments)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ConfigError(
            f"model.base={model.base}: can't be loaded ({reason}). "
            "Name a folder in the save_pretrained layout, or a model of the Hub"
        ) from None


def attention_kernel(config: FinetuneConfig) -> str:
    """The attention kernel: on a CPU, unless another one is asked for, the one that keeps packed examples apart cheaply."""
    is_default = config.model.attention == "auto" and config.data.packing and device(config) == "cpu"
    return PACKED_SDPA if is_default else config.model.attention


def weights_dtype(config: FinetuneConfig) -> torch.dtype:
    """The type in which the base's weights are held."""
    import torch

    if config.model.weights != "auto":
        return torch.bfloat16 if config.model.weights == "bf16" else torch.float32
    trained = config.training.method == "full"
    return torch.float32 if trained or precision(config) == "fp32" else torch.bfloat16


def precision(config: FinetuneConfig) -> str:
    """The precision of computations, "bf16" or "fp32"."""
    import torch

    if config.training.precision != "auto":
        return config.training.precision
    return "bf16" if device(config) == "cuda" and torch.cuda.is_bf16_supported() else "fp32"


def device(config: FinetuneConfig) -> str:
    """The device of the run, "cuda" or "cpu".

    Raises:
        ConfigError: CUDA is asked for and not there.
    """
    import torch

    there = torch.cuda.is_available()
    if config.training.device == "cuda" and not there:
        raise ConfigError("training.device=cuda: no CUDA device is available here; training.device=cpu runs without one")
    return "cpu" if config.training.device == "cpu" or not there else "cuda"


def _four_bits() -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def lora_config(config: FinetuneConfig) -> LoraConfig | None:
    """The adapters' configuration; None where all weights are trained."""
    if config.training.method == "full":
        return None
    from peft import LoraConfig

    lora = config.lora
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets if isinstance(lora.targets, str) else list(lora.targets),
        task_type="CAUSAL_LM",
    )
