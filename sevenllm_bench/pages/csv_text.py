"""CSV files beside pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = frozenset("=+-@\t\r")


def csv_text(columns: Sequence[str], lines: Iterable[Sequence[str | float | None]]) -> bytes:
    """A CSV file in UTF-8 with a header; no spreadsheet takes one of its texts for a formula.

    Args:
        columns: The header.
        lines: The lines; None is an empty cell, numbers are written in full. Texts are fit to be shown, see `text.display`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([f"'{v}" if isinstance(v, str) and v[:1] in _FORMULA else v for v in line] for line in lines)
    return text.getvalue().encode("utf-8", "replace")
