"""Marks that an answer quotes or speaks of, as one about prompt injection does: they belong to its text."""

from __future__ import annotations

import re
from bisect import bisect_left

#: How far the line of a mark is looked at, to either side.
_LINE = 2_000
_PAIRS = {"`": "`", '"': '"', "'": "'", "“": "”", "‘": "’", "「": "」", "『": "』", "《": "》"}
#: What follows a mark that is spoken of: a noun for it, or the rest of a sentence.
_NOUN = re.compile(r"[ \t]?(?:(?:tags?|tokens?|markers?|marks?|elements?|blocks?)\b|标签|标记|令牌|字符|字段)")
_SENTENCE = re.compile(r"[ \t][a-z]|[,.;)](?:\s|\Z)|[、，。；）]")


def is_quoted(text: str, start: int, end: int) -> bool:
    """Whether quotation marks stand right around a part of `text`, or it lies within inline code."""
    if start and _PAIRS.get(text[start - 1]) == text[end : end + 1] != "":
        return True
    return _within(text, start, end, "`")


def is_in_string(text: str, start: int, end: int) -> bool:
    """Whether a part of `text` is quoted, or lies within double quotes on its line."""
    return is_quoted(text, start, end) or _within(text, start, end, '"')


def _within(text: str, start: int, end: int, quote: str) -> bool:
    before = text[max(0, start - _LINE) : start].rpartition("\n")[2]
    if quote not in before or quote not in text[end : end + _LINE].partition("\n")[0]:
        return False
    escaped = before.count(f"\\{quote}") + 3 * before.count("```") * (quote == "`")
    return (before.count(quote) - escaped) % 2 == 1


def is_named(text: str, start: int, end: int) -> bool:
    """Whether words stand before a part of `text` on its line, and a noun for a mark follows ("the … tag", "这个…标签")."""
    return _has_words_before(text, start) and _NOUN.match(text, end) is not None


def is_in_sentence(text: str, start: int, end: int) -> bool:
    """Whether words stand before a part of `text` on its line, and their sentence goes on after it."""
    return _has_words_before(text, start) and (_NOUN.match(text, end) or _SENTENCE.match(text, end)) is not None


def _has_words_before(text: str, start: int) -> bool:
    before = text[max(0, start - _LINE) : start].rpartition("\n")[2].rstrip()
    return bool(before) and (before[-1].isalnum() or before[-1] in ",:，：、(（")


class Fences:
    """The code fences of a text."""

    def __init__(self, text: str) -> None:
        """Find them."""
        self._at = [match.start() for match in re.finditer("```", text)] if "```" in text else []

    def hold(self, start: int, position: int) -> bool:
        """Whether `position` lies in a fence that begins after `start` and ends."""
        first, before = bisect_left(self._at, start), bisect_left(self._at, position)
        return (before - first) % 2 == 1 and before < len(self._at)
