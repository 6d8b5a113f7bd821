"""One part of the section "Can it be trusted?": what a reader should know before trusting the figures."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sevenllm_bench.pages.charts.chart import Chart

#: A cell with a number, e.g. "0.412", "+0.08 (0.03–0.13)", "12 of 40", "<0.0001"; a longer cell is a sentence.
_NUMBER = re.compile(r"[-+−–<]?\d.{0,30}", re.DOTALL)
#: What a cell without a value shows.
_NOTHING = {"", "-", "–"}


@dataclass(frozen=True, slots=True)
class TrustPart:
    """One part of the section, shown in the order of the list (`templates/trust.html`).

    Attributes:
        title: Its heading, plain text.
        sentences: One or two plain sentences: what was found, and what it means.
        columns: Columns of its table, the first for names of lines; empty for no table. The page
            begins each with a capital letter.
        rows: Rows of its table, as many cells as there are columns.
        figure: Its chart, see `Chart`; None for none. A chart's name is unique in all pages of a site.
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

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column, whether it is of numbers, which a page aligns to the right; the first, of names, never is."""
        return tuple(bool(place) and _of_numbers([row[place] for row in self.rows]) for place in range(len(self.columns)))


def _of_numbers(cells: list[str]) -> bool:
    given = [cell for cell in cells if cell not in _NOTHING]
    return bool(given) and all(_NUMBER.fullmatch(cell) for cell in given)
