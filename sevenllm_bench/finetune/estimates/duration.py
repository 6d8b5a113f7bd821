"""How long a run takes, from its floating-point operations and the rate of a GPU, before anything is trained.

Operations per token, of N parameters that take part in matrix products (embeddings are looked up): 2 N in the forward pass,
2 N for the gradients of activations, 2 N for those of the weights that are trained (Kaplan et al. 2020, arXiv 2001.08361,
section 2.1), and 2 N again with gradient checkpointing. So all weights: 6 N, or 8 N; adapters: 4 N, or 6 N, and 6 or 8 per
parameter of theirs. Attention adds 4 n d per token and layer to the forward pass, for n tokens attended to on the average and a
width d of all heads (scores and values), and likewise to the other passes. Of a mixture of experts, those experts count that a
token goes to.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from sevenllm_bench.finetune.estimates.memory import Memory, linear_layers
from sevenllm_bench.finetune.settings.config import FinetuneConfig

#: Operations per second in bf16 with fp32 accumulation, without sparsity, as NVIDIA's data sheets have them.
GPUS = {
    "b200": 2250e12,
    "h200": 989e12,
    "h100": 989e12,
    "a100": 312e12,
    "l40s": 362e12,
    "rtx4090": 165e12,
    "rtx3090": 71e12,
}
#: Share of those that training reaches: reports of well-tuned runs have 0.38 to 0.46 (Llama 3, arXiv 2407.21783, table 4; PaLM,
#: arXiv 2204.02311, table 3), fine-tuning with short examples less.
OF_PEAK = 0.35
#: Share of a measured matrix product, which is itself below the peak.
OF_MEASURED = 0.5
_SIDE, _SECONDS = 1024, 0.5


@dataclass(frozen=True, slots=True)
class Duration:
    """How long the steps of a run take, without evaluations and checkpoints.

    Attributes:
        tokens: Tokens that are trained on in all, repeated ones counted again.
        per_token: Operations per token.
        rate: Operations per second that are assumed, of all processes.
        assumed: What the rate is made of, in words.
    """

    tokens: float
    per_token: float
    rate: float
    assumed: str

    @property
    def tokens_per_second(self) -> float:
        """Of all processes."""
        return self.rate / self.per_token

    @property
    def seconds(self) -> float:
        """Of all steps."""
        return self.tokens / self.tokens_per_second


def operations_per_token(model: Any, memory: Memory, config: FinetuneConfig, attended: float) -> float:
    """Floating-point operations of training on one token.

    Args:
        model: The base model, on the meta device.
        memory: Counts its parameters, and those that are trained.
        config: The run.
        attended: Tokens that a token attends to, on the average.
    """
    recomputed = int(config.training.gradient_checkpointing)
    text = model.config.get_text_config()
    heads = getattr(text, "num_attention_heads", 0)
    width = heads * (getattr(text, "head_dim", None) or (text.hidden_size // heads if heads else 0))
    attention = 4 * attended * width * getattr(text, "num_hidden_layers", 0)
    active, passes = _active(model, text), 2 + recomputed
    weights = 2 * active if config.training.method == "full" else (6 + 2 * recomputed) * memory.trainable
    return 2 * active * passes + weights + attention * (3 + recomputed)


def _active(model: Any, text: Any) -> float:
    """Parameters that take part in the matrix products of one token: of experts, those that it goes to."""
    head = model.get_output_embeddings()
    dense = sum(layer.inputs * layer.outputs for layer in linear_layers(model)) + (head.weight.numel() if head is not None else 0)
    experts = sum(prod(tensor.shape) for tensor in model.parameters() if tensor.dim() == 3)
    counts = [getattr(text, name, None) for name in ("num_local_experts", "num_experts", "n_routed_experts")]
    total, chosen = next((count for count in counts if count), None), getattr(text, "num_experts_per_tok", None)
    return dense + (experts * chosen / total if total and chosen else experts)


def attended_tokens(lengths: Sequence[int], config: FinetuneConfig, masked: bool) -> float:
    """Tokens that one attends to on the average.

    Args:
        lengths: Tokens of each example.
        config: The run.
        masked: Whether all pairs of a packed sequence are computed and those of two examples masked out, as SDPA does it.
    """
    if masked and config.data.packing:
        return float(config.data.max_length)
    return sum(length**2 for length in lengths) / max(1, sum(lengths)) / 2


def rate_of(gpu: str, processes: int) -> tuple[float, str]:
    """Operations per second of some GPUs, and what is assumed for them in words."""
    name = gpu.upper().replace("RTX", "RTX ")
    return GPUS[gpu] * OF_PEAK * processes, f"{processes:,} x {name}, {OF_PEAK:.0%} of {GPUS[gpu] / 1e12:,.0f} TFLOPS each"


def measured_rate(device: str, precision: str, processes: int) -> tuple[float, str]:
    """Operations per second here, from a matrix product that is measured for half a second.

    Args:
        device: "cpu" or "cuda".
        precision: "fp32" or "bf16".
        processes: That share a CPU; each has a GPU of its own.
    """
    import torch

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    side = _SIDE if device == "cpu" else 8 * _SIDE
    left, right = (torch.ones(side, side, dtype=dtype, device=device) for _ in range(2))
    (left @ right)[0, 0].item()  # waits for a GPU
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < _SECONDS:
        (left @ right)[0, 0].item()
        done += 1
    measured = done * 2 * side**3 / (time.perf_counter() - start)
    times = 1 if device == "cpu" else processes
    said = f"{OF_MEASURED:.0%} of {measured / 1e9:,.0f} GFLOPS, measured on this {'CPU' if device == 'cpu' else 'GPU'}"
    return measured * OF_MEASURED * times, said
