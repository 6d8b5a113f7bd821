"""How well spans with a type are found: strict as in seqeval, partial as in nervaluate; counts, and figures of their sums."""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Start and end in characters of a text, the end excluded, and the type.
Span = tuple[int, int, str]

#: Least share of a true span, in percent, that a predicted one must cover to overlap with it (nervaluate 1.2.1's default).
_LEAST_OVERLAP = 1.0


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """Counts of which precision, recall and F1 are made; they add up over texts and types.

    Attributes:
        correct: Spans that were found; with partial credit, one that overlaps only counts one half.
        predicted: Predicted spans.
        gold: True spans.
    """

    correct: float = 0.0
    predicted: int = 0
    gold: int = 0

    def __add__(self, other: SpanCounts) -> SpanCounts:
        return SpanCounts(self.correct + other.correct, self.predicted + other.predicted, self.gold + other.gold)

    @property
    def precision(self) -> float:
        """Share of the predicted spans that are correct; 0 where none is predicted, as in seqeval."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the true spans that were found; 0 where there is none, as in seqeval."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, from 0 to 1."""
        return 2 * self.correct / (self.predicted + self.gold) if self.predicted + self.gold else 0.0

    @property
    def f1_of_item(self) -> float:
        """F1 of one text: 1 where nothing is to be found and nothing was predicted."""
        return self.f1 if self.predicted + self.gold else 1.0

    def as_json(self) -> dict[str, float]:
        """Precision, recall and F1."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


def summed(counts: Iterable[SpanCounts]) -> SpanCounts:
    """The counts added up."""
    return sum(counts, SpanCounts())


def strict_counts(gold: Iterable[Span], predicted: Iterable[Span]) -> dict[str, SpanCounts]:
    """Counts by type: a span is correct where start, end and type are those of a true span (seqeval's strict mode).

    Args:
        gold: True spans of one text; the same span twice counts once.
        predicted: Predicted spans, likewise.
    """
    wanted, found = set(gold), set(predicted)
    return {kind: SpanCounts(right, said, true) for kind, (right, said, true) in _by_type(wanted, found).items()}


def _by_type(wanted: set[Span], found: set[Span]) -> dict[str, tuple[int, int, int]]:
    right, said, true = (Counter(kind for _, _, kind in spans) for spans in (wanted & found, found, wanted))
    return {kind: (right[kind], said[kind], true[kind]) for kind in sorted(said.keys() | true.keys())}


def partial_counts(gold: Iterable[Span], predicted: Iterable[Span]) -> dict[str, SpanCounts]:
    """Counts by type with partial credit: nervaluate's scheme "partial", for each type among the spans of that type.

    A predicted span with the bounds of a true one counts 1, one that only overlaps with a true one that no other took
    counts one half. Predicted spans choose in the order of the text.
    """
    wanted, found = sorted(set(gold)), sorted(set(predicted))
    kinds = sorted({kind for _, _, kind in (*wanted, *found)})
    return {kind: _partial([s for s in wanted if s[2] == kind], [s for s in found if s[2] == kind]) for kind in kinds}


def partial_counts_any_type(gold: Iterable[Span], predicted: Iterable[Span]) -> SpanCounts:
    """Counts with partial credit whatever the types: nervaluate's overall figure of the scheme "partial"."""
    return _partial(sorted(set(gold)), sorted(set(predicted)))


def _partial(gold: Sequence[Span], predicted: Sequence[Span]) -> SpanCounts:
    left = _TrueSpans(gold)
    correct = 0.0
    for span in predicted:
        place = left.match(span)
        if place is not None:
            left.take(place)
            correct += 1.0 if gold[place][:2] == span[:2] else 0.5
    return SpanCounts(correct, len(predicted), len(gold))


class _TrueSpans:
    """True spans that no predicted one took, found without a look at those that were taken."""

    def __init__(self, spans: Sequence[Span]) -> None:
        """Keep the spans, which are sorted."""
        self._spans = spans
        self._reach = list(itertools.accumulate((end for _, end, _ in spans), max))
        self._next = list(range(len(spans) + 1))  # of each place, the first one from it on that may be free
        self._same: dict[tuple[int, int], list[int]] = {}
        for place in reversed(range(len(spans))):
            self._same.setdefault(spans[place][:2], []).append(place)

    def match(self, span: Span) -> int | None:
        """Place of the free span with the same bounds, else of the first free one that overlaps; None without any."""
        same = self._same.get(span[:2], [])
        while same and self._free_from(same[-1]) != same[-1]:
            same.pop()
        if same:
            return same[-1]
        place = self._free_from(bisect.bisect_right(self._reach, span[0]))  # all before it end before the span begins
        while place < len(self._spans) and self._spans[place][0] < span[1]:
            if _overlap(self._spans[place], span):
                return place
            place = self._free_from(place + 1)
        return None

    def take(self, place: int) -> None:
        """Take a span."""
        self._next[place] = place + 1

    def _free_from(self, place: int) -> int:
        """The first free place from here on; the way to it is made short."""
        end = place
        while self._next[end] != end:
            end = self._next[end]
        while self._next[place] != end:
            self._next[place], place = end, self._next[place]
        return end


def _overlap(true: Span, span: Span) -> bool:
    shared = min(true[1], span[1]) - max(true[0], span[0])
    return shared > 0 and shared / (true[1] - true[0]) * 100.0 >= _LEAST_OVERLAP
