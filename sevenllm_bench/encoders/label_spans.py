"""Spans from the labels of tokens: BIO, also without B, and BILOU."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Span = tuple[int, int, str]
#: Marks before a type: of a span's first token, an inner one, the last one, and of a span of one token.
_FIRST, _INNER, _LAST, _ONLY = "B", "I", ("L", "E"), ("U", "S")
_MARKS = (_FIRST, _INNER, *_LAST, *_ONLY)
OUTSIDE = "O"
#: Chinese and Japanese characters, Thai, Lao, Tibetan, Burmese and Khmer.
_WITHOUT_SPACES = re.compile("[\u0e00-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def parts_of_label(label: str) -> tuple[str, str]:
    """Mark and type of a label: "B-Malware" gives ("B", "Malware"), "O" gives ("O", ""); a label without a mark is inner.

    The mark may also follow the type or an underscore: "Malware-B", "B_Malware".
    """
    if label in (OUTSIDE, "", "o"):
        return OUTSIDE, ""
    for separator in "-_":
        first, _, rest = label.partition(separator)
        if rest and first in _MARKS:
            return first, rest
        rest, _, last = label.rpartition(separator)
        if rest and last in _MARKS:
            return last, rest
    return _INNER, label


def spans_of_labels(
    labels: Sequence[str], offsets: Sequence[tuple[int, int]], text: str, words: Sequence[int | None]
) -> list[Span]:
    """The spans that labels of tokens name.

    A span begins at B, at another type than before, or after O, so that IOB1 and labels without B are read too. Later pieces of
    a word go on as inner tokens of what its first piece is labelled. In writing without spaces a word is a character, also
    where the tokenizer takes a run of them for a word.

    Args:
        labels: Label of each token.
        offsets: Start and end of each token, in characters.
        text: The text; spaces at both ends of a span are left out.
        words: Number of each token's word, as the tokenizer splits the text; None for a token that is in no word.

    Returns:
        Start, end and type of each span, in order.
    """
    spans: list[list[int]] = []
    types: list[str] = []
    is_open = False
    for label, place, is_later in zip(labels, offsets, _later_pieces(words, offsets, text), strict=True):
        if is_later:
            if is_open:
                spans[-1][1] = place[1]
            continue
        mark, kind = parts_of_label(label)
        if mark == OUTSIDE:
            is_open = False
            continue
        if is_open and mark not in (_FIRST, *_ONLY) and types[-1] == kind:
            spans[-1][1] = place[1]
        else:
            spans.append([*place])
            types.append(kind)
        is_open = mark not in (*_LAST, *_ONLY)
    return list(_trimmed(spans, types, text))


def _later_pieces(words: Sequence[int | None], offsets: Sequence[tuple[int, int]], text: str) -> Iterator[bool]:
    """Whether each token is a later piece of a word, or of a character."""
    before: int | None = None
    end = 0
    for word, place in zip(words, offsets, strict=True):
        is_inside = place[0] < end or not _WITHOUT_SPACES.search(text[max(0, place[0] - 1) : place[0] + 1])
        yield word is not None and word == before and is_inside
        before, end = word, place[1]


def _trimmed(spans: Sequence[Sequence[int]], types: Sequence[str], text: str) -> Iterator[Span]:
    for (start, end), kind in zip(spans, types, strict=True):
        part = text[start:end]
        start += len(part) - len(part.lstrip())
        if part.strip():
            yield start, start + len(part.strip()), kind
