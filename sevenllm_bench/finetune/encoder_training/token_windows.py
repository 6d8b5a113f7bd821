"""Texts as token ids: in windows of what a model reads, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sevenllm_bench.encoders.special_tokens import special_tokens
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

#: Texts that are tokenized at once.
_BLOCK = 1_000


class TokenWindow(NamedTuple):
    """A part of a text that a model reads at once.

    Attributes:
        ids: Its tokens, special ones included.
        offsets: Start and end of each in characters of the text; None for special tokens.
    """

    ids: list[int]
    offsets: list[tuple[int, int] | None]


def windows_of(tokenizer: PreTrainedTokenizerBase, text: str, max_length: int) -> list[TokenWindow]:
    """The windows of a text, each token in one of them.

    Args:
        tokenizer: A fast tokenizer.
        text: The text.
        max_length: Tokens of a window at most, special ones included.
    """
    before, after = special_tokens(tokenizer)
    room = max(1, max_length - len(before) - len(after))
    found = tokenizer(encodable(text), add_special_tokens=False, truncation=False, verbose=False, return_offsets_mapping=True)
    ids, offsets = found["input_ids"], found["offset_mapping"]
    return [
        TokenWindow(
            [*before, *ids[start : start + room], *after],
            [*[None] * len(before), *offsets[start : start + room], *[None] * len(after)],
        )
        for start in range(0, len(ids), room)
    ]


def count_longer(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int) -> int:
    """How many texts have more tokens than `max_length`, special ones included."""
    count = 0
    for start in range(0, len(texts), _BLOCK):
        block = [encodable(text) for text in texts[start : start + _BLOCK]]
        count += sum(len(ids) > max_length for ids in tokenizer(block, truncation=False, verbose=False)["input_ids"])
    return count
