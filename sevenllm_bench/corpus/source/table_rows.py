"""Rows of CSV and Parquet files, as records: texts stay the texts that are written there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sevenllm_bench.corpus.source.line_reader import LONGEST_LINE, unpacked
from sevenllm_bench.corpus.source.training_rows import LeftOut
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import what_else

#: Rows of a Parquet file that are held in memory at a time.
_ROWS = 100


def csv_rows(path: Path, delimiter: str) -> Iterator[dict[str, Any] | LeftOut]:
    """The rows of a CSV file, packed or not, under the names in its first line; each value the text that it is.

    A reader that guesses types would take an answer "N/A" or "None" for no answer, and 1.10 for a number.

    Raises:
        DataError: It can't be read, is not UTF-8, or has a quote that isn't closed.
    """
    csv.field_size_limit(LONGEST_LINE)
    with unpacked(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            names = next(rows, [])
            yield from (_csv_row(names, row) for row in rows if row)
        except UnicodeDecodeError:
            raise DataError(f"{path}: {what_else(path) or 'not UTF-8; save it as UTF-8'}") from None
        except csv.Error as problem:
            raise DataError(f"{path}: can't be read as CSV: the row that ends in line {rows.line_num:,}: {problem}") from None


def _csv_row(names: list[str], row: list[str]) -> dict[str, Any] | LeftOut:
    if len(row) > len(names):
        return LeftOut("more values than columns (a comma that isn't quoted?)", broken=True)
    return dict(zip(names, row, strict=False))


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file.

    Raises:
        DataError: It can't be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as problem:
        reason = str(problem).strip().split("\n")[0] or type(problem).__name__
        raise DataError(f"{path}: {_what_else(path) or f'not readable as Parquet ({reason:.300})'}") from None


def _what_else(path: Path) -> str:
    other = what_else(path)
    return "" if "Parquet" in other else other
