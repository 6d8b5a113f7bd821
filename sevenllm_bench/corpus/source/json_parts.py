"""JSON lines, and a JSON array, in parts."""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sevenllm_bench.corpus.source.line_reader import LONGEST_LINE, numbered_lines, unpacked
from sevenllm_bench.corpus.source.record_parts import Content, FilePart, PartWriter, in_parts, packed_output
from sevenllm_bench.corpus.source.training_rows import LeftOut
from sevenllm_bench.errors import DataError

_READ = 1 << 20
_BLANK = " \t\r\n"


class LineParts:
    """JSON lines."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self._path = path
        self.digest = hashlib.sha256()

    def parts(self) -> Iterator[FilePart]:
        """See `FileParts`. Of a line that is too long for memory, nothing is written again."""
        self.digest = hashlib.sha256()
        return in_parts(self._lines())

    def _lines(self) -> Iterator[tuple[int, Content, bytes]]:
        for number, line in numbered_lines(self._path, self.digest):
            if len(line) > LONGEST_LINE:
                yield number, LeftOut(f"longer than {LONGEST_LINE // 2**20} MiB", broken=True), b""
            else:
                yield number, line, line

    @contextmanager
    def writer(self, output: Path) -> Iterator[PartWriter]:
        """See `FileParts`."""
        with packed_output(output) as file:
            yield _Lines(file)


class _Lines:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
        """Write those records of a part that are kept."""
        for line, kept in zip(part.kept, keep, strict=True):
            if kept:
                self._file.write(line)


class ArrayParts:
    """A JSON array of objects, read element by element."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self._path = path
        self.digest = hashlib.sha256()

    def parts(self) -> Iterator[FilePart]:
        """See `FileParts`."""
        self.digest = hashlib.sha256()
        return in_parts((number, element, element) for number, element in enumerate(self._elements(), 1))

    def _elements(self) -> Iterator[bytes]:
        with unpacked(self._path) as file:
            yield from (element.encode("utf-8", "surrogatepass") for element in _elements(_Text(file, self.digest, self._path)))

    @contextmanager
    def writer(self, output: Path) -> Iterator[PartWriter]:
        """See `FileParts`."""
        with packed_output(output) as file:
            file.write(b"[")
            written = _Elements(file)
            yield written
            file.write(b"]\n" if written.first else b"\n]\n")


class _Elements:
    def __init__(self, file: BinaryIO) -> None:
        self._file, self.first = file, True

    def write(self, part: FilePart, keep: Sequence[bool]) -> None:
        """Write those records of a part that are kept."""
        for element, kept in zip(part.kept, keep, strict=True):
            if kept:
                self._file.write((b"\n" if self.first else b",\n") + element)
                self.first = False


class _Text:
    """Text of a file that is read a piece at a time: what was read and not yet used."""

    def __init__(self, file: BinaryIO, digest: hashlib._Hash, path: Path) -> None:
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
        """The error that the file has this fault."""
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
