"""A training file in parts, each of which can be written again: the same bytes of the records that are kept.

Memory holds a few parts at a time, whatever the size of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sevenllm_bench.corpus.source.instruction_sets import table_ending
from sevenllm_bench.corpus.source.json_parts import ArrayParts, LineParts
from sevenllm_bench.corpus.source.line_reader import is_packed, unpacked
from sevenllm_bench.corpus.source.record_parts import FilePart, FileParts, PartWriter
from sevenllm_bench.corpus.source.table_parts import CsvParts, ParquetParts
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import what_else


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


class NoWriter:
    """Writes nothing: where no filtered file is asked for."""

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
        """Do nothing."""


def writer_of(source: FileParts, output: Path | None) -> AbstractContextManager[PartWriter]:
    """A writer of the same kind of file, or of nothing."""
    return source.writer(output) if output else nullcontext(NoWriter())
