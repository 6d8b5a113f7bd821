"""Parts of a training file: some records that follow one another, and what is written again of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from sevenllm_bench.corpus.source.line_reader import packing_of, unpacked
from sevenllm_bench.corpus.source.training_rows import LeftOut

#: A record before it is read: a JSON object, the columns of a table, or why there is none.
Content = bytes | dict[str, Any] | LeftOut

#: Bytes of records in a part, about.
_PART_BYTES = 1 << 18
_READ = 1 << 20


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


def in_parts(records: Iterable[tuple[int, Content, Any]], size: Callable[[Any], int] = len) -> Iterator[FilePart]:
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
def packed_output(path: Path) -> Iterator[BinaryIO]:
    """A file to write; packed where its name asks for it."""
    kind = packing_of(path.name)
    with path.open("wb") as file:
        if kind is None:
            yield file
            return
        import pyarrow as pa

        with pa.CompressedOutputStream(file, kind) as packed:
            yield cast(BinaryIO, packed)


def digest_of(path: Path) -> hashlib._Hash:
    """Of the (unpacked) bytes of a file."""
    digest = hashlib.sha256()
    with unpacked(path) as file:
        while content := file.read(_READ):
            digest.update(content)
    return digest
