"""Numbers and dates in a text by their value, whatever the format and the language."""

# ruff: noqa: E501  (patterns and lists of words are not wrapped)
from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

_SMALL = {word: number for number, word in enumerate(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
)}  # fmt: skip
_SMALL |= {
    word: 10 * number
    for number, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_SMALL |= {"dozen": 12, "once": 1, "twice": 2}
_ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
_SCALES = {
    "hundred": 100, "thousand": 1000, "k": 1000, "million": 10**6, "mn": 10**6, "m": 10**6, "billion": 10**9, "bn": 10**9, "trillion": 10**12,
    "十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8, "億": 10**8, "万亿": 10**12,
}  # fmt: skip
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1000}

_FIGURE = re.compile(
    r"(?<![A-Za-z0-9_.])(?P<figure>\d{1,3}(?:[,\u202f\u00a0 ']\d{3})+(?:\.\d+)?|\d{1,18}(?:\.\d{1,9})?)"
    r"(?:\s?(?P<scale>hundred|thousand|million|billion|trillion|mn|bn|[km](?![a-z]))|\s?(?P<chinese>万亿|百万|千万|[十百千万萬亿億]))?",
    re.IGNORECASE,
)
#: Figures that stand in words of letters, as in "37GB" or "v2": the letter before them is no digit's.
_ANY_FIGURE = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,18}(?:\.\d{1,9})?")
_WORDS = re.compile(
    r"\b(?:" + "|".join(sorted({*_SMALL, *_ORDINALS}, key=len, reverse=True)) + r")(?:[\s-](?:and[\s-])?(?:"
    + "|".join({*_SMALL, "hundred", "thousand", "million", "billion"})
    + r"))*\b",
    re.IGNORECASE,
)  # fmt: skip
_CHINESE = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+")


class WrittenNumber(NamedTuple):
    """A number in a text.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        value: Its value.
    """

    start: int
    end: int
    value: Decimal


def figures_in(text: str) -> list[WrittenNumber]:
    """Numbers in digits, with the words or characters that multiply them."""
    found = []
    for match in _FIGURE.finditer(text):
        value = _decimal(re.sub(r"[^\d.]", "", match["figure"]))
        scale = match["scale"] or match["chinese"]
        found.append(WrittenNumber(match.start(), match.end(), value * _SCALES[scale.lower()] if scale else value))
    return found


def numbers_in(text: str) -> set[Decimal]:
    """Values of all numbers in a text: digits, also within words, and number words of both languages."""
    values = {figure.value for figure in figures_in(text)}
    values |= {_decimal(match[0].replace(",", "")) for match in _ANY_FIGURE.finditer(text)}
    values |= {value for match in _WORDS.finditer(text) if (value := _of_words(match[0])) is not None}
    return values | {value for match in _CHINESE.finditer(text) if (value := _of_chinese(match[0])) is not None}


def number_of(text: str) -> Decimal | None:
    """The number that a text is, nothing else beside it; None where it is none."""
    text = text.strip()
    match = _FIGURE.fullmatch(text)
    if match:
        return figures_in(text)[0].value
    if _WORDS.fullmatch(text):
        return _of_words(text)
    return _of_chinese(text) if _CHINESE.fullmatch(text) else None


def _decimal(figure: str) -> Decimal:
    try:
        return Decimal(figure).normalize()
    except InvalidOperation:
        return Decimal(-1)


def _of_words(text: str) -> Decimal | None:
    total = current = 0
    for word in re.split(r"[\s-]+", text.lower()):
        if word in _SMALL or word in _ORDINALS:
            current += _SMALL.get(word, _ORDINALS.get(word, 0))
        elif word == "hundred":
            current *= 100
        elif word in _SCALES:
            total, current = total + current * _SCALES[word], 0
    return Decimal(total + current)


def _of_chinese(text: str) -> Decimal | None:
    if not any(sign in _DIGITS or sign == "十" for sign in text):
        return None
    if all(sign in _DIGITS for sign in text):
        return Decimal("".join(str(_DIGITS[sign]) for sign in text))
    total = section = digit = 0
    for sign in text:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _UNITS:
            section, digit = section + (digit or 1) * _UNITS[sign], 0
        else:
            total, section, digit = (total + section + digit) * _SCALES[sign], 0, 0
    return Decimal(total + section + digit)
