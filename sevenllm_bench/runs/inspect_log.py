"""A log of Inspect as JSON values: what it says of the run, and its samples one by one. Nothing of it is trusted."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.io.files import MOST_LINE_BYTES, read_bytes
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.text.display import printable

#: Name of our tasks in Inspect's registry begins with the package.
_OURS = "sevenllm_bench/"
#: First keys of a log as JSON (`EvalLog`, version 2 of the format), within this many bytes.
_HEAD = 400
_HEADER, _SAMPLES = "header.json", "samples/"
#: One sample of ours has some 20 kB, and no run has more than 1,300 rows times some epochs.
_MOST_MEMBERS = 50_000
_MOST_HEADER = 64 << 20
_MOST_IN_ALL = 4 << 30
_ZSTD = 93
_NO_ZSTD = (
    "its parts are compressed with zstd, which needs a package more: pip install 'sevenllm-bench[inspect]' "
    "(or write it as JSON: inspect log convert FILE --to json --output-dir DIR)"
)


def is_inspect_log(path: Path) -> bool:
    """Whether a file is a log of Inspect: by its name (.eval), or as JSON by its first keys."""
    if path.suffix == ".eval":
        return True
    if path.suffix != ".json":
        return False
    try:
        with path.open("rb") as file:
            start = b"".join(file.read(_HEAD).split())
    except OSError:
        return False
    return start.startswith(b'{"version":') and b'"status":"' in start and b'"eval":{' in start


def status_of_ours(path: Path) -> str:
    """The status of a log of Inspect of one of our tasks ("success" once it is finished); empty for any other file."""
    try:
        return printable(read_header(path).get("status"), 40) if is_inspect_log(path) else ""
    except ResultsError:
        return ""


def read_header(path: Path) -> dict[str, Any]:
    """All of a log except its samples.

    Raises:
        ResultsError: It can't be read, is cut off or too large, or is no log of a task of ours.
    """
    header = _packed_header(path) if path.suffix == ".eval" else _json_log(path)
    name = dig(header, "eval", "task_registry_name") or dig(header, "eval", "task")
    if not isinstance(name, str) or not name.startswith(_OURS):
        raise ResultsError(f"{path}: a log of Inspect without a task of ours (its task is {printable(name, 80)})")
    return header


def read_samples(path: Path) -> Iterator[tuple[str, Any]]:
    """The samples of a log with the names of their places, each checked for its size only.

    Raises:
        ResultsError: It can't be read.
    """
    if path.suffix == ".eval":
        yield from _packed_samples(path)
        return
    samples = _json_log(path).get("samples") or []
    if not isinstance(samples, list):
        raise ResultsError(f"{path}: its samples are no list")
    for number, sample in enumerate(samples, 1):
        yield f"sample {number}", sample


def _json_log(path: Path) -> dict[str, Any]:
    return _object(read_bytes(path, ResultsError), path)


def _object(content: bytes, path: Path, part: str = "") -> dict[str, Any]:
    where = f"{path}{': ' if part else ''}{part}"
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{where}: broken JSON ({printable(error, 200)})") from None
    if not isinstance(value, dict):
        raise ResultsError(f"{where}: an object was expected, found {type(value).__name__}")
    return value


def _packed_header(path: Path) -> dict[str, Any]:
    with _archive(path) as archive:
        if _HEADER not in archive.namelist():
            raise ResultsError(f"{path}: no {_HEADER} in it: the run is not finished, or the file is no log of Inspect")
        return _object(_member(archive, archive.getinfo(_HEADER), _MOST_HEADER, path), path, _HEADER)


def _packed_samples(path: Path) -> Iterator[tuple[str, Any]]:
    with _archive(path) as archive:
        members = [info for info in archive.infolist() if info.filename.startswith(_SAMPLES) and not info.is_dir()]
        for info in members:
            name = printable(info.filename, 80)
            yield name, _object(_member(archive, info, MOST_LINE_BYTES, path), path, name)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS or sum(info.file_size for info in members) > _MOST_IN_ALL:
                raise ResultsError(
                    f"{path}: more than {_MOST_MEMBERS:,} parts or {_MOST_IN_ALL >> 30} GiB; no log of ours is so large"
                )
            if any(info.compress_type == _ZSTD for info in members):
                _know_zstd(path)
            yield archive
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise ResultsError(f"{path}: can't be read as a log of Inspect ({printable(error, 200)})") from None


def _know_zstd(path: Path) -> None:
    """Let zipfile unpack zstd, as Inspect does; from Python 3.14 on it can."""
    if hasattr(zipfile, "ZIP_ZSTANDARD"):
        return
    try:
        import zipfile_zstd  # noqa: F401
    except ImportError:
        raise ResultsError(f"{path}: {_NO_ZSTD}") from None


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, path: Path) -> bytes:
    """A part of the archive, unpacked to `most` bytes at most, whatever its table of contents says."""
    try:
        with archive.open(info) as file:
            content = file.read(most + 1)
    except ResultsError:
        raise
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ResultsError(f"{path}: {printable(info.filename, 80)} can't be unpacked ({printable(error, 200)})") from None
    except Exception as error:  # zstandard's own kind of error, which can't be named without importing it
        raise ResultsError(f"{path}: {printable(info.filename, 80)} can't be unpacked ({printable(error, 200)})") from None
    if len(content) > most:
        raise ResultsError(f"{path}: {printable(info.filename, 80)} has more than {most:,} bytes unpacked")
    return content
