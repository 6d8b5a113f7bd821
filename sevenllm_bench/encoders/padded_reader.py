"""Reads windows of tokens with a classifier, in batches of windows of about one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoder_loading import LoadedModel
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.encoders.special_tokens import special_tokens
from sevenllm_bench.encoders.text_windows import batches
from sevenllm_bench.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import torch


def labels_of(config: Any) -> tuple[str, ...]:
    """Names of a classifier's labels, in the order of its outputs."""
    names = {int(number): str(name) for number, name in (config.id2label or {}).items()}
    return tuple(names.get(number, f"LABEL_{number}") for number in range(int(config.num_labels)))


def logits_of(
    loaded: LoadedModel, windows: Sequence[Sequence[int]], choice: EncoderChoice, cost: EncodingCost, of_tokens: bool = True
) -> list[np.ndarray]:
    """A classifier's outputs for windows of tokens.

    Args:
        loaded: The classifier.
        windows: Tokens of each window, without special ones.
        choice: Its batch size counts, and its name is in errors.
        cost: Passes and tokens are added here.
        of_tokens: Whether it labels tokens, or windows as a whole.

    Returns:
        For each window an array (tokens, labels) or (labels,), float64.

    Raises:
        ConfigError: The model gives values that are not numbers.
    """
    import torch

    before, after = special_tokens(loaded.tokenizer)
    found: list[Any] = [None] * len(windows)
    for batch in batches([len(window) for window in windows], choice.batch_size):
        rows = [[*before, *windows[number], *after] for number in batch]
        with torch.inference_mode():
            logits = loaded.model(**padded(loaded, rows)).logits.double()
        if not bool(torch.isfinite(logits).all()):
            raise ConfigError(
                f"the encoder {choice.label} gives values that are not numbers: its weights are damaged, or too large for their "
                "precision"
            )
        for number, row, scores in zip(batch, rows, logits.cpu().numpy(), strict=True):
            found[number] = scores[len(before) : len(row) - len(after)] if of_tokens else scores
        cost.tokens += sum(map(len, rows))
    cost.passes += len(windows)
    return found


def padded(loaded: LoadedModel, rows: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
    """What a model reads, padded to the longest row.

    Args:
        loaded: The model.
        rows: Tokens of each text, with special ones; at least one text.
    """
    import torch

    longest = max(1, *map(len, rows))
    padding = loaded.tokenizer.pad_token_id
    ids = torch.full((len(rows), longest), int(padding if padding is not None else 0))
    attention = torch.zeros((len(rows), longest), dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row, dtype=torch.long)
        attention[number, : len(row)] = 1
    return {"input_ids": ids.to(loaded.device), "attention_mask": attention.to(loaded.device)}
