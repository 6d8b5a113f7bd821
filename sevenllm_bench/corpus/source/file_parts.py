"""A training file in parts, each of which can be written again: the same bytes of the records that are kept.

Memory holds a few parts at a time, whatever the size of the file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from sevenllm_bench.corpus.source.instruction_sets import table_ending
from sevenllm_bench.corpus.source.line_reader import LONGEST_LINE, is_packed, numbered_lines, packing_of, unpacked
from sevenllm_bench.corpus.source.training_rows import LeftOut
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import what_else

#: A record before it is read: a JSON object, the columns of a table, or why there is none.
Content = bytes | dict[str, Any] | LeftOut

#: Bytes of records in a part, about; and rows of a table.
_PART_BYTES, _PART_ROWS = 1 << 18, 100
_READ = 1 << 20
_BLANK = " \t\r\n"


@dataclass(frozen=True, slots=True)
class FilePart:
    """Some records that follow one another.

    Attributes:
        numbers: Of each record: its line, or its number from 1 in an array or a table.
        contents: The records.
        kept: What is written again of each record, or for a Parquet file the batch.
    """

    numbers: Sequence[int]
    contents: Sequence[Content]
    kept: Any


class PartWriter(Protocol):
    """Writes records of parts again."""

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
        """Write those records of a part that are kept."""


class FileParts(Protocol):
    """A training file of one kind."""

    digest: hashlib._Hash

    def parts(self) -> Iterator[FilePart]:
        """The file from its beginning; `digest` is that of its (unpacked) bytes afterwards.

        Raises:
            DataError: It can't be read.
        """

    def writer(self, output: Path) -> AbstractContextManager[PartWriter]:
        """A writer of the same kind of file."""


def open_parts(path: Path) -> FileParts:
    """The file by its kind: JSON lines, a JSON array, CSV or TSV (each packed with gzip or zstd, or not), or Parquet.

    Raises:
        DataError: It can't be read, or isn't of a kind that can.
    """
    ending = table_ending(path)
    if ending == ".parquet":
        return ParquetParts(path)
    if ending:
        return CsvParts(path, "," if ending == ".csv" else "\t")
    if not is_packed(path) and (other := what_else(path)):
        raise DataError(f"{path}: {other}")
    with unpacked(path) as file:
        is_array = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    return ArrayParts(path) if is_array else LineParts(path)


def _in_parts(records: Iterable[tuple[int, Content, Any]], size: Callable[[Any], int] = len) -> Iterator[FilePart]:
    """Records with what is written again of them, by parts."""
    numbers, contents, kept, total = [], [], [], 0
    for number, content, raw in records:
        numbers.append(number)
        contents.append(content)
        kept.append(raw)
        total += size(raw)
        if total >= _PART_BYTES:
            yield FilePart(numbers, contents, kept)
            numbers, contents, kept, total = [], [], [], 0
    if numbers:
        yield FilePart(numbers, contents, kept)


@contextmanager
def _output(path: Path) -> Iterator[BinaryIO]:
    """A file to write; packed where its name asks for it."""
    kind = packing_of(path.name)
    with path.open("wb") as file:
        if kind is None:
            yield file
            return
        import pyarrow as pa

        with pa.CompressedOutputStream(file, kind) as packed:
            yield cast(BinaryIO, packed)


# --- JSON lines ------------------------------------------------------------------------------------------------------


class LineParts:
    """JSON lines."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self._path = path
        self.digest = hashlib.sha256()

    def parts(self) -> Iterator[FilePart]:
        """See `FileParts`. Of a line that is too long for memory, nothing is written again."""
        self.digest = hashlib.sha256()
        return _in_parts(self._lines())

    def _lines(self) -> Iterator[tuple[int, Content, bytes]]:
        for number, line in numbered_lines(self._path, self.digest):
            if len(line) > LONGEST_LINE:
                yield number, LeftOut(f"longer than {LONGEST_LINE // 2**20} MiB", broken=True), b""
            else:
                yield number, line, line

    @contextmanager
    def writer(self, output: Path) -> Iterator[PartWriter]:
        """See `FileParts`."""
        with _output(output) as file:
            yield _Lines(file)


class _Lines:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
        for line, kept in zip(part.kept, keep, strict=True):
            if kept:
                self._file.write(line)


# --- a JSON array ----------------------------------------------------------------------------------------------------


class ArrayParts:
    """A JSON array of objects, read element by element."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self._path = path
        self.digest = hashlib.sha256()

    def parts(self) -> Iterator[FilePart]:
        """See `FileParts`."""
        self.digest = hashlib.sha256()
        return _in_parts((number, element, element) for number, element in enumerate(self._elements(), 1))

    def _elements(self) -> Iterator[bytes]:
        with unpacked(self._path) as file:
            yield from (element.encode("utf-8", "surrogatepass") for element in _elements(_Text(file, self.digest, self._path)))

    @contextmanager
    def writer(self, output: Path) -> Iterator[PartWriter]:
        """See `FileParts`."""
        with _output(output) as file:
            file.write(b"[")
            written = _Elements(file)
            yield written
            file.write(b"]\n" if written.first else b"\n]\n")


class _Elements:
    def __init__(self, file: BinaryIO) -> None:
        self._file, self.first = file, True

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
        for element, kept in zip(part.kept, keep, strict=True):
            if kept:
                self._file.write((b"\n" if self.first else b",\n") + element)
                self.first = False


class _Text:
    """Text of a file that is read a piece at a time: what was read and not yet used."""

    def __init__(self, file: BinaryIO, digest: hashlib._Hash, path: Path) -> None:
        import codecs

        self._file, self._digest, self.path = file, digest, path
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.text, self.place, self.is_whole = "", 0, False

    def more(self) -> bool:
        """Read on; False at the end of the file."""
        content = self._file.read(max(_READ, len(self.text) - self.place))
        self._digest.update(content)
        try:
            self.text = self.text[self.place :] + self._decoder.decode(content, final=not content)
        except UnicodeDecodeError:
            raise self.broken("not UTF-8") from None
        self.place, self.is_whole = 0, not content
        return not self.is_whole

    def next_sign(self) -> str:
        """The next character that is no blank, which is not taken; "" at the end."""
        while True:
            while self.place < len(self.text) and self.text[self.place] in _BLANK:
                self.place += 1
            if self.place < len(self.text) or not self.more():
                return self.text[self.place : self.place + 1]

    def broken(self, why: str) -> DataError:
        return DataError(f"{self.path}: broken JSON ({why})")


def _elements(text: _Text) -> Iterator[str]:
    """The elements of an array as they are written."""
    text.next_sign()
    text.place += 1
    number = 0
    while (sign := text.next_sign()) != "]":
        if number:
            if sign != ",":
                raise text.broken(f"after element {number:,} there is no comma and no end")
            text.place += 1
            text.next_sign()
        number += 1
        yield _element(text, number)
    text.place += 1
    if text.next_sign():
        raise text.broken("text after the array")


def _element(text: _Text, number: int) -> str:
    decoder = json.JSONDecoder()
    while True:
        try:
            _, end = decoder.raw_decode(text.text, text.place)
        except RecursionError:
            raise text.broken(f"element {number:,} is nested too deeply") from None
        except ValueError as problem:
            if len(text.text) - text.place > LONGEST_LINE or text.is_whole or not text.more():
                raise text.broken(f"element {number:,}: {problem}") from None
            continue
        if end == len(text.text) and not text.is_whole:  # a number may go on
            text.more()
            continue
        element, text.place = text.text[text.place : end], end
        return element


# --- tables ----------------------------------------------------------------------------------------------------------


class CsvParts:
    """CSV or TSV."""

    def __init__(self, path: Path, delimiter: str) -> None:
        """Name the file."""
        self._path, self._delimiter = path, delimiter
        self.digest = hashlib.sha256()
        self._head = ""

    def parts(self) -> Iterator[FilePart]:
        """See `FileParts`."""
        self.digest = _hashed(self._path)
        return _in_parts(self._rows())

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
        with _output(output) as file:
            yield _CsvRows(file, lambda: self._head)


class _CsvRows:
    def __init__(self, file: BinaryIO, head: Callable[[], str]) -> None:
        self._file, self._head, self._is_begun = file, head, False

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
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
        lines = "".join(self._taken)
        self._taken = []
        return lines


def _csv_record(names: list[str], row: list[str]) -> Content:
    if len(row) > len(names):
        return LeftOut("more values than columns (a comma that isn't quoted?)", broken=True)
    return dict(zip(names, row, strict=False))


def _hashed(path: Path) -> hashlib._Hash:
    digest = hashlib.sha256()
    with unpacked(path) as file:
        while content := file.read(_READ):
            digest.update(content)
    return digest


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

        self.digest = _hashed(self._path)
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
        import pyarrow as pa

        self._file.write_batch(part.kept.filter(pa.array(list(keep), pa.bool_())))


class NoWriter:
    """Writes nothing: where no filtered file is asked for."""

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
        """Do nothing."""


def writer_of(source: FileParts, output: Path | None) -> AbstractContextManager[PartWriter]:
    """A writer of the same kind of file, or of nothing."""
    return source.writer(output) if output else nullcontext(NoWriter())
