"""Which values of a reference an answer has, which it lacks, and which it added: the working behind `value_f1`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

from sevenllm_bench.answers.reading import Reading
from sevenllm_bench.data.rows import Row
from sevenllm_bench.metrics.values import normalise
from sevenllm_bench.text.leaf_values import leaf_values

Mark = Literal["same", "alike", "missing", "added"]
_Value = TypeVar("_Value")


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
    found = _marked(reference, reading.values)
    marked = [(mark, value) for mark, values in found.items() for value in values[:MOST]][:MOST]
    shown = tuple(
        (mark, value if len(value) <= _MOST_CHARACTERS else value[: _MOST_CHARACTERS - 1] + "…") for mark, value in marked
    )
    counts = {mark: len(values) for mark, values in found.items() if values}
    why_text = reading.extraction.reason if reading.extraction else ""
    return ValueDiff(shown, tuple(value for _, value in marked), counts, why_text)


def _marked(reference: Sequence[str], answer: Sequence[str]) -> dict[Mark, list[str]]:
    same, wanted, given = told_apart(reference, answer, str)
    alike, missing, added = told_apart(wanted, given, _normal)
    return {"same": same, "alike": alike, "missing": missing, "added": added}


@lru_cache(maxsize=10_000)
def _normal(value: str) -> str:
    """Every run's answer to a row is held against the same reference, and many have the same values."""
    return normalise(value)


def told_apart(
    first: Sequence[_Value], second: Sequence[_Value], form: Callable[[_Value], str]
) -> tuple[list[_Value], list[_Value], list[_Value]]:
    """The first's values whose form is in the second too, one for one, then those only in the first, and only in the second.

    Args:
        first: n values.
        second: m values.
        form: By which two values are the same.
    """
    if not (first and second):
        return [], list(first), list(second)
    first_forms, second_forms = list(map(form, first)), list(map(form, second))
    left: dict[str, int] = {}
    for key in second_forms:
        left[key] = left.get(key, 0) + 1
    both, only_first, only_second = [], [], []
    for value, key in zip(first, first_forms, strict=True):
        if number := left.get(key, 0):
            left[key] = number - 1
            both.append(value)
        else:
            only_first.append(value)
    for value, key in zip(reversed(second), reversed(second_forms), strict=True):  # of equal ones, the last are left over
        if number := left[key]:
            left[key] = number - 1
            only_second.append(value)
    return both, only_first, only_second[::-1]
