"""Training rows that would show a model the benchmark: the same incident text, or nearly, or the same MCQ.

A training row leaks if
  - its incident text equals that of a benchmark row except for case, punctuation and spaces;
  - or one of the two texts holds at least half of the shingles of the other, the shorter one. So a shortened text is found,
    one with something added at its ends, and one with changes throughout (every Jaccard index of 1/3 or more means that);
  - or it asks the question of a benchmark MCQ, with at least 0.6 of the shingles of its question and options, whatever the
    incident text: that of an MCQ may be a sentence or nothing.

Where half comes from: of pairs of different official incident texts that share 0.2 to 0.6, twenty were read, and all but
one tell of the same incident; genuine training texts on other incidents reach 0.2 (phrases of one vendor), fictional ones
0.05. Between 0.2 and 0.5 lie mostly retellings in other words, which are no copies. Questions of different official MCQs
share up to 0.4, their options being alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sevenllm_bench.catalog import Language
from sevenllm_bench.corpus.near_duplicates import NearIndex
from sevenllm_bench.corpus.similarity import MIN_SHINGLES, SHINGLE_BYTES, normalised, normalised_question, shingles
from sevenllm_bench.data.rows import Row

if TYPE_CHECKING:
    from sevenllm_bench.corpus.similarity import Shingles

#: Share of the shorter incident text's shingles, and of a benchmark question's, from which a row leaks.
TEXT_SHARE, QUESTION_SHARE = 0.5, 0.6
#: In a short text, chance agreement in a phrase or two is a large share: it must agree in so much, or in `MIN_SHINGLES`.
SHORT_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Leak:
    """A training row that shows a benchmark row.

    Attributes:
        row_id: The training row.
        language: Its language.
        category: Its category.
        benchmark_id: The benchmark row, the first of those that it resembles most.
        benchmark_source: "official" or "embedded".
        what: What they have in common: the "incident" text or the "question" of an MCQ.
        how: "identical" except for case, punctuation and spaces, or "near".
        similarity: Share of the shingles of the shorter text (of the benchmark's question) that both have, in (0, 1]. It is
            1 for a near text that stands whole within the other.
    """

    row_id: int
    language: Language
    category: str
    benchmark_id: int
    benchmark_source: str
    what: Literal["incident", "question"]
    how: Literal["identical", "near"]
    similarity: float


@dataclass(frozen=True, slots=True)
class _Match:
    row: Row
    what: Literal["incident", "question"]
    how: Literal["identical", "near"]
    similarity: float


class LeakGuard:
    """Tells training rows that show a benchmark row."""

    def __init__(self, benchmark: Iterable[Row]) -> None:
        """Index the benchmark's rows, in the order in which they are named where several fit."""
        rows = tuple(benchmark)
        incidents = ((normalised(row.input), row) for row in rows)
        # What is shorter than a shingle ("N/A", "无") is no incident text, and would equal too many others.
        self._incidents = _Texts(
            "incident", (pair for pair in incidents if len(pair[0].encode("utf-8", "surrogatepass")) >= SHINGLE_BYTES)
        )
        self._questions = _Texts("question", ((normalised_question(row), row) for row in rows if row.kind == "mcq"))

    def separate(self, rows: Iterable[Row]) -> tuple[list[Row], list[Leak]]:
        """Training rows that show no benchmark row, and the leaks, one for each other row; both in the order of `rows`."""
        clean, leaks = [], []
        known: dict[bytes, _Match | None] = {}
        for row in rows:
            match = self._match(row, known)
            if match is None:
                clean.append(row)
            else:
                leaks.append(_leak(row, match))
        return clean, leaks

    def _match(self, row: Row, known: dict[bytes, _Match | None]) -> _Match | None:
        """The best match; texts come again and again in a corpus, so answers are `known` by digest."""
        found = [
            _remembered(known, self._incidents, normalised(row.input)),
            _remembered(known, self._questions, normalised_question(row)),
        ]
        return max((match for match in found if match), key=_rank, default=None)


class _Texts:
    """Incident texts or questions of a benchmark."""

    def __init__(self, what: Literal["incident", "question"], texts: Iterable[tuple[str, Row]]) -> None:
        self.what = what
        self._rows: dict[str, Row] = {}
        for text, row in texts:
            if text.strip():
                self._rows.setdefault(text, row)
        # Short texts are found only whole: to the index they are empty.
        self._shingles = [_long_enough(_by_parts(text)) for text in self._rows]
        self._in_order = list(self._rows.values())
        self._index = NearIndex(self._shingles)

    def best(self, text: str) -> _Match | None:
        """The text that `text` equals, or resembles most; of equals the first."""
        if text in self._rows:
            return _Match(self._rows[text], self.what, "identical", 1.0)
        hashes = _long_enough(_by_parts(text))
        found = [
            _Match(self._in_order[place], self.what, "near", shared / size)
            for place, shared in self._index.matches(hashes)
            if shared >= self._needed(size := self._size(place, hashes))
        ]
        return max(found, key=_rank, default=None)

    def _size(self, place: int, hashes: Shingles) -> int:
        """Shingles that the shared ones are a share of. A question has to be there as a whole."""
        size = self._shingles[place].size
        return size if self.what == "question" else min(size, hashes.size)

    def _needed(self, size: int) -> float:
        share = QUESTION_SHARE if self.what == "question" else TEXT_SHARE
        return max(share * size, min(SHORT_SHARE * size, MIN_SHINGLES))


def _by_parts(text: str) -> Shingles:
    """Shingles of an incident text, or of question and options each on its own: their order doesn't matter."""
    import numpy as np

    return np.unique(np.concatenate([shingles(part) for part in text.split("\n")]))


def _long_enough(hashes: Shingles) -> Shingles:
    return hashes if hashes.size >= MIN_SHINGLES else hashes[:0]


def _remembered(known: dict[bytes, _Match | None], texts: _Texts, text: str) -> _Match | None:
    key = hashlib.blake2b(f"{texts.what}\n{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    if key not in known:
        known[key] = texts.best(text)
    return known[key]


def _rank(match: _Match) -> tuple[bool, float, bool]:
    """Identical before near, then by similarity, then the incident text."""
    return match.how == "identical", match.similarity, match.what == "incident"


def _leak(row: Row, match: _Match) -> Leak:
    bench = match.row
    return Leak(row.id, row.language, row.category, bench.id, bench.source, match.what, match.how, match.similarity)
