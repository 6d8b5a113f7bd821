"""The files in a bundle, read from the zip file itself: nothing is unpacked."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.runs.locate import task_of
from sevenllm_bench.submission.layout import RUN_FOLDER, Limits
from sevenllm_bench.text.display import printable

#: What reading a zip file of anybody's raises.
UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError, EOFError)


def has_samples(bundle: Path) -> bool:
    """Whether there are samples among the files of a bundle.

    Raises:
        ResultsError: It is no readable zip file.
    """
    return any(map(_is_samples, members_of(bundle)))


def members_of(bundle: Path) -> dict[str, int]:
    """The files in a bundle with their sizes, as its table of contents says.

    Raises:
        ResultsError: It is no readable zip file.
    """
    try:
        with zipfile.ZipFile(bundle) as archive:
            return {member.filename: member.file_size for member in archive.infolist()}
    except UNREADABLE as error:
        raise ResultsError(f"{bundle}: can't be read ({printable(error)})") from None


def samples_in(
    archive: zipfile.ZipFile, wanted: Callable[[str], object], limits: Limits
) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """The samples of some tasks with the names of these.

    Args:
        archive: The zip file.
        wanted: Says of a task's name whether it is one of them.
        limits: What a bundle may have.

    Raises:
        zipfile.BadZipFile: There are more, or larger ones, than a bundle has.
    """
    members = archive.infolist()
    ours = [(member, task_of(Path(member.filename))) for member in members if _is_samples(member.filename)]
    ours = [(member, task) for member, task in ours if wanted(task)]
    if len(members) > limits.files or sum(member.file_size for member, _ in ours) > limits.total_bytes:
        raise zipfile.BadZipFile("more files, or larger ones, than a bundle has")
    if len({task for _, task in ours}) < len(ours):
        raise zipfile.BadZipFile("samples of one task twice")
    yield from ours


def content_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> bytes:
    """A member's bytes; `zipfile` gives no more than the size that the table of contents says.

    Raises:
        zipfile.BadZipFile: It is larger than a bundle's file, or packed more tightly than samples can be.
    """
    most = min(limits.file_bytes, max(1 << 20, member.compress_size * limits.ratio))
    if member.file_size > most:
        raise zipfile.BadZipFile(f"{last_name(member)}: larger than allowed")
    with archive.open(member) as file:
        return file.read(most)


def last_name(member: zipfile.ZipInfo) -> str:
    """The name of a member without its folders."""
    return member.filename.rpartition("/")[2]


def _is_samples(name: str) -> bool:
    return name.startswith(f"{RUN_FOLDER}/samples_") and name.endswith(".jsonl")
