"""Responses as they arrived, in WARC files; what is written is whole, or taken off again.

The body of 200 is kept with its `Content-Encoding`; bodies of other answers are not read, and their records say
`WARC-Truncated`. A record is one gzip member, at an offset that is noted when it is on the disk.
"""

from __future__ import annotations

import io
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sevenllm_bench.select_instruct.collect.measured_body import MeasuredBody
from sevenllm_bench.select_instruct.collect.one_request import WebResponse

#: A file that is larger is followed by another.
_MOST_BYTES = 500_000_000


class WarcArchive:
    """The folder of WARC files of one collection; one process writes."""

    def __init__(self, folder: Path, end: str) -> None:
        """Go on after `end` ("FILE:OFFSET"; "" for the beginning): what lies behind it was not noted, and is taken off."""
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        name, _, offset = end.rpartition(":")
        self._name = name or self._name_of(0)
        for path in self.folder.glob("*.warc.gz"):
            if path.name > self._name:
                path.unlink()
        self._file: IO[bytes] = self._path.open("ab")
        os.ftruncate(self._file.fileno(), min(int(offset or 0), self._path.stat().st_size))
        self._file.seek(0, os.SEEK_END)

    @property
    def _path(self) -> Path:
        return self.folder / self._name

    @staticmethod
    def _name_of(number: int) -> str:
        return f"{number:05d}.warc.gz"

    def add(self, url: str, answer: WebResponse, fetched: float) -> tuple[str, str]:
        """Write a response, and wait until it is on the disk.

        Returns:
            Where it begins ("FILE:OFFSET"), and where the next one would.

        Raises:
            ValueError: Its headers can't be written.
        """
        from warcio.warcwriter import WARCWriter

        if self._file.tell() > _MOST_BYTES:
            self._file.close()
            self._name = self._name_of(int(self._name[:5]) + 1)
            self._file = self._path.open("ab")
        begin = self._file.tell()
        writer = WARCWriter(self._file, gzip=True)
        try:
            writer.write_record(self._record(writer, url, answer, fetched))
            self._file.flush()
            os.fsync(self._file.fileno())
        except BaseException:
            self._file.truncate(begin)
            raise
        return f"{self._name}:{begin}", f"{self._name}:{self._file.tell()}"

    def _record(self, writer: Any, url: str, answer: WebResponse, fetched: float) -> Any:
        from warcio.statusandheaders import StatusAndHeaders

        size = answer.body.size if answer.body else 0
        payload: IO[bytes] = answer.body.file if answer.body else io.BytesIO()
        payload.seek(0)
        about = {"WARC-Date": datetime.fromtimestamp(fetched, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        if answer.cut:
            about["WARC-Truncated"] = "length"
        headers = [(_kept_name(key, value, size), value) for key, value in answer.headers]
        status = StatusAndHeaders(f"{answer.status} {answer.reason}", headers, protocol="HTTP/1.1")
        return writer.create_warc_record(
            url, "response", payload=payload, length=size, http_headers=status, warc_headers_dict=about
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _kept_name(key: str, value: str, size: int) -> str:
    """Headers of the transfer, which is undone here, get another name, so that readers don't undo it again."""
    undone = key.lower() == "transfer-encoding" or (key.lower() == "content-length" and value != str(size))
    return f"X-Received-{key}" if undone else key


def payload_of(folder: Path, place: str, most: int) -> bytes:
    """Up to `most` bytes of the body of the response at "FILE:OFFSET", its coding undone."""
    from warcio.archiveiterator import ArchiveIterator

    name, _, offset = place.rpartition(":")
    with (folder / name).open("rb") as file:
        file.seek(int(offset))
        return body_as_measured(next(iter(ArchiveIterator(file))), most)


def body_as_measured(record: Any, most: int) -> bytes:
    """The body of a response of ours, its coding undone as when it was fetched.

    warcio knows no x-gzip, and of several members of a gzip file only the first.

    Raises:
        RefusedError: It has more than `most` bytes, or is damaged.
    """
    with closing(MeasuredBody(str(record.http_headers.get_header("Content-Encoding") or ""), most, most)) as body:
        while piece := record.raw_stream.read(1 << 16):
            body.write(piece)
        return body.start
