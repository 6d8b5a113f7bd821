"""SEvenLLM-Instruct, the training corpus: read from the Hub or a file, line by line, and normalised to typed rows.

The file was written by a model and is not clean: extraction answers that are no JSON, labels that are no task, letters
with text behind them. What can be repaired is repaired and counted; what can't is left out, counted and listed. A file that is
broken in more than a few places is refused.
"""

from __future__ import annotations

import codecs
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sevenllm_bench.corpus.source.training_rows import LeftOut, Notes, read_record
from sevenllm_bench.data.embedded import embedded_sha256, embedded_split
from sevenllm_bench.data.hub import REPO_ID, REVISION, download
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import what_else
from sevenllm_bench.io.files import user_path

FILENAME = "train.jsonl"
NAME = "SEvenLLM-Instruct"
EMBEDDED_NAME = "sevenllm-bench embedded, train split"

#: A file with more than this share of broken lines, and at least so many of them, is another file.
_BROKEN_SHARE, _BROKEN_LINES = 0.01, 10
#: Lines of the genuine file. What has more broken lines already than this many allow is not read to its end.
_LINES = 91_401
#: A longer line is no row (the genuine file has 2 KB on a line); it is not held in memory.
_LONGEST_LINE = 2**24
#: Ids beyond this are no row numbers, and JSON readers elsewhere would round them.
_LARGEST_ID = 2**53

WAYS_TO_GET_IT = f"""Ways to get it:
  - let it be downloaded (needs the network, 187 MB): https://huggingface.co/datasets/{REPO_ID}, revision {REVISION[:8]}
  - put {FILENAME} into a folder, and name the folder or the file as the training corpus
  - to try fine-tuning without it: the embedded train rows, our own writing, which are not the corpus"""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Training rows and what identifies them.

    Attributes:
        rows: Usable rows, in file order, with unique ids. `Row.category` is one of the 28 tasks or "Other".
        sha256: Hash of the file as read; of all embedded files for the embedded rows.
        origin: "hub", "file" or "embedded".
        name: Name of the corpus or file.
        lines: Lines in the file, blank ones not counted.
        counts: What was normalised or left out, and how often; see `records`.
        labels: Labels that are no task name: label, then "category" that it was mapped to (may be "Other") and "rows".
        dropped: What was left out: (line number, id if it was a number, reason).
    """

    rows: tuple[Row, ...]
    sha256: str
    origin: str
    name: str
    lines: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    labels: dict[str, dict[str, str | int]] = field(default_factory=dict)
    dropped: tuple[tuple[int, int | None, str], ...] = ()


def load_instruct(path: str | Path | None = None) -> Corpus:
    """Read SEvenLLM-Instruct.

    Args:
        path: The file, or a folder that holds train.jsonl. Default: the Hub at the pinned revision (or its local cache).

    Raises:
        DataError: The file is missing, can't be downloaded or read, is the benchmark's, has no usable row, or more than
            1 % broken lines (at least 10).
    """
    if path is None:
        return _read(download(FILENAME, f"the training corpus ({FILENAME})", WAYS_TO_GET_IT), NAME, "hub")
    file = _in_folder(user_path(path, DataError))
    return _read(file, file.name, "file")


def load_embedded_corpus() -> Corpus:
    """The embedded train rows, as a corpus: for trying things out, not for results."""
    rows = embedded_split("train")
    return Corpus(rows, embedded_sha256(), "embedded", EMBEDDED_NAME, lines=len(rows))


def _in_folder(path: Path) -> Path:
    if path.is_dir():
        path = path / FILENAME
        if not path.is_file():
            raise DataError(f"no {FILENAME} in the folder {path.parent}.\n{WAYS_TO_GET_IT}")
    if not path.exists():
        raise DataError(f"the training corpus {path} doesn't exist.\n{WAYS_TO_GET_IT}")
    if not path.is_file():
        raise DataError(f"the training corpus {path} is no file.\n{WAYS_TO_GET_IT}")
    return path


def _read(path: Path, name: str, origin: str) -> Corpus:
    digest, notes = hashlib.sha256(), Notes()
    rows: list[tuple[Row, bool]] = []
    dropped: list[tuple[int, int | None, str]] = []
    lines = broken = 0
    for number, line in _lines(path, digest):
        lines += 1
        try:
            row, row_id = _record(line, notes)
        except LeftOut as problem:
            broken += problem.broken
            dropped.append((number, problem.row_id, problem.reason))
            if broken > _BROKEN_SHARE * max(lines, _LINES):
                break
        else:
            rows.append((row, row_id is not None and abs(row_id) <= _LARGEST_ID))
    _check(path, digest.hexdigest(), lines, broken, dropped, bool(rows))
    counts = notes.counts + Counter(f"left out: {reason}" for _, _, reason in dropped)
    numbered = _with_unique_ids(rows, counts)
    return Corpus(numbered, digest.hexdigest(), origin, name, lines, dict(counts), notes.labels, tuple(dropped))


def _record(line: bytes, notes: Notes) -> tuple[Row, int | None]:
    if len(line) > _LONGEST_LINE:
        raise LeftOut(f"longer than {_LONGEST_LINE // 2**20} MiB", broken=True)
    return read_record(line, notes)


def _lines(path: Path, digest: hashlib._Hash) -> Iterator[tuple[int, bytes]]:
    """Numbered lines that are not blank; of one that is too long, its beginning. All bytes go into `digest`."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LONGEST_LINE + 1):
                number += 1
                digest.update(line)
                rest = line
                while len(rest) > _LONGEST_LINE and not rest.endswith(b"\n"):
                    rest = file.readline(_LONGEST_LINE + 1)
                    digest.update(rest)
                line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if line.strip():
                    yield number, line
    except OSError as problem:
        raise DataError(f"{path}: can't be read ({problem.strerror or problem})") from None


def _check(path: Path, sha256: str, lines: int, broken: int, dropped: list[tuple[int, int | None, str]], any_row: bool) -> None:
    """Refuse the benchmark itself, a file without a usable row, and one with too many broken lines."""
    if sha256 in (SHA256, SHA256_LF):
        raise DataError(f"{path} is the benchmark's own test file: nothing may be trained on it.\n{WAYS_TO_GET_IT}")
    if (other := what_else(path)) and not any_row:
        raise DataError(f"{path}: {other}.\n{WAYS_TO_GET_IT}")
    first = f" The first: line {dropped[0][0]}, {dropped[0][2]}." if dropped else ""
    if broken >= _BROKEN_LINES and broken > _BROKEN_SHARE * lines:
        raise DataError(
            f"{path}: {broken:,} of {lines:,} lines are no rows of {NAME}; more than {_BROKEN_SHARE:.0%} means that this is "
            f"another file or a damaged one.{first}\n{WAYS_TO_GET_IT}"
        )
    if not any_row:
        raise DataError(f"{path}: no usable row in {lines:,} lines.{first}\n{WAYS_TO_GET_IT}")


def _with_unique_ids(rows: list[tuple[Row, bool]], counts: Counter[str]) -> tuple[Row, ...]:
    """The rows, where an id is missing or was used before with a fresh one after the largest."""
    used: set[int] = set()
    following = max((row.id for row, has_id in rows if has_id), default=0) + 1
    unique = []
    for row, has_id in rows:
        if not has_id or row.id in used:
            row = replace(row, id=following)
            following += 1
            counts["id missing or used before: fresh id"] += 1
        used.add(row.id)
        unique.append(row)
    return tuple(unique)
