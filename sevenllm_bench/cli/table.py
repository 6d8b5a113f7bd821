"""Tables on the terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns whose cells all look like numbers are aligned to the right. Cells are plain text."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_header=any(columns))
    for index, column in enumerate(columns):
        numeric = all(
            row[index].replace(".", "").replace(",", "").strip("- %").isdigit() or row[index] in ("", "-") for row in rows
        )
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    # The table's own width, also where the terminal is narrower or the output is a file: cut names help nobody.
    width = max(1, Console(width=1_000).measure(table).maximum)
    # Into a buffer: rich itself would end the program, with 1, where nobody reads its output any more.
    drawn = io.StringIO()
    Console(file=drawn, width=width, force_terminal=sys.stdout.isatty()).print(table)
    print(f"{title}\n{drawn.getvalue()}", end="")
