"""Whether a text supports a value that was extracted from it, and how: exactly, normalised, by value, or nearly.

A value is supported at the first level that holds:

- exact: it is in the text as it is written;
- normalised: it is, with compatibility form, case, punctuation, white space and defanging aside;
- number, date: the text has a number, a date or a time of day of the same value, in another format or language;
- parts: it is a list in one string ("A, B and C"), and each part is supported by a level above;
- fuzzy: it is long, nearly equal to a part of the text, and every name, number, indicator and negation in it is in the text.
"""

# ruff: noqa: E501  (patterns and lists of words are not wrapped)
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from rapidfuzz import fuzz

from sevenllm_bench.select_instruct.quality.value_dates import CLOCK, clock_of, dates_in, is_supported, spans_of, years_in
from sevenllm_bench.select_instruct.quality.value_numbers import figures_in, number_of, numbers_in
from sevenllm_bench.text.indicators import INDICATOR, refang
from sevenllm_bench.text.unicode import nfkc

Level = Literal["exact", "normalised", "number", "date", "parts", "fuzzy"]

#: Characters of a value, blanks aside, from which it may be supported nearly: shorter ones are names and figures.
_LONG = {"latin": 16, "chinese": 8}
_NO_WORD = re.compile(r"[\W_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
#: Latin letters with and without marks, for classes of patterns: capital ones, and all; and what may follow one.
CAPITALS, LATIN = r"A-Z\u00c0-\u00d6\u00d8-\u00de", r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
MARKS = r"\u0300-\u036f"
_LATIN_NAME = re.compile(
    rf"(?<![{LATIN}0-9])(?=[a-z]*[{CAPITALS}0-9])[{LATIN}0-9][{LATIN}{MARKS}0-9_.+-]*[{LATIN}{MARKS}0-9]"
    rf"|(?<![{LATIN}0-9])[{CAPITALS}0-9](?![{LATIN}{MARKS}0-9])"
)
_LATIN_WORD = re.compile(rf"[{LATIN}][{LATIN}{MARKS}0-9_+-]+")
_SEPARATORS = re.compile(r"\s*(?:[,;/、，；]|\band\b|\bor\b|(?<=[\u3400-\u9fff\w])(?:和|以及|及|与|或)(?=[\u3400-\u9fff\w]))\s*")
_NEGATIONS = re.compile(
    r"\b(?:not|no|never|without|neither|nor|cannot|\w+n['’]t|un(?:able|known|affected|patched))\b|[不未没無无非]", re.IGNORECASE
)
_APPROXIMATE = re.compile(
    r"^\s*(?:about|around|approximately|approx\.?|over|more than|nearly|almost|at least|up to|some|~|约|近|超过?|大约|至少|逾|将近)\s*|\s*(?:余|多|以上|左右)\s*$"
)
_SPACE_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])")
_ADDRESS = re.compile(r"([\w.-]+\.[\w-]+):(\d{1,5})")
_FEW_WORDS = 4
_LONGEST_COMPARED = 20_000


#: Stands for the point of a decimal number, which is no punctuation: 8.64 is not 864.
_POINT = "\u02d0"
_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
#: What makes the opposite of the words behind it.
_NEGATED = re.compile(r"(?:\b(?:not|never|cannot)\s|\w+n['’]t\s|[未不]|并非|无法|未能|尚未)(?:\s|被|能|曾)?$", re.IGNORECASE)
_NEGATED_PART = re.compile(_NEGATED.pattern.replace("并非", "并非|没有|没|\\bno\\s|\\bwithout\\s"), re.IGNORECASE)
#: The same of a whole clause, which says what happened: "no sign that data was taken".
_NEGATED_CLAUSE = re.compile(
    r"(?:\bno (?:sign|evidence|indication|proof|trace)s? (?:that|of)|\b(?:denied|ruled out|rules out|disputed?|disputes) that|\bnot (?:find|found|see|seen|clear|confirmed|proven) (?:that|whether)"
    r"|(?:未|没有)(?:发现|证据|迹象)[^。；，]{0,6})\s?(?:the |any |its |their )?$",
    re.IGNORECASE,
)
_VERB = re.compile(r"\b(?:is|are|was|were|been|has|have|had|did)\b|被|已|遭|了", re.IGNORECASE)
_SENTENCES = re.compile(r"[.!?](?=\s)|[。！？；;]")


#: Signs that may end a sentence behind an indicator.
_ENDS = ".,;:)!?"
#: Quotation marks, which no indicator has within.
_QUOTATION = re.compile(r"[“”‘’„‟«»‹›]")


def indicators_in(text: str) -> Iterator[tuple[int, str]]:
    """Start and words of each indicator in a refanged text, without a quotation mark that closes behind it."""
    for match in INDICATOR.finditer(text):
        yield match.start(), _QUOTATION.split(match[0])[0]


def folded(text: str) -> str:
    """A text with compatibility form, case, punctuation, white space and defanging aside."""
    return folded_words(text).replace(" ", "")


def folded_words(text: str) -> str:
    """The same with a blank between words."""
    text = _THOUSANDS.sub("", _DECIMAL_POINT.sub(_POINT, refang(nfkc(text))))
    return _SPACE_IN_CHINESE.sub("", _NO_WORD.sub(" ", text.casefold()).strip())


class SupportingText:
    """A text in the forms in which values are looked for."""

    def __init__(self, text: str) -> None:
        """Forms are made when they are needed."""
        self.text = text
        self.words = f" {folded_words(text)} "
        self._held: dict[str, bool] = {}

    @cached_property
    def letters(self) -> str:
        """The text without what is between its words."""
        return self.words.replace(" ", "")

    @cached_property
    def plain(self) -> str:
        """Refanged, in compatibility form and one case, with its punctuation."""
        return refang(nfkc(self.text)).casefold()

    @cached_property
    def indicators(self) -> frozenset[str]:
        """Its indicators, refanged, in one case."""
        return frozenset(found.rstrip(_ENDS).casefold() for _, found in indicators_in(refang(nfkc(self.text))))

    @cached_property
    def numbers(self) -> frozenset[object]:
        """Values of its numbers."""
        return frozenset(numbers_in(nfkc(self.text)))

    @cached_property
    def dates(self):  # type: ignore[no-untyped-def]
        """Its dates."""
        return dates_in(nfkc(self.text))

    @cached_property
    def years(self) -> set[int]:
        """The years that it names."""
        return years_in(nfkc(self.text))

    @cached_property
    def clocks(self) -> set[int]:
        """Its times of day, in minutes; an afternoon's hour may be written in either way."""
        found = {clock_of(match) for match in CLOCK.finditer(nfkc(self.text))}
        return found | {minute + 720 for minute in found if minute < 780} | {minute - 720 for minute in found if minute >= 780}

    @cached_property
    def spans(self) -> set[int]:
        """Minutes and hours between its times of day."""
        return spans_of({clock_of(match) for match in CLOCK.finditer(nfkc(self.text))})

    def holds(self, part: str) -> bool:
        """Whether the normal form of `part` is in the text; Latin words and numbers as whole words."""
        if part not in self._held:
            self._held[part] = self._holds(part)
        return self._held[part]

    def _holds(self, part: str) -> bool:
        wanted = folded_words(part)
        if not wanted:
            return False
        if f" {wanted} " in self.words:
            return True
        if _HAN.search(wanted):
            return wanted.replace(" ", "") in self.letters
        # Between Chinese characters there are no blanks; spelling may drop a sign ("keylogger", "key-logger").
        joined = wanted.replace(" ", "")
        return any(self._is_whole(match) for match in re.finditer(re.escape(wanted), self.words)) or (
            len(joined) >= 6 and self._is_whole_when_joined(joined)
        )

    def _is_whole(self, match: re.Match[str]) -> bool:
        before, after = self.words[match.start() - 1], self.words[match.end()]
        return not _is_word_sign(before, match[0][0]) and not _is_word_sign(after, match[0][-1])

    def _is_whole_when_joined(self, joined: str) -> bool:
        pattern = " ?".join(map(re.escape, joined))
        return any(self._is_whole(match) for match in re.finditer(pattern, self.words))

    def level(self, value: str, fuzzy: float) -> Level | None:
        """The first level at which the text supports a value, None where none does.

        Args:
            value: A leaf value as text.
            fuzzy: Least similarity of a long value to a part of the text, in (0, 1].
        """
        value = value.strip()
        if not value:
            return None
        if self._is_negated(value, _NEGATED):
            return None
        if self._holds_exactly(value):
            return "exact"
        if self.holds(value):
            return "normalised"
        by_value = self._level_by_value(value)
        if by_value:
            return by_value
        if self._holds_parts(value):
            return "parts"
        return "fuzzy" if self._nearly_holds(value, fuzzy) else None

    def _is_negated(self, value: str, negated: re.Pattern[str]) -> bool:
        """Whether the text has a value only behind a word that makes the opposite of it."""
        places = [match.start() for match in re.finditer(re.escape(value), self.text)]
        clause = _VERB.search(value) is not None
        return bool(places) and all(
            negated.search(self.text[max(0, place - 12) : place])
            or (clause and _NEGATED_CLAUSE.search(self.text[max(0, place - 40) : place]))
            for place in places
        )

    def _holds_parts(self, value: str) -> bool:
        parts = [part.strip() for part in _SEPARATORS.split(value) if part.strip()]
        address = _ADDRESS.fullmatch(refang(value))
        if address:
            parts = list(address.groups())
        return len(parts) > 1 and all(
            len(part) > 1
            and (self.holds(part) or self._level_by_value(part) is not None)
            and not self._is_negated(part, _NEGATED_PART)
            for part in parts
        )

    def _holds_exactly(self, value: str) -> bool:
        return any(
            not _is_word_sign(self.text[match.start() - 1 : match.start()], value[0])
            and not _is_word_sign(self.text[match.end() : match.end() + 1], value[-1])
            for match in re.finditer(re.escape(value), self.text)
        )

    def _level_by_value(self, value: str) -> Level | None:
        value = nfkc(value)
        dates = dates_in(value)
        if dates and not folded(_without(value, dates)):
            return "date" if all(is_supported(date, self.dates, self.years) for date in dates) else None
        clock = CLOCK.fullmatch(value)
        if clock:
            return "date" if clock_of(clock) in self.clocks else None
        number = number_of(_APPROXIMATE.sub("", value))
        if number is not None:
            return "number" if number in self.numbers else None
        rest, figures = _unit_of(value)
        if figures and all(figure in self.numbers for figure in figures) and (not rest or self.holds(rest)):
            return "number"
        return None

    def _nearly_holds(self, value: str, fuzzy: float) -> bool:
        wanted = folded_words(value)
        script = "chinese" if _HAN.search(wanted) else "latin"
        if len(wanted.replace(" ", "")) < _LONG[script] or self.missing_names(value):
            return False
        if script == "latin" and self._has_words_in_a_sentence(value, fuzzy):
            return True
        found = fuzz.partial_ratio_alignment(wanted, self.words[:_LONGEST_COMPARED], score_cutoff=100 * fuzzy)
        if found is None or len(wanted) > len(self.words):
            return False
        near = self.words[max(0, found.dest_start - 8) : found.dest_end + 8]
        return len(_NEGATIONS.findall(value)) <= len(_NEGATIONS.findall(near)) and (
            len(_NEGATIONS.findall(self.words[found.dest_start : found.dest_end])) <= len(_NEGATIONS.findall(wanted))
        )

    def _has_words_in_a_sentence(self, value: str, fuzzy: float) -> bool:
        """Whether one sentence has the words of a value, in another order."""
        words = folded_words(value).split()
        if len(words) < _FEW_WORDS:
            return False
        for sentence in _SENTENCES.split(self.text):
            known = set(folded_words(sentence).split())
            negations = len(_NEGATIONS.findall(sentence)), len(_NEGATIONS.findall(value))
            if sum(word in known for word in words) >= fuzzy * len(words) and negations[0] == negations[1]:
                return True
        return False

    def missing_names(self, value: str) -> list[str]:
        """Names, indicators and numbers of a value that the text lacks."""
        plain = refang(nfkc(value))
        missing = [found for _, found in indicators_in(plain) if not self.has_indicator(found)]
        names = _LATIN_WORD if _HAN.search(value) else _LATIN_NAME
        missing += [match[0] for match in names.finditer(plain) if not self.holds(match[0])]
        return missing + [str(figure.value) for figure in figures_in(plain) if figure.value not in self.numbers]

    def has_indicator(self, indicator: str) -> bool:
        """Whether the text has an indicator, in any spelling."""
        wanted = refang(nfkc(indicator)).casefold().rstrip(_ENDS)
        return wanted in self.indicators or any(
            not _is_word_sign(self.plain[max(0, match.start() - 1) : match.start()], wanted[0])
            and not _is_word_sign(self.plain[match.end() : match.end() + 1], wanted[-1])
            for match in re.finditer(re.escape(wanted), self.plain)
        )


def _is_word_sign(sign: str, beside: str) -> bool:
    """Whether a sign goes on with what ends or begins with `beside`: a digit with digits, a letter with letters."""
    if not sign or not beside or _HAN.match(sign) or _HAN.match(beside):
        return False
    return (sign.isdigit() and beside.isdigit()) or (sign.isalpha() and beside.isalpha())


def _without(text: str, places) -> str:  # type: ignore[no-untyped-def]
    for place in reversed(places):
        text = text[: place.start] + text[place.end :]
    return text


_ENDS_IN_NUMBER = re.compile(
    r"^(?P<figure>[\d,.]+\s?(?:万|亿|千|百|million|billion|thousand|k|m)?)\s*(?P<unit>[^\d]{1,20})$", re.IGNORECASE
)


def _unit_of(value: str) -> tuple[str, list[object]]:
    """Of a figure with a unit: the unit and the figure; nothing of other values."""
    plain = _APPROXIMATE.sub("", value)
    match = _ENDS_IN_NUMBER.match(plain)
    figure, unit = (match["figure"], match["unit"]) if match else plain.partition(" ")[::2]
    number = number_of(figure)
    return (unit.strip(), [number]) if number is not None and unit else ("", [])
