"""The order in which pages show runs: whole ones by score, then partial ones by score, then those without a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.comparison.compare_runs import Score
from sevenllm_bench.figures.cells import HEADLINE_NAME, LEVELS
from sevenllm_bench.figures.figures import why_partial
from sevenllm_bench.metrics.registry import ENCODER_MAIN_METRICS, HEADLINE
from sevenllm_bench.pages.report.score_views import Figures
from sevenllm_bench.runs.records import Run

_MAIN = (HEADLINE_NAME, *HEADLINE.values(), *ENCODER_MAIN_METRICS.values())
#: Level, name and metric of a figure.
CellKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class OrderedRuns:
    """Runs in the order of their scores.

    Attributes:
        runs: All of them, the best first.
        cell: The figure that orders them: the headline, or where at most one of several has it, what most of them have.
        scores: Each run's score there, by label; those without one are missing.
        partial: Why a run's headline is not the benchmark's, by label; empty for whole ones.
    """

    runs: tuple[Run, ...]
    cell: CellKey | None
    scores: dict[str, Score]
    partial: dict[str, str]


def by_score(runs: Sequence[Run], figures: Figures) -> OrderedRuns:
    """Order runs by their score; runs with the same score stay in the order given."""
    cell = _main_cell(runs, figures)
    found = {run.label: figures.get(run.label, *cell) for run in runs} if cell else {}
    scores = {label: score for label, score in found.items() if score}
    partial = {run.label: _why_partial(run, figures) for run in runs}

    def place(run: Run) -> tuple[bool, bool, float]:
        score = scores.get(run.label)
        return score is None, bool(partial[run.label]), -score.mean if score else 0.0

    return OrderedRuns(tuple(sorted(runs, key=place)), cell, scores, partial)


def _why_partial(run: Run, figures: Figures) -> str:
    headline = figures.get(run.label, "overall", HEADLINE_NAME, HEADLINE_NAME)
    return headline.partial if headline else why_partial(run)


def _main_cell(runs: Sequence[Run], figures: Figures) -> CellKey | None:
    cells = [cell for cell in figures.cells() if cell[2] in _MAIN]
    counts = {cell: sum(figures.get(run.label, *cell) is not None for run in runs) for cell in cells}
    headline: CellKey = ("overall", HEADLINE_NAME, HEADLINE_NAME)
    if counts.get(headline, 0) >= min(2, len(runs)):
        return headline
    levels = [str(level) for level in LEVELS]
    return min(cells, key=lambda cell: (-counts[cell], levels.index(cell[0]), cells.index(cell)), default=None)
