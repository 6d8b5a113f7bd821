"""Where in a text noise may go: outside indicators, inside words, between words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from sevenllm_bench.text.indicators import INDICATOR, INDICATOR_CHARACTERS, refang

#: A word of Latin letters that noise may change: no digit and no sign next to it, since those belong to names and values.
_WORD = re.compile(
    r"(?<![^\s(\"“‘'\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])[A-Za-z]{4,40}(?=[.,;:!?)\"”’']{0,2}(?:\s|$)|[\u3000-\u9fff\uff00-\uffef])"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
#: A gap between two words in lower case: no indicator begins or ends there.
_GAP = re.compile(r"(?<=[a-z]) (?=[a-z])")
#: What a defanged indicator has: a stretch of characters with it is left alone.
_BRACKETS = re.compile(r"[\[\](){}]|h[x*]{2}p", re.IGNORECASE)

Span = tuple[int, int]


def indicators(text: str) -> Counter[str]:
    """The indicators in a text, refanged, with how often each is there."""
    return Counter(match.group() for match in INDICATOR.finditer(refang(text)))


def protected(text: str) -> list[Span]:
    """The stretches without white space that hold an indicator, or may be part of a defanged one; in their order."""
    found = [match.span() for match in INDICATOR.finditer(text)]
    for match in INDICATOR_CHARACTERS.finditer(text):
        stretch = match.group()
        if INDICATOR.search(refang(stretch)) or _BRACKETS.search(stretch):
            found.append(match.span())
    return sorted(found)


def _outside(places: Iterable[Span], taken: list[Span]) -> list[Span]:
    """Those places that overlap or touch none of the taken ones; both in order."""
    left, at = [], 0
    longest = max((end - start for start, end in taken), default=0)
    for start, end in places:
        while at < len(taken) and taken[at][1] < start - longest:
            at += 1
        near = (taken[i] for i in range(at, len(taken)) if taken[i][0] <= end)
        if not any(begin <= end and stop >= start for begin, stop in near):
            left.append((start, end))
    return left


def words(text: str) -> list[Span]:
    """Words of four Latin letters or more, outside indicators."""
    return _outside((match.span() for match in _WORD.finditer(text)), protected(text))


def han(text: str) -> list[Span]:
    """Chinese characters that touch no indicator."""
    return _outside((match.span() for match in _HAN.finditer(text)), protected(text))


def gaps(text: str) -> list[Span]:
    """Single spaces between words in lower case, outside indicators."""
    return _outside((match.span() for match in _GAP.finditer(text)), protected(text))


def replaced(text: str, changes: Iterable[tuple[Span, str]]) -> str:
    """The text with each span replaced; spans in their order, none overlapping."""
    parts, last = [], 0
    for (start, end), new in changes:
        parts += [text[last:start], new]
        last = end
    return "".join([*parts, text[last:]])
