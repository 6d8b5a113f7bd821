"""Files and folders on this machine: found in a fixed order, looked at with care, and left where they are."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sevenllm_bench.select_instruct.collect.media_types import JSON_LINES, PLAIN, WARC, by_name, by_start, looks_binary
from sevenllm_bench.select_instruct.collect.refusals import RefusedError
from sevenllm_bench.select_instruct.stages.build_folder import is_build_folder

_START = 1024
_PIECE = 1 << 20


@dataclass(frozen=True)
class LocalFile:
    """A file that can be read.

    Attributes:
        path: Absolute.
        location: Relative to its source.
        media_type: By its name, else by its first bytes.
        sha256: Of its bytes; "" for WARC files, whose records have their own.
    """

    path: Path
    location: str
    media_type: str
    sha256: str


def walk(folder: Path, log: Callable[[str, str], None]) -> Iterator[Path]:
    """All regular files under a folder, sorted by path; everything else is logged with its reason.

    Links to folders are not followed, links to files only inside the folder. Names that begin with a dot are left out, and
    folders of builds.

    Args:
        folder: Where to look.
        log: Takes a path and a reason.
    """
    root = os.path.realpath(folder)
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            log(place, f"can't be read: {error.strerror}")
            continue
        folders = []
        for entry in found:
            try:
                if _is_kept(entry, root, log):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        yield Path(entry.path)
            except OSError as error:
                log(entry.path, f"can't be read: {error.strerror}")
        waiting += reversed(folders)


def _is_kept(entry: os.DirEntry[str], root: str, log: Callable[[str, str], None]) -> bool:
    if entry.name.startswith("."):
        log(entry.path, "its name begins with a dot")
        return False
    if not entry.is_symlink():
        if is_build_folder(entry.path):
            log(entry.path, "the output of a build")
            return False
        return True
    target = os.path.realpath(entry.path)
    if Path(target).is_dir():
        log(entry.path, "a link to a folder; it is not followed")
        return False
    if not target.startswith(root.rstrip(os.sep) + os.sep):
        log(entry.path, "a link that leads out of the folder")
        return False
    return True


def look_at(path: Path, location: str, most: int) -> LocalFile:
    """What a file is.

    Args:
        path: The file.
        location: Relative to its source.
        most: Most bytes; WARC files may have more, their records are bounded.

    Raises:
        RefusedError: It is no file that can be used.
    """
    try:
        (str(path) + location).encode()
    except UnicodeEncodeError:
        raise RefusedError("its name is not UTF-8; give it another") from None
    try:
        # Opening a pipe into which nobody writes would not return.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise RefusedError("no regular file")
            start = file.read(_START)
            if WARC in (by_name(path.name), by_start(start)):
                return LocalFile(path.absolute(), location, WARC, "")
            if state.st_size > most:
                raise RefusedError(f"has {state.st_size:,} bytes, more than {most:,} (collect.max_bytes)")
            media_type = _media_type(path.name, start)
            return LocalFile(path.absolute(), location, media_type, _hash(start, file, most))
    except OSError as error:
        raise RefusedError(f"can't be read: {error.strerror}") from None


def _media_type(name: str, start: bytes) -> str:
    named, shown = by_name(name), by_start(start)
    if shown and named not in (JSON_LINES, PLAIN):
        return shown
    if not shown and looks_binary(start):
        raise RefusedError("no HTML, PDF, Markdown, text, JSON lines or WARC")
    return named or PLAIN


def _hash(start: bytes, file: object, most: int) -> str:
    digest, size = hashlib.sha256(start), len(start)
    while data := file.read(_PIECE):  # type: ignore[attr-defined]
        digest.update(data)
        size += len(data)
        if size > most:  # it grows while it is read
            raise RefusedError(f"has more than {most:,} bytes (collect.max_bytes)")
    return digest.hexdigest()
