"""Windows of texts that are longer than a model reads: each token is in one of them, with its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

#: Share of a window that the next one has too.
OVERLAP = 0.25
#: Tokens of a batch, for each text that it may hold: long texts are read in smaller batches.
_TOKENS_PER_TEXT = 512

#: Texts that are tokenized at once: bounds memory.
_BLOCK = 1_000

Offsets = Sequence[tuple[int, int]]


def spans_of_windows(tokens: int, size: int) -> list[tuple[int, int]]:
    """Windows of at most `size` tokens over a text; the last one is as long as the others.

    Args:
        tokens: Tokens of the text.
        size: Tokens of a window, from 1 on.

    Returns:
        Start and end of each window; one window where the text fits, also where it is empty.
    """
    if tokens <= size:
        return [(0, tokens)]
    step = max(1, size - int(size * OVERLAP))
    starts = [*range(0, tokens - size, step), tokens - size]
    return [(start, start + size) for start in starts]


def most_central(tokens: int, windows: Sequence[tuple[int, int]]) -> list[int]:
    """The number of the window in which each token is farthest from an end that is not the text's.

    Args:
        tokens: Tokens of the text.
        windows: Start and end of each window, in order, together over the whole text.
    """

    def distance(token: int, window: tuple[int, int]) -> int:
        start, end = window
        left = tokens if start == 0 else token - start
        right = tokens if end == tokens else end - 1 - token
        return min(left, right)

    chosen, first = [], 0
    for token in range(tokens):
        while windows[first][1] <= token:
            first += 1
        near = range(first, len(windows))
        best = first
        for number in near:
            if windows[number][0] > token:
                break
            if distance(token, windows[number]) > distance(token, windows[best]):
                best = number
        chosen.append(best)
    return chosen


def text_windows(text: str, size: int, offsets: Callable[[str], Offsets]) -> list[str]:
    """Parts of a text that have at most `size` tokens each, read on their own.

    A part can have more tokens than its place in the whole text; then it is split again.

    Args:
        text: The text.
        size: Tokens of a part.
        offsets: Gives start and end of each token of a text, in characters, without special tokens.
    """
    places = offsets(text)
    if len(places) <= size:
        return [text]
    parts = [text[places[start][0] : places[end - 1][1]] for start, end in spans_of_windows(len(places), size)]
    return [piece for part in parts for piece in _fitting(part, size, offsets)]


def _fitting(part: str, size: int, offsets: Callable[[str], Offsets]) -> Iterator[str]:
    if len(part) < 2 or len(offsets(part)) <= size:
        yield part
        return
    middle = len(part) // 2
    yield from _fitting(part[:middle], size, offsets)
    yield from _fitting(part[middle:], size, offsets)


def batches(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Numbers of texts in batches of about the same length, the longest first; very long texts in smaller batches.

    Args:
        lengths: Tokens of each text.
        batch_size: Most texts of a batch.
    """
    most = batch_size * _TOKENS_PER_TEXT
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        longest = lengths[batch[0]] if batch else 0
        if batch and (len(batch) == batch_size or longest * (len(batch) + 1) > most):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def token_lengths(tokenizer: Any, texts: Sequence[str]) -> list[int]:
    """Tokens of each text, without special ones.

    Args:
        tokenizer: A tokenizer of transformers, or of the library tokenizers.
        texts: n texts.
    """
    lengths: list[int] = []
    for begin in range(0, len(texts), _BLOCK):
        lengths += (len(tokens) for tokens, _ in _tokenized(tokenizer, list(texts[begin : begin + _BLOCK])))
    return lengths


def token_offsets(tokenizer: Any, text: str) -> list[tuple[int, int]]:
    """Start and end of each token of a text, in characters, without special ones."""
    ((_, offsets),) = _tokenized(tokenizer, [text], with_offsets=True)
    return [(start, end) for start, end in offsets]


def _tokenized(tokenizer: Any, texts: list[str], with_offsets: bool = False) -> Iterator[tuple[Sequence[int], Offsets]]:
    """Tokens of each text, and their offsets where they are asked for."""
    if not callable(tokenizer):  # of the library tokenizers, as models without attention have it
        for encoding in tokenizer.encode_batch(texts, add_special_tokens=False):
            yield encoding.ids, encoding.offsets
        return
    found = tokenizer(
        texts,
        add_special_tokens=False,
        truncation=False,
        return_attention_mask=False,
        return_offsets_mapping=with_offsets,
        verbose=False,
    )
    yield from zip(found["input_ids"], found["offset_mapping"] if with_offsets else [()] * len(texts), strict=True)
