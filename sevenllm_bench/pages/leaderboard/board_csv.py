"""Every figure of the leaderboard as CSV, a line for each submission and figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sevenllm_bench.pages.csv_text import csv_text
from sevenllm_bench.pages.leaderboard.model_figures import ModelFigure
from sevenllm_bench.text.display import plain

_COLUMNS = ("id", "model", "figure", "rows", "mean", "low", "high", "partial")


def board_csv(names: Mapping[str, str], figures: Mapping[str, Sequence[ModelFigure]]) -> bytes:
    """The file `figures.csv`, with unrounded figures.

    Args:
        names: Id of a submission to its model's name.
        figures: Id of a submission to its figures.
    """
    return csv_text(_COLUMNS, _lines(names, figures))


def _lines(names: Mapping[str, str], figures: Mapping[str, Sequence[ModelFigure]]) -> Iterator[Sequence[str | float | None]]:
    for own_id, name in names.items():
        shown = plain(name, 300)
        for of in figures[own_id]:
            yield (own_id, shown, of.name, of.rows, of.mean, of.low, of.high, plain(of.partial, 300) if of.partial else "")
