"""A bundle, which anybody may have made, to plain files in a folder of ours; nothing is written anywhere else."""

from __future__ import annotations

import contextlib
import stat
import zipfile
import zlib
from pathlib import Path
from typing import IO

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.submission.layout import LIMITS, Limits, misplaced, why_not
from sevenllm_bench.submission.verify.findings import Finding
from sevenllm_bench.text.display import printable

_CHUNK = 1 << 20
#: Small files may expand as much as they like.
_RATIO_FROM = 1 << 20
_END = b"PK\x05\x06"
_LOCAL, _SIGNATURE = b"PK\x03\x04", b"PK"
#: Bytes of the record that may follow a member's data, 24 at most.
_SIZES = 24
_AGAIN = "give what `sevenllm-bench submit` wrote"
_END_64 = b"PK\x06\x07"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpack(bundle: Path, into: Path, limits: Limits = LIMITS) -> tuple[tuple[str, ...], list[Finding]]:
    """Copy a bundle's files into an empty folder.

    Only regular files with plain names are taken: no links, devices, encrypted members, names that lead elsewhere or
    come twice, nothing beyond the limits. What is left out is a finding; nothing is executed or followed.

    Args:
        bundle: A zip file.
        into: An empty folder of the caller's.
        limits: How large it may be.

    Returns:
        The names taken, and what was left out.

    Raises:
        ResultsError: It is no readable zip file.
    """
    if bundle.is_dir():
        raise ResultsError(f"{bundle}: a folder; give the zip file that `sevenllm-bench submit` wrote")
    if not bundle.is_file():
        raise ResultsError(f"{bundle}: {'not a regular file' if bundle.exists() else 'no such file or folder'}")
    taking = _Taking(into, limits)
    _take_zip(bundle, taking, limits)
    return tuple(taking.names), taking.findings


class _FullError(Exception):
    """The bundle as a whole is larger than allowed."""


class _Taking:
    """Writes files into the folder, and counts."""

    def __init__(self, into: Path, limits: Limits) -> None:
        self.into, self.limits = into, limits
        self.names: list[str] = []
        self.findings: list[Finding] = []
        self._folded: set[str] = set()
        self._total = 0

    def refuse(self, name: str, why: str) -> None:
        """Leave a file out, and say why; stop at too many."""
        self.findings.append(Finding("bundle", printable(name) or "(no name)", "differs", f"not taken: {why}"))
        if len(self.findings) > self.limits.files:
            raise _FullError

    def accepts(self, name: str, size: int) -> bool:
        """Whether a file of this name and (claimed) size may be taken; says why not."""
        why = why_not(name)
        if not why and name.casefold() in self._folded:
            why = "a file of this name was there already"
        if not why and size > self.limits.file_bytes:
            why = f"{size:,} bytes (claimed), more than the {self.limits.file_bytes:,} allowed"
        if why:
            self.refuse(name, why)
            return False
        self._folded.add(name.casefold())
        if len(self._folded) > self.limits.files:
            self.refuse(name, f"more than {self.limits.files} files; the rest wasn't looked at")
            raise _FullError
        return True

    def take(self, name: str, source: IO[bytes], most: int) -> None:
        """Copy one file of at most `most` bytes; a file that turns out larger is removed again."""
        path = self.into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        with path.open("xb") as target:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > most or self._total + size > self.limits.total_bytes:
                    break
                target.write(chunk)
        if size > most or self._total + size > self.limits.total_bytes:
            path.unlink(missing_ok=True)
            whole = size <= most
            self.refuse(name, "all files together are too large" if whole else f"expands beyond {most:,} bytes")
            if whole:
                raise _FullError
            return
        self._total += size
        self.names.append(name)


def _take_zip(path: Path, taking: _Taking, limits: Limits) -> None:
    try:
        _check_directory(path, limits)
        with zipfile.ZipFile(path) as archive:
            _check_layout(path, archive)
            if why := misplaced(member.orig_filename for member in archive.infolist()):
                raise ResultsError(f"{path}: {printable(why)}")
            for member in archive.infolist():
                _take_member(archive, member, taking)
    except _FullError:
        return
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise ResultsError(f"{path}: not a readable zip file ({printable(error)})") from None


def _check_directory(path: Path, limits: Limits) -> None:
    """Refuse a zip whose table of contents would not fit into memory, before it is read.

    The record at the end of the file says how large it is (PKWARE APPNOTE 4.3.16); the search is that of `zipfile`.
    """
    size = path.stat().st_size
    if size > limits.archive_bytes:
        raise ResultsError(f"{path}: {size:,} bytes, more than the {limits.archive_bytes:,} allowed for a bundle")
    with path.open("rb") as file:
        file.seek(max(0, size - 65_557 - 20))
        tail = file.read()
    at = len(tail) - 22 if tail[-22:-18] == _END and tail.endswith(b"\0\0") else tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise ResultsError(f"{path}: not a zip file; give what `sevenllm-bench submit` wrote")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    if length > limits.directory_bytes or tail[max(0, at - 20) : at].startswith(_END_64):
        raise ResultsError(f"{path}: a zip file with far more members than a bundle has")


def _check_layout(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a zip file that other programs may read as another one: each byte of it must belong to one thing.

    Its members lie one after the other from its first byte to the table of contents, each under the name that the table
    gives it; nothing lies before, between (but for a record of sizes, 4.3.9) or after them.
    """
    at = 0
    with path.open("rb") as file:
        for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
            file.seek(member.header_offset)
            header = file.read(30)
            name_bytes, extra_bytes = (int.from_bytes(header[place : place + 2], "little") for place in (26, 28))
            name, extra = file.read(name_bytes), file.read(extra_bytes)
            if not at <= member.header_offset <= at + (_SIZES if at else 0) or header[:4] != _LOCAL:
                raise ResultsError(f"{path}: its files overlap, or something else lies before or between them; {_AGAIN}")
            if name.decode("utf-8" if member.flag_bits & 0x800 else "cp437", "replace") != member.orig_filename:
                raise ResultsError(f"{path}: a file has two names in it, {printable(member.orig_filename, 80)} is one; {_AGAIN}")
            if any(_has_unicode_path(fields) for fields in (extra, member.extra)):
                raise ResultsError(f"{path}: {printable(member.orig_filename, 80)} has a second name in an extra field; {_AGAIN}")
            at = member.header_offset + 30 + name_bytes + extra_bytes + member.compress_size
        if not at <= archive.start_dir <= at + _SIZES or _SIGNATURE in archive.comment:
            raise ResultsError(f"{path}: something else lies between its files and its end, such as a second archive; {_AGAIN}")


def _has_unicode_path(extra: bytes) -> bool:
    """Whether the extra fields hold a Unicode path (0x7075, APPNOTE 4.6.9)."""
    at = 0
    while at + 4 <= len(extra):
        if extra[at : at + 2] == b"\x75\x70":
            return True
        at += 4 + int.from_bytes(extra[at + 2 : at + 4], "little")
    return False


def _take_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, taking: _Taking) -> None:
    name = member.orig_filename
    mode = member.external_attr >> 16
    if name.endswith("/") and not why_not(name[:-1]):
        return
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        taking.refuse(name, _kind(mode))
    elif member.flag_bits & 0x1:
        taking.refuse(name, "encrypted")
    elif member.compress_type not in _METHODS:
        taking.refuse(name, "packed in a way that bundles don't use (deflate or stored)")
    elif taking.accepts(name, member.file_size):
        allowed = max(_RATIO_FROM, member.compress_size * taking.limits.ratio)
        try:
            with archive.open(member) as source:
                taking.take(name, source, min(allowed, taking.limits.file_bytes))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
            with contextlib.suppress(OSError):
                (taking.into / name).unlink()
            taking.refuse(name, f"can't be unpacked ({printable(error)})")


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFDIR: "a folder too deep",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "a device, or something else that is no file")
