"""Lines of a file of training data, plain or packed with gzip or zstd, one at a time and never too long for memory."""

from __future__ import annotations

import codecs
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from sevenllm_bench.errors import DataError

#: A longer line is no row (the genuine corpus has 2 KB on a line); it is not held in memory.
LONGEST_LINE = 2**24

#: First bytes of packed files, and Arrow's names for how they are packed.
_KINDS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


#: Ends of the names of packed files.
_ENDINGS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}


def packing_of(name: str) -> str | None:
    """How a file of that name is packed, by Arrow's names; None where it isn't."""
    return next((kind for ending, kind in _ENDINGS.items() if name.lower().endswith(ending)), None)


def is_packed(path: Path) -> bool:
    """Whether a file is packed in one of the ways that `unpacked` knows.

    Raises:
        DataError: It can't be read.
    """
    try:
        with path.open("rb") as file:
            return _kind(file) is not None
    except OSError as problem:
        raise DataError(f"{path}: can't be read ({problem.strerror or problem})") from None


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """A file opened for reading; what gzip or zstd packed is unpacked on the way.

    Raises:
        DataError: It can't be read, or the packed data is damaged.
    """
    import pyarrow as pa

    try:
        with path.open("rb") as file:
            kind = _kind(file)
            # Unlike zstandard's reader, Arrow's notices where a file is cut off; and it reads both kinds, in several pieces.
            yield cast(BinaryIO, io.BufferedReader(pa.CompressedInputStream(file, kind))) if kind else file
    except OSError as problem:
        if problem.errno is None:  # Arrow's
            raise DataError(f"{path}: the packed data is damaged or cut off ({problem}); fetch it again") from None
        raise DataError(f"{path}: can't be read ({problem.strerror or problem})") from None


def _kind(file: BinaryIO) -> str | None:
    start = file.read(4)
    file.seek(0)
    return next((kind for first, kind in _KINDS.items() if start.startswith(first)), None)


def numbered_lines(path: Path, digest: hashlib._Hash) -> Iterator[tuple[int, bytes]]:
    """Numbered lines that are not blank; of one that is too long, its beginning. All unpacked bytes go into `digest`.

    Raises:
        DataError: The file can't be read.
    """
    with unpacked(path) as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            digest.update(line)
            rest = line
            while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
                rest = file.readline(LONGEST_LINE + 1)
                digest.update(rest)
            line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            if line.strip():
                yield number, line
