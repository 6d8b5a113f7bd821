"""One part of the section "Can it be trusted?": what a reader should know before trusting the figures."""

from __future__ import annotations

from dataclasses import dataclass

from sevenllm_bench.pages.charts.chart import Chart


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
