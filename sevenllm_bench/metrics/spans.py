"""How well spans with a type are found: strict as in seqeval, partial as in nervaluate; counts, and figures of their sums."""

from __future__ import annotations

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
    taken: set[int] = set()
    correct = 0.0
    for span in predicted:
        place = _match(gold, span, taken)
        if place is not None:
            taken.add(place)
            correct += 1.0 if gold[place][:2] == span[:2] else 0.5
    return SpanCounts(correct, len(predicted), len(gold))


def _match(gold: Sequence[Span], span: Span, taken: set[int]) -> int | None:
    """Place of the true span with the same bounds, else of the first that overlaps; those that were taken are left out."""
    first = None
    for place, true in enumerate(gold):
        if true[0] >= span[1]:  # sorted by start: none of the following overlaps
            break
        if place in taken or not _overlap(true, span):
            continue
        if true[:2] == span[:2]:
            return place
        first = place if first is None else first
    return first


def _overlap(true: Span, span: Span) -> bool:
    shared = min(true[1], span[1]) - max(true[0], span[0])
    return shared > 0 and shared / (true[1] - true[0]) * 100.0 >= _LEAST_OVERLAP
