"""Which run is the best, and which can't be told apart from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sevenllm_bench.figures.cells import RowValues, headline_cell
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.family import enough_resamples
from sevenllm_bench.stats.paired import ALPHA, paired_p
from sevenllm_bench.stats.resampling import Draws


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


def standing(ordered: Sequence[Run], seed: int, resamples: int, values: Mapping[str, RowValues] | None = None) -> Standing:
    """Who may be the best: every other run is tested against the one with the highest headline, over the rows of both.

    A run is worse where p times the number of other runs is at most 0.05. So the chance that the run which is truly the best
    is called worse is at most 5 %, though the highest was chosen after the fact: of the pairs that the truly best one is in,
    as many as there are other runs, none has so small a p by chance more often.

    Args:
        ordered: Two or more runs with a headline that can be compared, the one with the highest first.
        seed: Seed of the sign patterns.
        resamples: Number of sign patterns; more where the runs are many.
        values: Their values by label, where they are known already.
    """
    cell, tests = headline_cell(), len(ordered) - 1
    draws = Draws(seed, enough_resamples(tests, resamples))
    of = {run.label: (values or {}).get(run.label) or RowValues(run) for run in ordered}
    best = of[ordered[0].label]
    level: list[str] = []
    worse: list[str] = []
    for run in ordered[1:]:
        ours, theirs = best.common(of[run.label], cell)
        p, _ = paired_p([b - a for a, b in zip(ours, theirs, strict=True)], False, draws)
        (worse if p is not None and p * tests <= ALPHA else level).append(run.label)
    return Standing(ordered[0].label, tuple(level), tuple(worse))
