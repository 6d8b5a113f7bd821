"""Which run is the best, and which can't be told apart from it: each against the best, over the rows that both have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.figures.cells import RowValues, headline_cell
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.paired import ALPHA, compare_paired, holm
from sevenllm_bench.stats.resampling import content_of, generator


@dataclass(frozen=True, slots=True)
class Standing:
    """The runs, seen from the best.

    Attributes:
        best: Label of the run with the highest headline.
        level: Labels of those that can't be told apart from it, the best first.
        worse: Labels of those that are worse by test.
    """

    best: str
    level: tuple[str, ...]
    worse: tuple[str, ...]


def standing(ordered: Sequence[Run], seed: int, resamples: int) -> Standing:
    """Test the headline of every run against that of the first, with Holm's correction over these tests.

    Args:
        ordered: Two or more runs with a headline that can be compared, the one with the highest first.
        seed: Seed of the permutations.
        resamples: Number of sign patterns; more where the tests are many.
    """
    cell = headline_cell()
    best = RowValues(ordered[0])
    resamples = max(resamples, round(2 * (len(ordered) - 1) / ALPHA))
    found = []
    for run in ordered[1:]:
        ours, theirs = best.common(RowValues(run), cell)
        rng = generator(seed, *content_of([b - a for a, b in zip(ours, theirs, strict=True)]))
        found.append(compare_paired(ours, theirs, rng, resamples).p)
    worse = [p is not None and p <= ALPHA for p in holm(found)]
    labels = [run.label for run in ordered[1:]]
    return Standing(
        ordered[0].label,
        tuple(label for label, is_worse in zip(labels, worse, strict=True) if not is_worse),
        tuple(label for label, is_worse in zip(labels, worse, strict=True) if is_worse),
    )
