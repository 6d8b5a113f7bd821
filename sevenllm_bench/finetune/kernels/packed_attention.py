"""Attention over packed sequences, example by example, so that nothing is computed between two examples.

FlashAttention does this in its kernel, on the GPUs that have it. Elsewhere PyTorch's SDPA is called once per example of a
packed sequence, with the boundaries that TRL's collator gives; time and memory are then those of the examples alone.
Sliding windows and other masks are those that transformers makes for the model, cut at the same boundaries.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

#: Name under which transformers finds it.
PACKED_SDPA = "packed_sdpa"

#: What some architectures give to attention and SDPA would leave out without a word: attention sinks.
_NOT_IN_SDPA = ("s_aux",)


def register() -> None:
    """Make `attn_implementation="packed_sdpa"` known to transformers. Safe to call twice."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(PACKED_SDPA, packed_sdpa)
    AttentionMaskInterface.register(PACKED_SDPA, packed_mask)


def packed_sdpa(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    cu_seq_lens_q: torch.Tensor | None = None,
    position_bias: torch.Tensor | None = None,
    **arguments: Any,
) -> tuple[torch.Tensor, None]:
    """Attention within each example where the sequence is a packed one; SDPA's elsewhere.

    Args:
        module: The attention layer.
        query: (B, heads, T, width).
        key: (B, key heads, T, width).
        value: As `key`.
        attention_mask: (B, 1 or heads, T, T), what may be seen (or what is added); None where that is all that comes before.
        cu_seq_lens_q: Where the n examples of a packed sequence (B = 1) begin, and its end: (n + 1,). None for other batches.
        position_bias: (1, heads, T, T), added to the scores, or None.
        arguments: As SDPA takes them in transformers.

    Returns:
        (B, T, heads, width), and no weights.

    Raises:
        ValueError: The layer gives arguments that SDPA can't follow.
    """
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    for name in _NOT_IN_SDPA:
        if arguments.get(name) is not None:
            raise ValueError(f"{PACKED_SDPA} has no {name}")
    if cu_seq_lens_q is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, position_bias=position_bias, **arguments)
    ends: list[int] = cu_seq_lens_q.tolist()
    outputs = []
    for start, end in pairwise(ends):
        part = [tensor[:, :, start:end] for tensor in (query, key, value)]
        mask, bias = (_block(matrix, start, end) for matrix in (attention_mask, position_bias))
        attended, _ = sdpa_attention_forward(module, *part, _needed(mask), position_bias=bias, **{**arguments, "is_causal": True})
        outputs.append(attended)
    return torch.cat(outputs, dim=1), None


def _block(matrix: torch.Tensor | None, start: int, end: int) -> torch.Tensor | None:
    """What concerns one example."""
    return None if matrix is None else matrix[:, :, start:end, start:end]


def _needed(mask: torch.Tensor | None) -> torch.Tensor | None:
    """None for a mask that hides the later tokens only: SDPA is faster without one."""
    import torch

    if mask is None or mask.dtype != torch.bool or mask.shape[:2] != (1, 1):
        return mask
    earlier = torch.ones(mask.shape[2:], dtype=torch.bool, device=mask.device).tril()
    return None if torch.equal(mask[0, 0], earlier) else mask


def packed_mask(
    batch_size: int,
    q_length: int,
    kv_length: int,
    *further: Any,
    attention_mask: torch.Tensor | None = None,
    local_size: int | None = None,
    use_vmap: bool = False,
    allow_is_bidirectional_skip: bool = False,
    **arguments: Any,
) -> torch.Tensor | None:
    """SDPA's mask, except where it would say no more than that examples are apart and later tokens hidden.

    Args:
        batch_size: B.
        q_length: Number of queries, Q.
        kv_length: Number of keys, K.
        further: As transformers' `sdpa_mask`.
        attention_mask: (B, K): what is no padding; None where nothing is padded.
        local_size: Tokens that a sliding window, or a chunk, holds; None for full attention.
        use_vmap: Whether the architecture has its own rule of what is seen.
        allow_is_bidirectional_skip: Whether attention looks ahead, too.
        arguments: As transformers' `sdpa_mask`.

    Returns:
        (B, 1, Q, K), true where a query sees a key; None where it sees the earlier ones of its example.
    """
    from transformers.masking_utils import sdpa_mask

    is_whole = attention_mask is None and q_length == kv_length
    is_local = local_size is not None and local_size < kv_length
    if is_whole and not (is_local or use_vmap or allow_is_bidirectional_skip):
        return None
    return sdpa_mask(
        batch_size,
        q_length,
        kv_length,
        *further,
        attention_mask=attention_mask,
        local_size=local_size,
        use_vmap=use_vmap,
        allow_is_bidirectional_skip=allow_is_bidirectional_skip,
        **arguments,
    )
