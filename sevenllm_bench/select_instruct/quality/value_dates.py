"""Dates in a text by their value: `2024-03-05`, `5 March 2024`, `March 5th`, `2024年3月5日`."""

from __future__ import annotations

import re
from typing import NamedTuple

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_NUMBER = {name: number for number, name in enumerate(_MONTHS, 1)} | {name[:3]: number for number, name in enumerate(_MONTHS, 1)}
_NUMBER["sept"] = 9
_MONTH = r"(?P<month>" + "|".join([*_MONTHS, "sept", *(name[:3] for name in _MONTHS)]) + r")\b(?:\.(?=\s?\d))?"
_YEAR, _DAY = r"(?P<year>(?:19|20)\d\d)", r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_NEXT_DAY = r"(?:\s?(?:-|–|to|and|until|or)\s?(?P<until>[0-3]?\d)(?:st|nd|rd|th)?)?"
_TO = r"(?:至|到|-|—|–|~|、|和)"
_CHINESE_YEAR = r"(?P<year>(?:19|20)\d\d|[一二〇零九][〇零一二三四五六七八九]{3})"
_CHINESE_NUMBER = r"[0-9]{1,2}|[一二三四五六七八九十]{1,3}"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d){_YEAR}[-/.](?P<number>[01]?\d)[-/.]{_DAY}(?!\d)",
        rf"(?<!\d)(?P<first>[0-3]?\d)[-/.](?P<second>[0-3]?\d)[-/.]{_YEAR}(?!\d)",
        rf"(?<!\d){_DAY}{_NEXT_DAY}\s(?:of\s)?{_MONTH},?(?:\s{_YEAR})?(?!\d)",
        rf"\b{_MONTH}\s{_DAY}(?!\d){_NEXT_DAY}(?:,?\s(?:{_YEAR}))?(?!\d)",
        rf"\b{_MONTH},?\s(?:of\s)?{_YEAR}(?!\d)",
        rf"(?:{_CHINESE_YEAR}\s?年\s?)?(?P<number>{_CHINESE_NUMBER})\s?月\s?(?P<day>{_CHINESE_NUMBER})\s?[日号號]?{_TO}(?P<until>{_CHINESE_NUMBER})\s?[日号號]",
        rf"(?:{_CHINESE_YEAR}\s?年\s?)?(?P<number>{_CHINESE_NUMBER})\s?月\s?(?P<day>{_CHINESE_NUMBER})\s?[日号號]",
        rf"{_CHINESE_YEAR}\s?年\s?(?P<number>{_CHINESE_NUMBER})\s?月?{_TO}(?P<last>{_CHINESE_NUMBER})\s?月(?!\s?\d)",
        rf"\b{_MONTH}\s(?:-|–|to|and|until|through)\s(?P<last_month>[A-Za-z]{{3,9}})\s{_YEAR}(?!\d)",
        rf"{_CHINESE_YEAR}\s?年\s?(?P<number>{_CHINESE_NUMBER})\s?月(?:份)?",
        rf"(?<!\d){_YEAR}-(?P<number>[01]\d)(?![\d-])",
    )
)
_CHINESE_DIGITS = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"〇": 0}


class Day(NamedTuple):
    """A date; parts that are not given are None.

    Attributes:
        year: Of four digits.
        month: 1 to 12.
        day: 1 to 31.
    """

    year: int | None
    month: int | None
    day: int | None

    def agrees(self, other: Day) -> bool:
        """Whether all parts that both give are equal, and a month is among them."""
        return all(one is None or two is None or one == two for one, two in zip(self, other, strict=True))


class DatedPlace(NamedTuple):
    """A date in a text.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        days: What it may mean: 03/04/2024 is two dates; or both ends of "3 to 9 March".
    """

    start: int
    end: int
    days: tuple[Day, ...]


def dates_in(text: str) -> list[DatedPlace]:
    """The dates in a text, in order; a longer reading wins over a shorter one at the same place."""
    found: list[DatedPlace] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            days = _days(match.groupdict())
            if days:
                found.append(DatedPlace(match.start(), match.end(), days))
    found.sort(key=lambda date: (date.start, -date.end))
    kept: list[DatedPlace] = []
    for date in found:
        if not kept or date.start >= kept[-1].end:
            kept.append(date)
    return kept


def _days(groups: dict[str, str | None]) -> tuple[Day, ...]:
    year = _number(groups.get("year"))
    if groups.get("first"):
        pair = _number(groups["first"]), _number(groups["second"])
        readings = [Day(year, month, day) for day, month in (pair, pair[::-1])]
    else:
        month = _NUMBER.get((groups.get("month") or "").lower()) or _number(groups.get("number"))
        readings = [Day(year, month, _number(groups.get("day")))]
        if groups.get("until"):
            readings.append(Day(year, month, _number(groups["until"])))
        last = _NUMBER.get((groups.get("last_month") or "").lower()) or _number(groups.get("last"))
        if last:
            readings.append(Day(year, last, None))
    return tuple(dict.fromkeys(day for day in readings if 1 <= (day.month or 0) <= 12 and 1 <= (day.day or 1) <= 31))


def _number(text: str | None) -> int | None:
    if not text:
        return None
    if text.isascii():
        return int(text)
    if len(text) == 4:
        return int("".join(str(_CHINESE_DIGITS.get(sign, 0)) for sign in text))
    tens, ten, ones = text.partition("十")
    return (_CHINESE_DIGITS.get(tens, 1) * 10 if ten else 0) + _CHINESE_DIGITS.get(ones if ten else tens, 0)


def is_supported(date: DatedPlace, known: list[DatedPlace], years: set[int]) -> bool:
    """Whether a date is among the `known` ones of a text.

    Where the text gives no year beside the day, the year must be in the text elsewhere; a date may be less exact than the
    text's, not more.
    """
    return any(_given(day, other, years) for day in date.days for place in known for other in place.days)


def _given(day: Day, known: Day, years: set[int]) -> bool:
    if not day.agrees(known) or (day.day is not None and known.day is None):
        return False
    return day.year is None or known.year is not None or day.year in years


_FOUR_DIGITS = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def years_in(text: str) -> set[int]:
    """Years that a text names."""
    return {int(match[0]) for match in _FOUR_DIGITS.finditer(text)} | {
        day.year for date in dates_in(text) for day in date.days if day.year
    }


#: A time of day; with seconds, which don't count.
CLOCK = re.compile(
    r"(?<![\d:.])(?P<hour>[0-2]?\d):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:])(?:\s?(?P<half>[ap])\.?m\b\.?)?"
    r"|(?<!\d)(?P<hour2>[0-2]?\d)\s?[时點点](?:(?P<minute2>[0-5]?\d)\s?分?|(?P<thirty>半))?(?!间|\d|段)"
    r"|\b(?P<hour3>[01]?\d)\s?(?P<half3>[ap])\.?m\b\.?",
    re.IGNORECASE,
)


def clock_of(match: re.Match[str]) -> int:
    """Minutes since midnight of a time of day."""
    groups = match.groupdict()
    hour = int(groups["hour"] or groups["hour2"] or groups["hour3"])
    minute = int(groups["minute"] or groups["minute2"] or (30 if groups["thirty"] else 0))
    half = (groups["half"] or groups["half3"] or "").lower()
    if half:
        hour = hour % 12 + 12 * (half == "p")
    return hour * 60 + minute


def spans_of(clocks: set[int]) -> set[int]:
    """Minutes, and whole hours, between two times of a day, and over midnight."""
    minutes = {(later - earlier) % 1440 for earlier in clocks for later in clocks}
    return minutes | {minute // 60 for minute in minutes} | {-(-minute // 60) for minute in minutes}
