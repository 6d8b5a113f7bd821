"""Attention over packed sequences without a mask of tokens by tokens: each example is attended to on its own.

FlashAttention does this in its kernel, on the GPUs that have it. Elsewhere PyTorch's SDPA is called once per example of a
packed sequence, with the boundaries that TRL's collator gives; time and memory are then those of the examples alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

#: Name under which transformers finds it.
PACKED_SDPA = "packed_sdpa"


def register() -> None:
    """Make `attn_implementation="packed_sdpa"` known to transformers. Safe to call twice."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(PACKED_SDPA, packed_sdpa)
    AttentionMaskInterface.register(PACKED_SDPA, _mask)


def packed_sdpa(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    cu_seq_lens_q: torch.Tensor | None = None,
    **arguments: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention, within each example where the sequence is a packed one.

    Args:
        module: The attention layer.
        query: (B, heads, T, width).
        key: (B, key heads, T, width).
        value: As `key`.
        attention_mask: For batches that are padded; None otherwise.
        cu_seq_lens_q: Where the n examples of a packed sequence (B = 1) begin, and its end: (n + 1,). None for other batches.
        arguments: As SDPA takes them in transformers.

    Returns:
        (B, T, heads, width), and no weights.
    """
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if cu_seq_lens_q is None or attention_mask is not None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **arguments)
    lengths: list[int] = cu_seq_lens_q.diff().tolist()
    parts = zip(*(torch.split(tensor, lengths, dim=2) for tensor in (query, key, value)), strict=True)
    outputs = [sdpa_attention_forward(module, *part, None, **{**arguments, "is_causal": True})[0] for part in parts]
    return torch.cat(outputs, dim=1), None


def _mask(*positional: Any, attention_mask: torch.Tensor | None = None, **arguments: Any) -> torch.Tensor | None:
    """SDPA's mask for padded batches; packed sequences and plain ones need none."""
    from transformers.masking_utils import sdpa_mask

    return None if attention_mask is None else sdpa_mask(*positional, attention_mask=attention_mask, **arguments)
