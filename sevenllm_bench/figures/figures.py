"""The figures of a run: headline, sections and tasks, with standard errors. Reports, bundles and leaderboards take them here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.figures.cells import Cell, Level, RowValues, encoder_cells, headline_cell, mean_over, metric_cells
from sevenllm_bench.runs.encoder_records import ItemSample
from sevenllm_bench.runs.records import Run, Sample


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over rows; the headline is the unweighted mean of its six sections' (value_f1, rouge_l, acc).

    Attributes:
        cell: What it is a figure of: the headline, a section or a task.
        value: In [0, 1]; `judge` 1 to 5.
        rows: Rows averaged over.
        stderr: Standard error of the mean (sample standard deviation over √rows); None for fewer than two rows.
        why_partial: Why it is no figure of the whole benchmark; empty when every official row of its scope is in it.
    """

    cell: Cell
    value: float
    rows: int
    stderr: float | None
    why_partial: str = ""

    @property
    def id(self) -> str:
        """Its name, e.g. "en_mcq.acc" and "headline"."""
        return self.cell.id

    @property
    def level(self) -> Level:
        """What it is a figure of: "overall" is the headline."""
        return self.cell.level

    @property
    def name(self) -> str:
        """The section or task; "headline"."""
        return self.cell.name

    @property
    def metric(self) -> str:
        """The metric; "headline"."""
        return self.cell.metric

    def as_json(self) -> dict[str, Any]:
        """The figure in a manifest."""
        fields = {"id": self.id, "value": self.value, "rows": self.rows, "stderr": self.stderr}
        return {**fields, "partial": self.why_partial} if self.why_partial else fields


def figures_of(run: Run, samples: Iterable[Sample] | None = None, items: Iterable[ItemSample] | None = None) -> list[Figure]:
    """The headline, then the sections, then the tasks, then the encoder tasks, each with every metric that it has.

    Args:
        run: The run.
        samples: Its samples, or the same samples scored again; default: its own.
        items: Its samples of encoder tasks, likewise.
    """
    values = RowValues(run, samples, items)
    cells = [cell for metric in values.metrics() for cell in metric_cells(run, metric)]
    levels = ("section", "task", "encoder task")
    wanted = [headline_cell(), *(cell for level in levels for cell in cells if cell.level == level)]
    wanted += [cell for cell in encoder_cells([run], [values]) if cell.level == "encoder group"]
    return [_figure(cell, values) for cell in wanted if values.has(cell)]


def _figure(cell: Cell, values: RowValues) -> Figure:
    strata = values.values(cell)
    error = combined_error([standard_error(stratum) for stratum in strata])
    return Figure(cell, mean_over(strata), sum(map(len, strata)), error, values.why_partial(cell))


def why_partial(run: Run) -> str:
    """Why a run's headline is not the benchmark's: empty for a run of every official row, and for one without any row."""
    if not run.samples and run.item_samples:
        return ""
    return RowValues(run).why_partial(headline_cell())


def standard_error(values: Sequence[float]) -> float | None:
    """Standard error of the mean; None for fewer than two values."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def combined_error(errors: Sequence[float | None]) -> float | None:
    """Standard error of the unweighted mean of independent means; None where one of theirs is unknown."""
    known = [error for error in errors if error is not None]
    return math.sqrt(math.fsum(error**2 for error in known)) / len(errors) if len(known) == len(errors) else None
