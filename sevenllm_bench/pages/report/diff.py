"""Which values of a reference an answer has, which it lacks, and which it added: the working behind `value_f1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sevenllm_bench.answers.reading import Reading
from sevenllm_bench.data.rows import Row
from sevenllm_bench.metrics.values import normalise
from sevenllm_bench.text.leaf_values import leaf_values

Mark = Literal["same", "alike", "missing", "added"]


@dataclass(frozen=True, slots=True)
class ValueDiff:
    """Values of an answer against those of its reference.

    Attributes:
        values: (mark, value): "same" in both, "alike" in both once normalised (the reference's form is given), "missing"
            from the answer, "added" by it. In that order of marks; at most `MOST` values.
        whole: The same values uncut.
        counts: Mark to number of values, of all.
        why_text: Why the answer counts as one text: no JSON was found in it; empty where it was.
    """

    values: tuple[tuple[Mark, str], ...]
    whole: tuple[str, ...]
    counts: dict[Mark, int]
    why_text: str = ""

    @property
    def left_out(self) -> int:
        """Values that `values` doesn't hold."""
        return sum(self.counts.values()) - len(self.values)


#: Values in one difference; each cut to so many characters.
MOST, _MOST_CHARACTERS = 60, 240


def diff_values(row: Row, reading: Reading) -> ValueDiff:
    """The difference for an extraction row."""
    return diff_from(leaf_values(row.output), reading)


def diff_from(reference: Sequence[str], reading: Reading) -> ValueDiff:
    """The same, given the reference's leaf values: every run's answer to a row is held against them."""
    marked = _marked(reference, reading.values)
    order: tuple[Mark, ...] = ("same", "alike", "missing", "added")
    marked.sort(key=lambda found: order.index(found[0]))
    counts = Counter(mark for mark, _ in marked)
    first = marked[:MOST]
    shown = tuple(
        (mark, value if len(value) <= _MOST_CHARACTERS else value[: _MOST_CHARACTERS - 1] + "…") for mark, value in first
    )
    why_text = reading.extraction.reason if reading.extraction else ""
    return ValueDiff(shown, tuple(value for _, value in first), dict(counts), why_text)


def _marked(reference: Sequence[str], answer: Sequence[str]) -> list[tuple[Mark, str]]:
    same = Counter(reference) & Counter(answer)
    wanted, given = _without(reference, same), _without(answer, same)
    normal_wanted, normal_given = [_normal(value) for value in wanted], [_normal(value) for value in given]
    alike = Counter(normal_wanted) & Counter(normal_given)
    found: list[tuple[Mark, str]] = [("same", value) for value in same.elements()]
    found += _split(wanted, normal_wanted, alike.copy(), "alike", "missing")
    found += [entry for entry in _split(given, normal_given, alike.copy(), "alike", "added") if entry[0] == "added"]
    return found


@lru_cache(maxsize=10_000)
def _normal(value: str) -> str:
    """Every run's answer to a row is held against the same reference, and many have the same values."""
    return normalise(value)


def _without(values: Sequence[str], taken: Counter[str]) -> list[str]:
    if not taken:
        return list(values)
    left = taken.copy()
    kept = []
    for value in values:
        if left[value] > 0:
            left[value] -= 1
        else:
            kept.append(value)
    return kept


def _split(values: Sequence[str], normal: Sequence[str], alike: Counter[str], yes: Mark, no: Mark) -> list[tuple[Mark, str]]:
    marked = []
    for value, form in zip(values, normal, strict=True):
        marked.append((yes if alike[form] > 0 else no, value))
        alike[form] -= 1
    return marked
