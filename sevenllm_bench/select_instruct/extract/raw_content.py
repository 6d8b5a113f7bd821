"""The bytes of a file or of a recorded response, decompressed, and never more of them than allowed."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from sevenllm_bench.select_instruct.collect.refusals import RefusedError
from sevenllm_bench.select_instruct.collect.warc_archive import body_as_measured
from sevenllm_bench.select_instruct.corpus_records import RawFile
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

#: Most bytes of a file or response.
MAX_BYTES = 20_000_000


def read_raw(raw: RawFile, folder: str, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of a file or response.

    Args:
        raw: With a `path`, a local file; with `origin.warc` ("FILE:OFFSET"), the record at that offset of FILE, which is
            relative to `folder`; with both, the record at that offset of `path`.
        folder: Where the fetched responses lie.
        max_bytes: Most bytes, before and after `Content-Encoding` is undone.

    Raises:
        UnusableFileError: It can't be read, is damaged, or is larger.
    """
    try:
        data = _recorded(raw, folder, max_bytes) if raw.origin.warc else _local(raw, max_bytes)
    except OSError as error:
        raise UnusableFileError(f"can't be read: {error.strerror or error}") from None
    if len(data) > max_bytes:
        raise UnusableFileError(f"has more than {max_bytes:,} bytes")
    return data


def _local(raw: RawFile, max_bytes: int) -> bytes:
    if raw.path is None:
        raise UnusableFileError("names neither a file nor a recorded response")
    if not Path(raw.path).is_file():
        raise UnusableFileError("can't be read: there is no such file")
    with Path(raw.path).open("rb") as file:
        return file.read(max_bytes + 1)


def _recorded(raw: RawFile, folder: str, max_bytes: int) -> bytes:
    name, _, offset = str(raw.origin.warc).rpartition(":")
    if not offset.isdecimal():
        raise UnusableFileError(f"can't be read: {raw.origin.warc} is no FILE:OFFSET")
    with (Path(raw.path) if raw.path else Path(folder) / name).open("rb") as file:
        file.seek(int(offset))
        try:
            return _response(file, max_bytes, fetched=raw.path is None)
        except UnusableFileError:
            raise
        except RefusedError as error:
            is_large = error.reason.startswith("more than")
            raise UnusableFileError(f"has {error.reason}" if is_large else f"can't be read: {error.reason}") from None
        except Exception as error:  # warcio and the decompressors raise many kinds
            raise UnusableFileError(f"the record at {raw.origin.warc} is damaged: {type(error).__name__}") from None


def _response(file: IO[bytes], max_bytes: int, fetched: bool) -> bytes:
    from warcio.archiveiterator import ArchiveIterator

    record = next(iter(ArchiveIterator(file)), None)
    if record is None or record.rec_type not in ("response", "resource"):
        raise UnusableFileError("can't be read: there is no response at this place of the WARC file")
    if not fetched or record.http_headers is None:
        return _read(record.content_stream(), max_bytes + 1)
    return body_as_measured(record, max_bytes)


def _read(stream: Any, size: int) -> bytes:
    """Up to `size` bytes: a decompressing stream returns fewer at a time."""
    parts, have = [], 0
    while have < size and (part := stream.read(min(size - have, 1 << 16))):
        parts.append(part)
        have += len(part)
    return b"".join(parts)
