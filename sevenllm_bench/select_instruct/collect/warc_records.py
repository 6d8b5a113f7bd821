"""Responses in WARC files of the user's: each becomes a raw file of its own, at its offset."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.select_instruct.collect.refusals import RefusedError

_PIECE = 1 << 16
_START = 1024


@dataclass(frozen=True)
class WarcRecord:
    """A response in a WARC file.

    Attributes:
        url: What was asked for.
        offset: Where the record begins in the file.
        fetched: When, as the record has it.
        content_type: The header of the response.
        etag: The header.
        last_modified: The header.
        sha256: Of the body without its coding.
        start: The first bytes of the body.
    """

    url: str
    offset: int
    fetched: str
    content_type: str
    etag: str
    last_modified: str
    sha256: str
    start: bytes


def records_of(path: Path, most: int, log: Callable[[str, str], None]) -> Iterator[WarcRecord]:
    """The usable responses of a file in its order; of a damaged file, those before the damage.

    Args:
        path: The file.
        most: Most bytes of a body.
        log: Takes a URL (or the path) and why it is left out.
    """
    from warcio.archiveiterator import ArchiveIterator

    try:
        with path.open("rb") as file:
            records = ArchiveIterator(file)
            for record in records:
                if record.rec_type not in ("response", "resource"):
                    continue
                url = str(record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")[:2100]
                try:
                    yield _usable(record, url, records.get_record_offset, most)
                except RefusedError as error:
                    log(url or str(path), error.reason)
                except Exception as error:  # warcio and zlib raise many kinds
                    log(url or str(path), f"damaged record ({type(error).__name__})")
    except Exception as error:
        log(str(path), f"damaged WARC ({type(error).__name__}: {str(error)[:200].strip()}); what comes before is used")


def _usable(record: Any, url: str, offset: Callable[[], int], most: int) -> WarcRecord:
    headers = record.http_headers
    status = headers.get_statuscode() if headers else "200"
    if status != "200":
        raise RefusedError(f"the server answered {status[:20]}")
    try:
        url.encode()
    except UnicodeEncodeError:
        raise RefusedError("its URL is not UTF-8") from None
    digest, size, start = hashlib.sha256(), 0, b""
    stream = record.content_stream()
    while data := stream.read(_PIECE):
        size += len(data)
        if size > most:
            raise RefusedError(f"has more than {most:,} bytes (collect.max_bytes)")
        digest.update(data)
        start = (start + data)[:_START] if len(start) < _START else start

    def header(name: str) -> str:
        return str((headers.get_header(name) if headers else "") or "")

    # The offset is asked for last: asking reads the record to its end.
    fetched = str(record.rec_headers.get_header("WARC-Date") or "")
    kind = header("Content-Type") or str(record.content_type or "") * (headers is None)
    return WarcRecord(url, offset(), fetched, kind, header("ETag"), header("Last-Modified"), digest.hexdigest(), start)
