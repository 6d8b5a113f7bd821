"""The body of a response as it arrives: measured, decompressed to be measured and hashed, never more than allowed."""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from typing import IO

from sevenllm_bench.select_instruct.collect.refusals import RefusedError

#: What is asked for; nothing else is read.
ACCEPTED_CODINGS = "gzip, deflate"
_IN_MEMORY = 1 << 20
_PIECE = 1 << 16


class MeasuredBody:
    """Bytes of one response, kept as they arrived in a temporary file.

    Attributes:
        file: The bytes as they arrived.
        size: How many.
        decoded: How many they are without their coding.
        start: The first bytes without the coding, as many as are to be kept in memory.
    """

    def __init__(self, coding: str, most: int, kept: int = 1024) -> None:
        """Read a body.

        Args:
            coding: The header `Content-Encoding`.
            most: Most bytes, with and without the coding.
            kept: Length of `start`.

        Raises:
            RefusedError: The coding is not one that was asked for.
        """
        self.coding, self.most, self.kept = coding.strip().lower().removeprefix("x-"), most, kept
        if self.coding not in ("", "identity", "gzip", "deflate"):
            raise RefusedError(f"compressed as {self.coding[:40]!r}, which was not asked for")
        self.size = self.decoded = 0
        self.start = b""
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  (closed by `close`)
        self._hash = hashlib.sha256()
        self._decoder: zlib._Decompress | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            RefusedError: There are too many, or they are damaged.
        """
        self.size += len(data)
        if self.size > self.most:
            raise RefusedError(f"more than {self.most:,} bytes")
        if self.size == len(data):
            self._decoder = self._decoder_for(data)
        self.file.write(data)
        try:
            self._decode(data)
        except zlib.error:
            raise RefusedError("its compressed content is damaged") from None

    def _decoder_for(self, first: bytes) -> zlib._Decompress | None:
        """A server may say gzip and send none."""
        if self.coding == "gzip" and first[:1] == b"\x1f":
            return zlib.decompressobj(31)
        if self.coding == "deflate" and first:
            return zlib.decompressobj(15 if first[0] & 15 == 8 and first[0] >> 4 <= 7 else -15)
        return None

    def _decode(self, data: bytes) -> None:
        if self._decoder is None:
            return self._take(data)
        while True:
            if self._decoder.eof:  # the next member of a gzip file; what else follows is filling
                if self.coding != "gzip" or not data.startswith(b"\x1f"):
                    return None
                self._decoder = zlib.decompressobj(31)
            piece = self._decoder.decompress(data, _PIECE)
            self._take(piece)
            data = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail
            if not data and len(piece) < _PIECE:
                return None

    def _take(self, data: bytes) -> None:
        self.decoded += len(data)
        if len(self.start) < self.kept:
            self.start += data[: self.kept - len(self.start)]
        if self.decoded > self.most:
            raise RefusedError(f"more than {self.most:,} bytes after decompression")
        self._hash.update(data)

    def finish(self) -> str:
        """The SHA-256 of the bytes without their coding.

        Raises:
            RefusedError: The compressed content ends too early.
        """
        if self._decoder is not None and not self._decoder.eof:
            raise RefusedError("its compressed content is cut off")
        return self._hash.hexdigest()

    def close(self) -> None:
        """Let the temporary file go."""
        self.file.close()
