"""Tables, CSV, TSV and Parquet, in parts."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sevenllm_bench.corpus.source.line_reader import LONGEST_LINE, unpacked
from sevenllm_bench.corpus.source.record_parts import Content, FilePart, PartWriter, digest_of, in_parts, packed_output
from sevenllm_bench.corpus.source.training_rows import LeftOut
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import what_else

#: Rows of a part of a Parquet file.
_PART_ROWS = 100


class CsvParts:
    """CSV or TSV."""

    def __init__(self, path: Path, delimiter: str) -> None:
        """Name the file."""
        self._path, self._delimiter = path, delimiter
        self.digest = hashlib.sha256()
        self._head = ""

    def parts(self) -> Iterator[FilePart]:
        """See `FileParts`."""
        self.digest = digest_of(self._path)
        return in_parts(self._rows())

    def _rows(self) -> Iterator[tuple[int, Content, str]]:
        csv.field_size_limit(LONGEST_LINE)
        with unpacked(self._path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            taken = _Taken(text)
            rows = csv.reader(taken, delimiter=self._delimiter, strict=True)
            try:
                names = next(rows, [])
                self._head = taken.lines()
                for number, row in enumerate((row for row in rows if row), 1):
                    yield number, _csv_record(names, row), taken.lines()
            except UnicodeDecodeError:
                raise DataError(f"{self._path}: {what_else(self._path) or 'not UTF-8; save it as UTF-8'}") from None
            except csv.Error as problem:
                where = f"the row that ends in line {rows.line_num:,}"
                raise DataError(f"{self._path}: can't be read as CSV: {where}: {problem}") from None

    @contextmanager
    def writer(self, output: Path) -> Iterator[PartWriter]:
        """See `FileParts`."""
        with packed_output(output) as file:
            yield _CsvRows(file, lambda: self._head)


class _CsvRows:
    def __init__(self, file: BinaryIO, head: Callable[[], str]) -> None:
        self._file, self._head, self._is_begun = file, head, False

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
        """Write those records of a part that are kept."""
        rows = [row for row, kept in zip(part.kept, keep, strict=True) if kept]
        head, self._is_begun = "" if self._is_begun else self._head(), True
        self._file.write("".join([head, *rows]).encode())


class _Taken:
    """Lines of a file, kept until they are asked for: those that a row of a table takes."""

    def __init__(self, text: Iterable[str]) -> None:
        self._lines, self._taken = iter(text), list[str]()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._taken.append(line)
        return line

    def lines(self) -> str:
        """The lines that were taken since the last time."""
        lines = "".join(self._taken)
        self._taken = []
        return lines


def _csv_record(names: list[str], row: list[str]) -> Content:
    if len(row) > len(names):
        return LeftOut("more values than columns (a comma that isn't quoted?)", broken=True)
    return dict(zip(names, row, strict=False))


class ParquetParts:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self._path = path
        self.digest = hashlib.sha256()

    def parts(self) -> Iterator[FilePart]:
        """See `FileParts`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.digest = digest_of(self._path)
        begin = 1
        try:
            with pq.ParquetFile(self._path) as file:
                for batch in file.iter_batches(_PART_ROWS):
                    yield FilePart(range(begin, begin + batch.num_rows), batch.to_pylist(), batch)
                    begin += batch.num_rows
        except (pa.ArrowException, OSError, ValueError) as problem:
            other = what_else(self._path)
            reason = f"not readable as Parquet ({str(problem).strip().splitlines()[0]:.300})"
            raise DataError(f"{self._path}: {reason if not other or 'Parquet' in other else other}") from None

    @contextmanager
    def writer(self, output: Path) -> Iterator[PartWriter]:
        """See `FileParts`."""
        import pyarrow.parquet as pq

        schema = pq.read_schema(self._path)
        with pq.ParquetWriter(output, schema) as file:
            yield _Batches(file)


class _Batches:
    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
        """Write those records of a part that are kept."""
        import pyarrow as pa

        self._file.write_batch(part.kept.filter(pa.array(list(keep), pa.bool_())))
