"""Where things are in a bundle, which names are allowed in one, and how large it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MANIFEST = "manifest.json"
RUN_FOLDER = "run"
HUB_RESULTS = "hub/.eval_results"
MODEL_INDEX = "hub/model-index.yaml"
EVERY_EVAL_EVER = "every_eval_ever"
#: The result of `sevenllm-bench probe`, where the submitter adds one.
PROBE_RESULT = "probe.json"

_PART = re.compile(r"[A-Za-z0-9._-]{1,200}")
_DEEPEST = 8
_NAME = re.compile(rf"{_PART.pattern}(?:/{_PART.pattern}){{0,{_DEEPEST - 1}}}")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a bundle may be. One of 1,300 rows has some fifty files and less than 50 MB, ten times smaller as a zip.

    Attributes:
        archive_bytes: The zip file.
        directory_bytes: Its table of contents.
        files: Number of files.
        file_bytes: One file, unpacked.
        total_bytes: All files, unpacked.
        ratio: How many times larger a packed file may become.
        line_bytes: One line of a samples file.
    """

    archive_bytes: int = 256 << 20
    directory_bytes: int = 1 << 20
    files: int = 500
    file_bytes: int = 128 << 20
    total_bytes: int = 512 << 20
    ratio: int = 200
    line_bytes: int = 4 << 20


LIMITS = Limits()


def why_not(name: str) -> str:
    """Why a file of this name is not taken from a bundle; empty when it is.

    Names are relative, with "/" between at most 8 parts of ASCII letters, digits, ".", "_" and "-".
    """
    parts = name.split("/")
    if _NAME.fullmatch(name) and not {".", ".."}.intersection(parts):
        return ""
    if any(not character.isprintable() for character in name):
        return "control characters in its name"
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return "an absolute path"
    if ".." in parts or ".." in name.split("\\"):
        return "a path that leads out of the bundle"
    if len(parts) > _DEEPEST or not all(_PART.fullmatch(part) and part != "." for part in parts):
        return 'a name that is none of a bundle\'s (letters, digits, ".", "_", "-" and at most 8 levels)'
    return ""


def misplaced(names: Iterable[str]) -> str:
    """Why a zip without the manifest at its top is not as `submit` wrote it, and what to do; empty where that isn't known.

    Args:
        names: All names in it, as they are.
    """
    for name in names:
        if name.startswith((f"{RUN_FOLDER}\\", f"{EVERY_EVAL_EVER}\\")):
            return f"backslashes in its names ({name[:60]}), as some Windows programs write them; zip it with another program"
        folder, _, last = name.replace("\\", "/").rpartition("/")
        if last == MANIFEST and folder:
            return f"its files are in a folder {folder[:60]}/ of the zip; zip what is in that folder, without the folder"
    return ""


def safe_part(text: str) -> str:
    """A text as part of a file name: other characters replaced by "-"."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:100] or "unnamed"
