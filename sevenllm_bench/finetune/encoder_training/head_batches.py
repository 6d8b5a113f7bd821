"""Batches of models with a head of transformers: padded, and read without gradients to measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Label of positions without a loss.
IGNORED = -100


def padded_batch(examples: Sequence[Mapping[str, Any]], tokenizer: PreTrainedTokenizerBase) -> dict[str, torch.Tensor]:
    """Token ids, attention and labels of examples, padded at the right to the longest.

    Args:
        examples: n examples with "input_ids" and "labels": a list as long, or one class.
        tokenizer: Pads.

    Returns:
        "input_ids" and "attention_mask", shape (n, length); "labels", shape (n, length) or (n,).
    """
    length = max(len(example["input_ids"]) for example in examples)
    pad = tokenizer.pad_token_id

    def filled(values: Sequence[int], value: int) -> list[int]:
        return [*values, *[value] * (length - len(values))]

    per_token = isinstance(examples[0]["labels"], Sequence)
    labels = [filled(example["labels"], IGNORED) if per_token else int(example["labels"]) for example in examples]
    return {
        "input_ids": torch.tensor([filled(example["input_ids"], pad) for example in examples]),
        "attention_mask": torch.tensor([filled([1] * len(example["input_ids"]), 0) for example in examples]),
        "labels": torch.tensor(labels),
    }


def read_batches(
    model: Any, examples: Sequence[Mapping[str, Any]], tokenizer: PreTrainedTokenizerBase, size: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Logits and labels of examples, batch by batch, on the CPU in fp32.

    Args:
        model: In evaluation mode.
        examples: As for `padded_batch`.
        tokenizer: Pads.
        size: Examples per forward pass.
    """
    device = next(model.parameters()).device
    with torch.no_grad():
        for start in range(0, len(examples), size):
            batch = padded_batch(examples[start : start + size], tokenizer)
            inputs = {name: batch[name].to(device) for name in ("input_ids", "attention_mask")}
            yield model(**inputs).logits.float().cpu(), batch["labels"]


def summed_loss(logits: torch.Tensor, labels: torch.Tensor) -> tuple[float, int]:
    """Summed cross-entropy of the labelled positions, in nats, and their number."""
    flat = labels.flatten()
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat, ignore_index=IGNORED, reduction="sum")
    return float(loss), int((flat != IGNORED).sum())
