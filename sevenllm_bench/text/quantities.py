"""Numbers and dates of English and Chinese text by their value: 1,000 is "one thousand", June 3, 2021 is 2021年6月3日."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_NAMES = "january february march april may june july august september october november december"
_MONTHS = tuple(enumerate(_NAMES.split(), 1))
_MONTH_NUMBERS = {name: place for place, name in _MONTHS} | {name[:3]: place for place, name in _MONTHS}
_MONTH_NUMBERS["sept"] = 9
_MONTH = "(?P<{}>" + "|".join(sorted(_MONTH_NUMBERS, key=lambda name: (-len(name), name))) + r")(?![a-z])\.?"
_DAY = r"(?P<{}>\d{{1,2}})(?:st|nd|rd|th)?(?![a-z0-9_])"

#: A date in folded text. Days and months in figures alone (3/6/2021) are left out: their order differs by country.
DATE = re.compile(
    r"(?<![a-z0-9_.])(?:"
    + "|".join(
        (
            r"(?P<y1>\d{4})\s?(?P<s>[-/.])\s?(?P<m1>\d{1,2})(?P=s)(?P<d1>\d{1,2})(?![a-z0-9_])",
            _MONTH.format("m2") + r"\s{1,3}" + _DAY.format("d2") + r"(?:,?\s{1,3}(?P<y2>\d{4})(?![a-z0-9_]))?",
            _DAY.format("d3") + r"\s{1,3}(?:of\s)?" + _MONTH.format("m3") + r"(?:,?\s{1,3}(?P<y3>\d{4})(?![a-z0-9_]))?",
            r"(?P<y7>(?:19|20)\d\d)-(?P<m7>0[1-9]|1[0-2])(?![a-z0-9_-])",
            _MONTH.format("m4") + r",?\s{1,3}(?P<y4>\d{4})(?![a-z0-9_])",
        )
    )
    + r")|(?<!\d)(?P<y5>\d{4})\s?年\s?(?P<m5>\d{1,2})\s?月(?:\s?份)?(?:\s?(?P<d5>\d{1,2})\s?[日号])?"
    r"|(?<!\d)(?P<m6>\d{1,2})\s?月\s?(?P<d6>\d{1,2})\s?[日号]"
)


@dataclass(frozen=True, slots=True)
class DateValue:
    """A date as far as it is given.

    Attributes:
        year: Four digits; None where none is given.
        month: 1 to 12.
        day: 1 to 31; None where none is given.
    """

    year: int | None
    month: int
    day: int | None

    def covers(self, other: DateValue) -> bool:
        """Whether this date says all that `other` says: June 3, 2021 covers June 3 and June 2021."""
        return self.month == other.month and other.year in (None, self.year) and other.day in (None, self.day)


def date_of(match: re.Match[str]) -> DateValue | None:
    """The date of a match of `DATE`; None where month or day are out of range."""
    parts = {name[0]: text for name, text in match.groupdict().items() if text and name != "s"}
    month = _MONTH_NUMBERS.get(parts["m"]) or int(parts["m"])
    day = int(parts["d"]) if "d" in parts else None
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    return DateValue(int(parts["y"]) if "y" in parts else None, month, day)


_SMALL = "zero one two three four five six seven eight nine ten eleven twelve"
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_WORD_VALUES = {word: value for value, word in enumerate(f"{_SMALL} {_TEENS}".split())}
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORD_VALUES |= {word: 10 * place for place, word in enumerate(_TENS.split(), 2)}
_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_HAN_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10**4, "亿": 10**8}

_WORDS = "|".join((*_WORD_VALUES, *_SCALES))
#: A number in folded text: figures with a scale behind, number words, Chinese numerals with a scale. Bounded repetition.
NUMBER = re.compile(
    r"(?<![a-z0-9_.])(?P<figures>\d{1,3}(?:,\d{3}){1,6}(?:\.\d{1,9})?|\d{1,20}(?:\.\d{1,9})?)(?![.,]?\d|[.-]?[a-z])"
    r"(?:[ -]?(?P<scale>hundred|thousand|million|billion|trillion)(?![a-z])|\s?(?P<han_scale>[十百千]?[万亿]|[百千]))?"
    rf"|(?<![a-z0-9_-])(?P<words>(?:{_WORDS})(?:(?:[ -]|\sand\s)(?:{_WORDS})(?![a-z])){{0,9}})(?![a-z0-9_])"
    r"|(?P<han>[一二两三四五六七八九]?[十百千万亿][零〇一二两三四五六七八九十百千万亿]{0,15})"
)

#: What every number and every date of folded text has: a quick look before the slow ones.
MAY_HAVE_VALUE = re.compile(rf"[\d十百千万亿]|(?<![a-z])(?:{_WORDS})(?![a-z])")


def number_of(match: re.Match[str]) -> str:
    """The value of a match of `NUMBER` as plain figures: "1000", "2.5"."""
    if match["figures"]:
        value = Decimal(match["figures"].replace(",", ""))
        value *= _SCALES.get(match["scale"] or "", 1)
        for character in match["han_scale"] or "":
            value *= _HAN_SCALES[character]
    elif match["words"]:
        value = Decimal(_in_words(match["words"]))
    else:
        value = Decimal(_in_han(match["han"]))
    return _plain(value)


def _plain(value: Decimal) -> str:
    try:
        whole = value == value.to_integral_value()
    except InvalidOperation:
        return str(value)
    return str(int(value)) if whole else f"{value.normalize():f}"


def _in_words(text: str) -> int:
    total = current = 0
    for word in re.split(r"[ -]", text):
        if word in _WORD_VALUES:
            current += _WORD_VALUES[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word in _SCALES:
            total += max(current, 1) * _SCALES[word]
            current = 0
    return total + current


def _in_han(text: str) -> int:
    total = section = digit = 0
    for character in text:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
        elif _HAN_SCALES[character] < 10**4:
            section += max(digit, 1) * _HAN_SCALES[character]
            digit = 0
        else:
            amount = section + digit or (0 if total else 1)
            scale = _HAN_SCALES[character]
            total = (total + amount) * scale if character == "亿" else total + amount * scale
            section = digit = 0
    return total + section + digit
