"""What a file is, by its first bytes, where it isn't the text that was expected."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

#: First bytes and what they mean.
_SIGNATURES = (
    (b"\xff\xfe\x00\x00", "UTF-32 text; save it as UTF-8"),
    (b"\x00\x00\xfe\xff", "UTF-32 text; save it as UTF-8"),
    (b"PK\x03\x04", "a zip file; unpack it first"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first (gunzip)"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first (unzstd)"),
    (b"\xfd7zXZ\x00", "compressed with xz; unpack it first (unxz)"),
    (b"BZh", "compressed with bzip2; unpack it first (bunzip2)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"PAR1", "a Parquet file; write its rows as JSON lines"),
    (b"ARROW1", "an Arrow file; write its rows as JSON lines"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF-", "a PDF"),
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"),
    (b"/annex/objects/", "a git-annex pointer, not the file itself; fetch it with `git annex get`"),
)
_HTML = (b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")
_BUNDLE = "a submission's bundle; unpack it, and give its folder `run` (`sevenllm-bench verify` reads it as it is)"


def what_else(path: Path) -> str:
    """What a file is that is no text in UTF-8, and what to do ("UTF-16 text; save it as UTF-8"); empty if nothing is known."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            start = file.read(512)
    except OSError:
        return ""
    if start.startswith(b"PK\x03\x04"):
        return _archive(path)
    return of_bytes(start)


def of_bytes(start: bytes) -> str:
    """The same of the first bytes of a file."""
    known = next((what for signature, what in _SIGNATURES if start.startswith(signature)), "")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not known and text.startswith(_HTML):
        known = "a web page (HTML or XML), not the file; was it saved from a page that asks to log in?"
    return known or ("UTF-16 text, as Windows PowerShell's > writes it; save it as UTF-8" if _is_utf_16(start) else "")


def _is_utf_16(start: bytes) -> bool:
    """Whether it is JSON in UTF-16, with a byte order mark or without."""
    for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        text = start.removeprefix(mark).decode(encoding, "replace").lstrip()
        if text.startswith(("{", "[")):
            return True
    return False


def _archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        return "a zip file that is cut off or broken"
    is_bundle = any(name.replace("\\", "/").split("/")[-1] == "manifest.json" for name in names)
    return _BUNDLE if is_bundle else "a zip file; unpack it first"
