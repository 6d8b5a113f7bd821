"""Memory per GPU of a fine-tuning run, estimated from the model's configuration before anything is loaded.

Parameters are counted exactly. What is held per parameter follows the loader and the libraries (transformers 5.23,
accelerate 1.15, peft 0.21, TRL 1.16); `passes` counts activations.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from sevenllm_bench.finetune.memory.activations import activation_bytes, buffer_bytes, logits_bytes
from sevenllm_bench.finetune.memory.decoder import Decoder, Tensor, count, meta_model, read_decoder
from sevenllm_bench.finetune.memory.setup import BF16, FP32, OPTIMIZERS, Setup, setup_of

if TYPE_CHECKING:
    from transformers import PretrainedConfig

__all__ = ["GIB", "OPTIMIZERS", "Memory", "Setup", "count_parameters", "describe", "estimate_memory", "setup_of"]

GIB = 2**30

#: CUDA context, cuBLAS workspaces, NCCL and blocks that the allocator can't fill. The context alone is 0.5-1.3 GB,
#: depending on card and driver (1.3 GB in "Model training anatomy" of the transformers documentation). A round figure.
_OVERHEAD = GIB

#: 4 bits, one 8-bit constant per 64 parameters and one 32-bit constant per 256 of those (QLoRA, arXiv 2305.14314,
#: section 3, double quantisation: 0.127 bits per parameter).
_NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)

#: bitsandbytes: an 8-bit state has one fp32 constant per 256 values; tensors below 4,096 values stay in fp32.
_BLOCK_8BIT, _SMALLEST_8BIT = 256, 4096


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes on each GPU at the peak of a training step.

    Attributes:
        weights: Base model and adapters.
        gradients: Gradients of the trainable parameters.
        optimizer: State of the optimizer.
        activations: What the forward pass keeps for the backward pass, and with gradient checkpointing one layer recomputed.
        logits: Working set of the fused LM head, which never holds the logits of a whole sequence.
        buffers: What lives for moments: parameters gathered, cast or dequantised; gradients in flight.
        overhead: CUDA context and allocator, a constant.
        parameters: Parameters of the base model over all processes, tied ones once.
        trainable: Parameters that are trained: all of them, or the adapters'.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    buffers: int
    overhead: int
    parameters: int
    trainable: int

    @property
    def total(self) -> int:
        """Sum of the parts. They don't all peak at the same moment, so a run needs somewhat less."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.logits + self.buffers + self.overhead


def count_parameters(config: PretrainedConfig) -> int:
    """Number of parameters of the causal language model with this configuration, tied embeddings counted once.

    Raises:
        ConfigError: There is no such causal language model in transformers.
    """
    return count(meta_model(config))


def estimate_memory(config: PretrainedConfig, setup: Setup) -> Memory:
    """Memory per GPU of fine-tuning a dense decoder with gated MLPs (Llama, Qwen2, Qwen3 and their kin).

    Args:
        config: Configuration of the model.
        setup: The run.

    Raises:
        ConfigError: If the parts of `setup` don't go together, its optimizer is none of `OPTIMIZERS`, a LoRA target
            doesn't exist, or the model is of another kind: a mixture of experts, MLPs without gate, linear attention.
    """
    setup.check()
    model = read_decoder(config, setup)
    return Memory(
        weights=_weights(model, setup),
        gradients=ceil(model.trainable * setup.trainable_bytes / setup.shards),
        optimizer=ceil(sum(_state(tensor, setup) for tensor in model.trained) / setup.shards),
        activations=activation_bytes(model, setup),
        logits=logits_bytes(model, setup),
        buffers=buffer_bytes(model, setup),
        overhead=_OVERHEAD,
        parameters=model.parameters,
        trainable=model.trainable,
    )


def describe(memory: Memory) -> list[tuple[str, str]]:
    """Rows of a table: label and figure, the bytes in GiB with two decimals, the total last."""
    share = 100 * memory.trainable / memory.parameters
    parts = ("weights", "gradients", "optimizer", "activations", "logits", "buffers", "overhead", "total")
    return [
        ("parameters", f"{memory.parameters:,}"),
        ("trainable", f"{memory.trainable:,} ({share:.2f} %)"),
        *((part, f"{getattr(memory, part) / GIB:.2f} GiB") for part in parts),
    ]


def _weights(model: Decoder, setup: Setup) -> int:
    trained = model.trainable * setup.trainable_bytes
    if setup.method == "full":
        base: float = 0
    elif setup.weights == "nf4":  # of the linear layers; embeddings, norms and LM head stay in bf16
        base = model.linear * _NF4 + (model.parameters - model.linear) * BF16
    else:
        base = model.parameters * (FP32 if setup.weights == "fp32" else BF16)
    return ceil((trained + base) / setup.shards)


def _state(tensor: Tensor, setup: Setup) -> int:
    """Bytes of the optimizer's state for one tensor.

    AdamW has two moments in the type of the parameter. bitsandbytes holds them in 8 bits, those of embeddings (as set
    by transformers' Trainer) and small tensors in fp32; paged ones may move to the host when memory is short. Adafactor
    has a row and a column of a matrix, unless sharding flattens it.
    """
    shape, size = tensor.shape, tensor.size
    if setup.optimizer == "adafactor":
        is_factored = len(shape) > 1 and setup.shard == "none"
        return setup.trainable_bytes * (size // shape[-1] + size // shape[-2] if is_factored else size)
    if not setup.optimizer.endswith("8bit"):
        return 2 * setup.trainable_bytes * size
    if tensor.is_embedding or size < _SMALLEST_8BIT:
        return 2 * FP32 * size
    return 2 * (size + FP32 * ceil(size / _BLOCK_8BIT))
