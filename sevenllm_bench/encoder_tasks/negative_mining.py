"""Hard negatives for answer ranking: references of other incidents that BM25 takes for the answer to a row.

The negatives of the official and embedded rows were mined once and are fixed in `negatives/`, since figures must not depend on
the version of a library; `tests/perf/mine_negatives.py` mines them again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.incidents import incidents
from sevenllm_bench.metrics.values import normalise, value_f1_norm
from sevenllm_bench.text.leaf_values import leaf_values
from sevenllm_bench.text.segment import words

#: Negatives of a row.
NEGATIVES = 9
#: From this F1 of values or ROUGE-L of their texts on, a reference may answer the row too, and two negatives are one. Answers
#: on different incidents share 0.2 of their words at most, so what is left out is short or says the same.
TOO_ALIKE = 0.5
#: Share of the pairs of neighbouring words of the shorter of two incident texts from which on they may be of one incident, as
#: those are that `incidents` knows. From 0.4 on all official pairs that were read are, between 0.2 and 0.4 lie retellings.
SAME_INCIDENT = 0.2
#: The parameters of BM25 that `bm25s` has by default.
K1, B = 1.5, 0.75


@dataclass(slots=True)
class MinedNegatives:
    """The negatives of some rows, and how they came about.

    Attributes:
        of_row: Row's id to the ids of its negatives, the one that BM25 scores highest first.
        filled: Row's id to how many of them are of other tasks of its kind, because its task has too few other incidents.
        left_out: Why a reference was left out to how often: it "may answer" the row, is of the "same incident", or "repeats"
            a negative that BM25 scores higher.
        too_few: Ids of rows that have fewer than nine, and so none.
    """

    of_row: dict[int, list[int]] = field(default_factory=dict)
    filled: dict[int, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=lambda: {"may answer": 0, "same incident": 0, "repeats": 0})
    too_few: list[int] = field(default_factory=list)


def is_rankable(row: Row) -> bool:
    """Whether a row has a reference that can be ranked: prose or JSON. Questions with options have candidates of their own."""
    return row.kind != "mcq"


def question_of(row: Row) -> str:
    """What a row asks: the instruction and the incident text."""
    return f"{row.instruction}\n{row.input}"


def mine_negatives(rows: Iterable[Row]) -> MinedNegatives:
    """The negatives of every rankable row among the rows of its language and kind.

    References are ranked by BM25 with the row's question as the query: they are the hardest for whoever compares the question
    with the candidates, BM25 itself first of all. Those of the row's task come first, then those of other tasks of its kind.
    Left out are references of the same incident, those that may answer the row, and those that repeat one taken.
    """
    mined = MinedNegatives()
    pool = [row for row in rows if is_rankable(row)]
    for part in sorted({(row.language, row.kind) for row in pool}):
        _mine_part([row for row in pool if (row.language, row.kind) == part], mined)
    mined.of_row = dict(sorted(mined.of_row.items()))
    return mined


def _mine_part(rows: Sequence[Row], mined: MinedNegatives) -> None:
    incident = incidents(rows)
    scores = bm25_scores([row.reference_text for row in rows], [question_of(row) for row in rows])
    references, pairs = [Reference.of(row) for row in rows], [_pairs(row.input) for row in rows]
    for place, row in enumerate(rows):
        taken: list[int] = []
        for other in _in_order(place, rows, scores[place]):
            if len(taken) == NEGATIVES:
                break
            if incident[rows[other].id] == incident[row.id] or _are_one_incident(pairs[place], pairs[other]):
                mined.left_out["same incident"] += 1
            elif references[other].is_like(references[place]):
                mined.left_out["may answer"] += 1
            elif any(references[other].is_like(references[known]) for known in taken):
                mined.left_out["repeats"] += 1
            else:
                taken.append(other)
        if len(taken) < NEGATIVES:
            mined.too_few.append(row.id)
            continue
        mined.of_row[row.id] = [rows[other].id for other in taken]
        if filled := sum(rows[other].category != row.category for other in taken):
            mined.filled[row.id] = filled


def _in_order(place: int, rows: Sequence[Row], scores: Sequence[float]) -> Iterator[int]:
    """Places of the other rows: those of the same task first, then by score, then by id."""

    def key(other: int) -> tuple[bool, float, int]:
        return rows[other].category != rows[place].category, -scores[other], rows[other].id

    return iter(sorted((other for other in range(len(rows)) if other != place), key=key))


def bm25_scores(texts: Sequence[str], queries: Sequence[str]) -> list[list[float]]:
    """BM25 (Lucene's form, k1 1.5, b 0.75) of every text for every query, over our words; shape (queries, texts)."""
    import bm25s

    index = bm25s.BM25(method="lucene", k1=K1, b=B)
    index.index([words(text) for text in texts], show_progress=False)
    found = []
    for query in queries:
        known = [word for word in words(query) if word in index.vocab_dict]
        found.append([round(float(score), 4) for score in index.get_scores(known)] if known else [0.0] * len(texts))
    return found


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference as it is compared with others.

    Attributes:
        text: Its text, normalised.
        values: Its leaf values.
        words: Words of the values.
    """

    text: str
    values: list[str]
    words: list[str]

    @classmethod
    def of(cls, row: Row) -> Reference:
        """The reference of a row."""
        values = leaf_values(row.output)
        return cls(normalise(row.reference_text), values, words(" ".join(values)))

    def is_like(self, other: Reference) -> bool:
        """Whether one may do as the other: equal texts, or values or words of which half agree (see `TOO_ALIKE`)."""
        from rapidfuzz.distance import LCSseq

        if self.text == other.text or value_f1_norm([self.values], [other.values])[0] >= TOO_ALIKE:
            return True
        both = len(self.words) + len(other.words)  # ROUGE-L as in `metrics.rouge`, the words being known
        return both > 0 and 2 * LCSseq.similarity(self.words, other.words) >= TOO_ALIKE * both


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(itertools.pairwise(words(text)))


def _are_one_incident(one: frozenset[tuple[str, str]], other: frozenset[tuple[str, str]]) -> bool:
    shorter = min(len(one), len(other))
    return shorter > 0 and len(one & other) >= SAME_INCIDENT * shorter
