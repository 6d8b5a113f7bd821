"""Whether a text supports the values extracted from it (`grounded`), value by value and as a share."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Literal

from sevenllm_bench.text.indicators import refang
from sevenllm_bench.text.quantities import DATE, MAY_HAVE_VALUE, NUMBER, DateValue, date_of, number_of
from sevenllm_bench.text.unicode import nfkc

#: How a text supports a value; "long": the value is a passage; "no claim": it says nothing that a text could support.
How = Literal["exact", "normalised", "date", "number", "fuzzy", "absent", "long", "no claim"]
#: The ways of support.
SUPPORTED: frozenset[How] = frozenset(("exact", "normalised", "date", "number", "fuzzy"))

#: Least share of a long value's tokens that have to be in the text, in order, close together.
FUZZY_SHARE = 0.8
#: Least tokens of a value that is compared in this way; a shorter one would match by chance.
FUZZY_LEAST_TOKENS = 5
#: A value with more tokens (words; in Chinese, characters), or with more than this share of the text's, is a passage.
MOST_TOKENS = 150
MOST_OF_TEXT = 0.5
#: The passage in which a fuzzy match has to lie: this many times the value's tokens, but at least `_LEAST_PASSAGE`.
_PASSAGE = 3
_LEAST_PASSAGE = 40
#: More characters of a value are not looked at; it is a passage then.
_MOST_CHARACTERS = 2_000

#: Values that say nothing of the text: booleans, null, and the words for "not given", folded.
NO_CLAIM = frozenset(
    (
        *("true", "false", "none", "null", "nil", "nan", "yes", "no", "unknown", "n/a", "na", "undefined", "unspecified"),
        *("not specified", "not mentioned", "not provided", "not available", "not applicable", "not stated", "not given"),
        *("not known", "是", "否", "有", "无", "没有", "未知", "未提及", "未提供", "未说明", "不明", "不详", "暂无", "空"),
        *("不适用", "未指定", "未明确"),
    )
)

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
#: Between the values that are looked at as one text; no other expression here has it.
_BETWEEN = "\x00"
#: A token: a word with the dots inside it (file names, domains, versions), or one Chinese character. A dot before a capital
#: and a small letter ends a sentence whose space is missing.
_TOKEN = re.compile(
    r"(?:@[ymd0-9]+@)|\d{1,3}(?:,\d{3})+(?![\d])"
    rf"|[^\W_\u3400-\u9fff]+(?:\.(?![A-Z][a-z])[^\W_\u3400-\u9fff]+)*|[\u3400-\u9fff]|{_BETWEEN}"
)
#: Most tokens of a value without a claim.
_MOST_OF_NO_CLAIM = max(len(_TOKEN.findall(value)) for value in NO_CLAIM)
#: What makes tokens depend on case.
_OF_CASE = re.compile(r"[.@]")
#: What every date has.
_DIGIT = re.compile(r"\d")
_UNKNOWN = "\U0010ffff"
_FIRST_CODE = 0x20000
#: More tokens of a text are not looked at; the longest official text has about 2,000.
_MOST_TEXT_TOKENS = 200_000
#: Texts that are kept, since every answer to a row and its reference are held against the same one; longer ones aren't.
_KEPT_TEXTS, _MOST_OF_A_KEPT_TEXT = 1_024, 4_000


@dataclass(frozen=True, slots=True)
class GroundingMark:
    """A value of an answer, and what the text says of it.

    Attributes:
        value: The value.
        how: How the text supports it, or why it doesn't.
        start: First character of the place in the text, for "exact"; None else.
        end: End of the place, excluded.
    """

    value: str
    how: How
    start: int | None = None
    end: int | None = None

    @property
    def is_supported(self) -> bool:
        """Whether the text supports the value."""
        return self.how in SUPPORTED


def grounded(predictions: Sequence[Sequence[str]], texts: Sequence[str]) -> list[float]:
    """Share of the extracted values that the text supports; a precision, so nothing that is missing lowers it.

    Values that make no claim (booleans, null, empty, "unknown") don't count. A value that is a passage counts as not
    supported, so that the whole text as one value scores 0: it extracts nothing. A value given twice counts twice.

    Args:
        predictions: n lists of leaf values.
        texts: n incident texts.

    Returns:
        n values in [0, 1]; 0 where no value makes a claim.
    """
    shares = []
    for values, text in zip(predictions, texts, strict=True):
        counted = [how for how in support_of(values, text) if how != "no claim"]
        shares.append(sum(how in SUPPORTED for how in counted) / len(counted) if counted else 0.0)
    return shares


def support_of(values: Sequence[str], text: str) -> list[How]:
    """For each value, in their order, how the text supports it, or why it doesn't."""
    source = _kept_source(text) if len(text) <= _MOST_OF_A_KEPT_TEXT else _Source(text)
    found = source.hows(list(dict.fromkeys(values)))
    return [found[value] for value in values]


def grounding_marks(values: Sequence[str], text: str) -> list[GroundingMark]:
    """The same, with the place of each that is in the text as it is."""
    return [_placed(value, how, text) for value, how in zip(values, support_of(values, text), strict=True)]


def _placed(value: str, how: How, text: str) -> GroundingMark:
    if how != "exact":
        return GroundingMark(value, how)
    start = text.index(value.strip())
    return GroundingMark(value, how, start, start + len(value.strip()))


class _Source:
    """A text that can be asked whether it supports values."""

    def __init__(self, text: str) -> None:
        """Fold the text and number its tokens: each becomes one character, so that passages are substrings."""
        self._text = text
        written = _written_out(_without_mark(text))
        self._dates: set[DateValue] = set()
        valued = _by_value(written, self._dates)
        tokens, by_value = _tokens(written)[:_MOST_TEXT_TOKENS], _tokens(valued)[:_MOST_TEXT_TOKENS]
        distinct = dict.fromkeys((*tokens, *by_value))
        self._codes = {token: chr(_FIRST_CODE + place) for place, token in enumerate(distinct)} | {_BETWEEN: _BETWEEN}
        self._plain, self._valued = self._encoded(tokens), self._encoded(by_value)
        self._longest = min(MOST_TOKENS, max(1, MOST_OF_TEXT * len(self._plain)))

    def hows(self, values: Sequence[str]) -> dict[str, How]:
        """What the text says of each of some different values.

        They are folded and numbered as one text, with a mark between them that is part of nothing: a third of the time.
        """
        found: dict[str, How] = {value: "long" for value in values if len(value) > _MOST_CHARACTERS}
        asked = [value for value in values if value not in found]
        written = _written_out(_BETWEEN.join(map(_without_mark, asked)))
        if asked:
            forms = written.split(_BETWEEN), self._encoded(_tokens(written)).split(_BETWEEN)
            found |= {value: self._how(value, *own) for value, *own in zip(asked, *forms, strict=True)}
        return found

    def _how(self, value: str, written: str, plain: str) -> How:
        """What the text says of a value: as it is in the answer, written out, and its tokens, numbered."""
        if not plain or (len(plain) <= _MOST_OF_NO_CLAIM and _bare(written) in NO_CLAIM):
            return "no claim"
        if len(plain) > self._longest:
            return "long"
        if plain in self._plain:
            return "exact" if value.strip() in self._text else "normalised"
        return self._how_by_value(written, plain)

    def _how_by_value(self, written: str, plain: str) -> How:
        valued = _by_value(written)
        # Only case differs: the same tokens, except where a dot may end a sentence.
        is_plain = valued == written or (written.isascii() and valued == written.casefold() and not _OF_CASE.search(written))
        if (plain if is_plain else self._encoded(_tokens(valued))) in self._valued:
            return "date" if "@" in valued and DATE.search(written.casefold()) else "number"
        date = _only_date(written)
        if date and any(known.covers(date) for known in self._dates):
            return "date"
        return "fuzzy" if self._has_most_of(plain) and self._may_lack(written) else "absent"

    def _may_lack(self, written: str) -> bool:
        """Whether a fuzzy match may lack what the text lacks of a value: words, but no number and no indicator."""
        missing = [token for token in _tokens(written) if token not in self._codes]
        return not any("." in token or any(map(str.isdecimal, token)) for token in missing)

    def _has_most_of(self, tokens: str) -> bool:
        """Whether most tokens of a value are in one passage of the text, in order."""
        least = math.ceil(FUZZY_SHARE * len(tokens))
        if len(tokens) < FUZZY_LEAST_TOKENS or len(tokens) - tokens.count(_UNKNOWN) < least:
            return False
        from rapidfuzz.distance import LCSseq

        size = max(_LEAST_PASSAGE, _PASSAGE * len(tokens))
        step = size - 2 * len(tokens) if size > 3 * len(tokens) else len(tokens)
        return any(
            LCSseq.similarity(tokens, self._plain[start : start + size], score_cutoff=least) >= least
            for start in range(0, max(1, len(self._plain) - size + step), step)
        )

    def _encoded(self, tokens: Sequence[str]) -> str:
        return "".join(map(self._codes.get, tokens, repeat(_UNKNOWN)))


@lru_cache(maxsize=_KEPT_TEXTS)
def _kept_source(text: str) -> _Source:
    return _Source(text)


def _written_out(text: str) -> str:
    """NFKC, without invisible characters, refanged; case is kept, which the ends of sentences need."""
    return refang(text if text.isascii() else _INVISIBLE.sub("", nfkc(text)))


def _without_mark(text: str) -> str:
    """The text with another control character, which counts as little, for the mark that separates values."""
    return text.replace(_BETWEEN, "\x01")


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .。")


def _tokens(text: str) -> list[str]:
    """Words without case, plural "s" and punctuation, and single Chinese characters."""
    found = _TOKEN.findall(text)
    # All at once, since no token has a line end: a tenth of the time.
    words = "\n".join(found).casefold().split("\n") if found else []
    return [_folded(word) if word[-1] == "s" or "," in word else word for word in words]


def _folded(word: str) -> str:
    if word[0].isdecimal() and "," in word:
        return word.replace(",", "")
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" and word.isascii() else word


def _by_value(text: str, dates: set[DateValue] | None = None) -> str:
    """The text with dates and numbers written in one way; its dates are added to `dates`."""
    folded = text.casefold()

    def date_token(match: re.Match[str]) -> str:
        date = date_of(match)
        if date is None:
            return match[0]
        if dates is not None:
            dates.add(date)
        return f" @y{date.year or ''}m{date.month}d{date.day or ''}@ "

    if not MAY_HAVE_VALUE.search(folded):
        return folded
    dated = DATE.sub(date_token, folded) if _DIGIT.search(folded) else folded
    return NUMBER.sub(lambda match: f" {number_of(match)} ", dated)


def _only_date(text: str) -> DateValue | None:
    """The date that a value consists of, or None."""
    match = DATE.fullmatch(text.casefold().strip(" .,")) if _DIGIT.search(text) else None
    return date_of(match) if match else None
