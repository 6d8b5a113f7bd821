"""A chart: static markup, what it says in words, and the same figures as a table."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

_NOTHING = Markup()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as a page shows it (macro `figure` of `macros.html`) and as a file for others (`chart_file`).

    Attributes:
        name: Lower-case letters, digits and hyphens, one of its own in all pages of a site; part of ids and of the file's name.
        title: A short title; also the SVG's `title`.
        description: What it shows, in one or two sentences; also the SVG's `desc`.
        svg: The `svg` element, escaped, with classes of `plot.css` and no style attributes; empty where there are `panels`.
        columns: Columns of the table behind it.
        rows: Rows of that table, as many cells as there are columns.
        narrow: The same drawing for phones; empty where `svg` is for all widths.
        panels: A drawing in parts, under headings; a page puts them beside and below each other as its width allows.
        legend: Markers at (0, 0), and what each stands for.
        note: What readers must know besides, such as what is left out; shown below the chart.
    """

    name: str
    title: str
    description: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    narrow: Markup = _NOTHING
    panels: tuple[tuple[str, tuple[Markup, ...]], ...] = ()
    legend: tuple[tuple[Markup, str], ...] = ()
    note: str = ""
