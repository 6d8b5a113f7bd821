"""What a run is computed on and in: device, precision, type of the weights, attention kernel. Resolved once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.kernels.packed_attention import PACKED_SDPA
from sevenllm_bench.finetune.settings.config import FinetuneConfig

Device = Literal["cuda", "cpu"]
Precision = Literal["bf16", "fp32"]
Weights = Literal["fp32", "bf16", "nf4"]


@dataclass(frozen=True, slots=True)
class Runtime:
    """How a run is computed.

    Attributes:
        device: "cuda" or "cpu".
        precision: Precision of the computation: "bf16" is autocast, or FSDP's mixed precision.
        weights: Type in which the base model is held. "fp32" keeps master weights in full fine-tuning; "nf4" is QLoRA's.
        attention: Name of the attention kernel in transformers that is tried first, or "auto" for its default.
    """

    device: Device
    precision: Precision
    weights: Weights
    attention: str


def resolve(config: FinetuneConfig) -> Runtime:
    """What a run is computed on here.

    Raises:
        ConfigError: CUDA is asked for and not available.
    """
    import torch

    available = torch.cuda.is_available()
    if config.training.device == "cuda" and not available:
        raise ConfigError("training.device=cuda: no CUDA device is available here; training.device=cpu runs without one")
    device: Device = "cpu" if config.training.device == "cpu" or not available else "cuda"
    return _runtime(config, device, "bf16" if device == "cuda" and torch.cuda.is_bf16_supported() else "fp32")


def planned(config: FinetuneConfig) -> Runtime:
    """What a run is computed on elsewhere: on GPUs with bf16, unless the configuration says CPU."""
    on_cpu = config.training.device == "cpu"
    return _runtime(config, "cpu" if on_cpu else "cuda", "fp32" if on_cpu else "bf16")


def _runtime(config: FinetuneConfig, device: Device, default: Precision) -> Runtime:
    precision = default if config.training.precision == "auto" else config.training.precision
    # On a CPU, unless another one is asked for, the kernel that keeps packed examples apart cheaply.
    is_packed_on_cpu = config.model.attention == "auto" and config.data.packing and device == "cpu"
    weights: Weights = config.model.weights if config.model.weights != "auto" else "bf16"
    if config.training.method == "qlora":
        weights = "nf4"
    elif config.model.weights == "auto" and (config.training.method == "full" or precision == "fp32"):
        weights = "fp32"
    return Runtime(device, precision, weights, PACKED_SDPA if is_packed_on_cpu else config.model.attention)
