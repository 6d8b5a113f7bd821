"""Every figure of a report as CSV, a line for each run and figure."""

from __future__ import annotations

from collections.abc import Iterable

from sevenllm_bench.comparison.compare_runs import Score
from sevenllm_bench.pages.csv_text import csv_text
from sevenllm_bench.text.display import plain

_COLUMNS = ("run", "level", "name", "metric", "rows", "mean", "low", "high", "partial")


def report_csv(scores: Iterable[Score]) -> bytes:
    """The file `figures.csv`, with unrounded figures.

    Args:
        scores: Every score of every run.
    """
    return csv_text(
        _COLUMNS,
        (
            (
                plain(score.run, 300),
                str(score.cell.level),
                plain(score.cell.name, 300),
                score.cell.metric,
                score.rows,
                score.mean,
                score.interval.low,
                score.interval.high,
                plain(score.partial, 300),
            )
            for score in scores
        ),
    )
