"""What a reader should know before trusting the figures: the parts of the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.comparison.compare_runs import Comparison
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.runs.records import Run


@dataclass(frozen=True, slots=True)
class TrustPart:
    """One part of the section, shown in the order of the list (`report/trust.html`).

    Attributes:
        title: Its heading, plain text.
        sentences: One or two plain sentences: what was found, and what it means.
        columns: Columns of its table, the first for names of lines; empty for no table.
        rows: Rows of its table, as many cells as there are columns.
        figure: Its chart, see `Chart`; None for none. A chart's name is unique in all pages of a report.
    """

    title: str
    sentences: tuple[str, ...]
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    figure: Chart | None = None

    def __post_init__(self) -> None:
        """Hold the table to its columns.

        Raises:
            ValueError: A row has another number of cells than there are columns.
        """
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"{self.title}: a row with another number of cells than the {len(self.columns)} columns")


def trust_parts(runs: Sequence[Run], comparison: Comparison | None, task: str = "") -> list[TrustPart]:
    """The parts for a page; the section is left out where there are none.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        comparison: What their comparison found; None for one run, or where they can't be compared.
        task: The harness's name of the task whose page it is; empty for the report's first page.
    """
    return []
