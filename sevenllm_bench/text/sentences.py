"""Sentence splitting."""

from __future__ import annotations

import re

_CHINESE_END = re.compile(r"(?<=[。！？])")


def split_chinese(text: str) -> list[str]:
    """Sentences of a Chinese text, split after 。！？ with the mark kept; blank ones left out.

    Source: the authors' scoring, which cuts there and nowhere else.
    """
    return [sentence for sentence in _CHINESE_END.split(text) if sentence.strip()]


#: A full stop or question mark and white space, but not after "e.g." or "Dr.".
_ENGLISH_END = re.compile(r"(?<!\w\.\w.)(?<![A-Z][a-z]\.)(?<=\.|\?)\s")


def split_english(text: str) -> list[str]:
    """Sentences of an English text, split at the white space after "." and "?", but not after "e.g." or "Dr.".

    Source: the widely used pattern that the authors' similarity cuts with; "!" ends no sentence in it.
    """
    return [sentence for sentence in _ENGLISH_END.split(text) if sentence.strip()]
