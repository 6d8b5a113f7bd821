"""Tables: at their full width in a pipe or a file, fitted to a terminal.

On a terminal, names and texts are broken between words first; then the columns that a table calls the least important are left
out, which a line below it says; what is still too wide is printed as one block per row. No cell is cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sevenllm_bench.cli.screen import print_drawn, print_lines, screen_width, tone_of, wrapped
from sevenllm_bench.cli.table_fit import Column, Fit, fit

if TYPE_CHECKING:
    from rich.text import Text

Rows = Sequence[Sequence[str]]


def print_table(title: str, columns: Sequence[str], rows: Rows, least: Sequence[str] = (), verdict: str | None = None) -> None:
    """Print a table; columns whose cells all look like numbers are aligned to the right. Cells are plain text.

    Args:
        title: The line above it.
        columns: Names of its columns; all empty: no names are shown.
        rows: Its cells.
        least: Names of columns that a narrow terminal can do without, the least important first.
        verdict: Name of a column whose cells are coloured: better, worse, cannot tell.
    """
    width = screen_width()
    places = [columns.index(name) for name in least if name in columns]
    found = fit([_measured(name, [row[place] for row in rows]) for place, name in enumerate(columns)], width, places)
    print_lines([title])
    if found is None:
        _print_blocks(columns, rows, width or 80, verdict)
        return
    _print_columns(columns, rows, found, verdict)
    if left_out := [name for place, name in enumerate(columns) if place not in found.shown]:
        print_lines([f"  no room here for: {', '.join(left_out)} (a wider terminal has them, and so has `| less -S`)", ""])


def _measured(name: str, cells: Sequence[str]) -> Column:
    from rich.cells import cell_len

    def longest(texts: Iterable[str]) -> int:
        return max(map(cell_len, texts), default=0)

    is_text = any(cell[:1].isalpha() for cell in cells)
    words = (word for cell in cells for word in cell.split())
    return Column(cell_len(name), longest(name.split()), longest(cells), longest(words), is_text)


def _print_columns(columns: Sequence[str], rows: Rows, found: Fit, verdict: str | None) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_header=any(columns))
    if found.is_narrow:
        table = Table(box=box.SIMPLE_HEAD, show_header=any(columns), padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for place, width in zip(found.shown, found.widths, strict=True):
        is_numeric = _is_numeric([row[place] for row in rows])
        table.add_column(columns[place], justify="right" if is_numeric else "left", width=width, no_wrap=not found.is_narrow)
    for row in rows:
        cells = zip(found.shown, found.widths, strict=True)
        table.add_row(*(_cell(row[place], width, columns[place] == verdict) for place, width in cells))
    spaces = 2 * len(found.shown) if found.is_narrow else 3 * len(found.shown) + 4
    print_drawn(table, sum(found.widths) + spaces)
    if found.is_narrow:
        print()


def _print_blocks(columns: Sequence[str], rows: Rows, width: int, verdict: str | None) -> None:
    """A block per row: its first cell, and below it a line for each other one."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    names = min(max(map(cell_len, columns[1:]), default=0), width // 2)
    for row in rows:
        print()
        print_drawn(Text(wrapped(row[0], width), style="bold"), width)
        block = Table.grid(padding=(0, 2, 0, 0))
        for name, cell in zip(columns[1:], row[1:], strict=True):
            block.add_row("", wrapped(name, names), _cell(cell, width - names - 4, name == verdict))
        print_drawn(block, width)
    print()


def _cell(text: str, width: int, is_verdict: bool) -> Text:
    from rich.text import Text

    return Text(wrapped(text, width), style=tone_of(text) if is_verdict else "")


def _is_numeric(cells: Sequence[str]) -> bool:
    return all(cell.replace(".", "").replace(",", "").strip("- %").isdigit() or cell in ("", "-") for cell in cells)
