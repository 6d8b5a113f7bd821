"""Where values stand in a text, and which of several spans that overlap counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sevenllm_bench.metrics.spans import Span

#: Chinese characters need no blank between words.
_HAN = (("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"))


def occurrences(text: str, value: str) -> Iterator[tuple[int, int]]:
    """Start and end of every place where a value stands literally in a text: same characters, same case.

    A place within a longer word or number is none ("APT" in "APT28"); between Chinese characters every place counts.
    """
    if not value:
        return
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        whole = not (_joined(text, start) or _joined(text, end))
        if whole:
            yield start, end
        start = text.find(value, end if whole else start + 1)


def _joined(text: str, place: int) -> bool:
    """Whether a word or number goes on across a place between two characters."""
    return 0 < place < len(text) and _in_word(text[place - 1]) and _in_word(text[place])


def _in_word(character: str) -> bool:
    return (character.isalnum() or character == "_") and not any(low <= character <= high for low, high in _HAN)


def longest(spans: Iterable[Span]) -> list[Span]:
    """Spans without those that overlap with a longer one; of two that are as long, the first given stays. In the text's order."""
    free = _FreePlaces()
    by_length = sorted(dict.fromkeys(spans), key=lambda span: span[0] - span[1])
    return sorted([span for span in by_length if free.take(span[0], span[1])])


class _FreePlaces:
    """Characters of a text that no span has taken."""

    def __init__(self) -> None:
        self._taken = bytearray()

    def take(self, start: int, end: int) -> bool:
        """Take the characters, if all of them are free."""
        if len(self._taken) < end:
            self._taken.extend(bytes(end - len(self._taken)))
        if any(self._taken[start:end]):
            return False
        self._taken[start:end] = b"\1" * (end - start)
        return True
