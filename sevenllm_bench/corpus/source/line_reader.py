"""Lines of a file of training data, plain or packed with gzip or zstd, one at a time and never too long for memory."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from sevenllm_bench.errors import DataError

#: A longer line is no row (the genuine corpus has 2 KB on a line); it is not held in memory.
LONGEST_LINE = 2**24

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def is_packed(path: Path) -> bool:
    """Whether a file is packed in one of the ways that `unpacked` knows."""
    with path.open("rb") as file:
        return file.read(4).startswith((_GZIP, _ZSTD))


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """A file opened for reading; what gzip or zstd packed is unpacked on the way.

    Raises:
        DataError: It can't be read, or the packed data is damaged.
    """
    import zstandard

    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start.startswith(_GZIP):
                yield cast(BinaryIO, gzip.GzipFile(fileobj=file))
            elif start == _ZSTD:
                reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
                yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, reader)))
            else:
                yield file
    except (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile) as problem:
        raise DataError(f"{path}: the packed data is damaged or cut off ({problem}); fetch it again") from None
    except OSError as problem:
        raise DataError(f"{path}: can't be read ({problem.strerror or problem})") from None


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
