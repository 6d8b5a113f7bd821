"""A chart: static markup, what it says in words, and the same figures as a table."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as a page shows it (macro `figure` of `macros.html`) and as a file for others.

    Attributes:
        name: Lower-case letters, digits and hyphens; part of ids in the page and of the file's name.
        title: A short title; also the SVG's `title`.
        description: What it shows, in one or two sentences; also the SVG's `desc`.
        svg: The `svg` element, escaped, with classes of `charts.css` and no style attributes.
        columns: Columns of the table behind it.
        rows: Rows of that table, as many cells as there are columns.
    """

    name: str
    title: str
    description: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
