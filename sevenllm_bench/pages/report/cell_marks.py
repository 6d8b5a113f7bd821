"""Which figures of a table's cell stand out: better than the baseline by a test, and the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.comparison.compare_runs import ComparedFigure, Score
from sevenllm_bench.figures.rounding import shown
from sevenllm_bench.metrics.registry import gain


@dataclass(frozen=True, slots=True)
class CellMarks:
    """Runs whose figure stands out.

    Attributes:
        better: Runs that are better than the baseline by test, after Holm's correction.
        highest: The run with the best figure; empty where there is none, see `marks_of`.
    """

    better: frozenset[str] = frozenset()
    highest: str = ""


def marks_of(scores: Sequence[Score], findings: Sequence[ComparedFigure]) -> CellMarks:
    """The marks of one cell.

    The best figure (the lowest, where lower is better) is marked only among figures that could be compared: over more than
    one row, of the whole benchmark, and different as shown, with three decimals. Figures that look alike are a tie.

    Args:
        scores: Every run's figure in the cell.
        findings: Every other run against the baseline in the cell; none where it wasn't compared.
    """
    better = frozenset(finding.run for finding in findings if finding.verdict == "better")
    known = [score for score in scores if not score.partial and score.rows > 1]
    whole = sorted(known, key=lambda score: gain(score.cell.metric, score.mean), reverse=True)
    if len(whole) < 2 or shown(whole[0].mean) == shown(whole[1].mean):
        return CellMarks(better)
    return CellMarks(better, whole[0].run)
