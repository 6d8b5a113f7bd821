"""The leaderboard's leader against models beside it: paired tests over the rows of both, those of `compare RUN --published`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.comparison.compare_runs import RESAMPLES, Verdict
from sevenllm_bench.figures.cells import headline_cell
from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.stats.paired import ALPHA, holm, paired_ps
from sevenllm_bench.stats.resampling import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The sections that the score is made of, in the order in which `compare` has them, so that the same rows give the same p.
_SECTIONS = tuple(section for section, _ in headline_cell().strata)


@dataclass(frozen=True, slots=True)
class LeaderTest:
    """What the rows tell of the leader's score and another one.

    Attributes:
        rows: Rows that both have.
        difference: The leader's score over these rows less the other's.
        p: Two-sided p-value, corrected by Holm over all tests of the leader; None where no test could reach `ALPHA`.
        tests: Number of these tests.
        verdict: What can be said of the leader.
        why_not: Why there is no test; empty where there is one.
    """

    rows: int
    difference: float
    p: float | None
    tests: int
    verdict: Verdict
    why_not: str = ""


def leader_with_rows(ranked: Sequence[Entry]) -> Entry | None:
    """The best of the ranked submissions that has rows of every section; None where none has.

    Args:
        ranked: The submissions with a rank, the best first.
    """
    return next((entry for entry in ranked if all(entry.row_scores.get(section) for section in _SECTIONS)), None)


def leader_tests(leader: Entry, others: Sequence[Entry]) -> list[LeaderTest | None]:
    """The leader against each of the others: the sign-flip test of `stats.paired`, corrected by Holm over all of them.

    Args:
        leader: A submission with rows of every section.
        others: Models with rows; the order of their rows is that of the random signs.

    Returns:
        The tests in the order given; None for a model that shares no rows of a section with the leader.
    """
    found = [_differences(leader, other) for other in others]
    shared = [strata for strata in found if strata]
    outcomes = paired_ps(shared, Draws(0, RESAMPLES))
    corrected = holm([p for p, _ in outcomes])
    count = sum(p is not None for p in corrected)
    tests = iter(_test(strata, p, count, why_not) for strata, p, (_, why_not) in zip(shared, corrected, outcomes, strict=True))
    return [next(tests) if strata else None for strata in found]


def _differences(leader: Entry, other: Entry) -> list[NDArray[Any]]:
    """The leader's values less the other's by section, in the order of the other's rows; empty where a section shares none."""
    import numpy as np

    found = []
    for section in _SECTIONS:
        ours, theirs = leader.row_scores.get(section, {}), other.row_scores.get(section, {})
        found.append(np.array([ours[row] - theirs[row] for row in theirs if row in ours], dtype=float))
    return found if all(map(len, found)) else []


def _test(strata: Sequence[NDArray[Any]], p: float | None, tests: int, why_not: str) -> LeaderTest:
    difference = float(sum(values.mean() for values in strata)) / len(strata)
    verdict: Verdict = "cannot tell"
    if p is not None and p <= ALPHA:
        verdict = "better" if difference > 0 else "worse"
    return LeaderTest(sum(map(len, strata)), difference, p, tests, verdict, why_not)
