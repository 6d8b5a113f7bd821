"""SEvenLLM-Instruct, the training corpus: read from the Hub or a file, line by line, and normalised to typed rows.

The file was written by a model and is not clean: extraction answers that are no JSON, labels that are no task, letters
with text behind them. What can be repaired is repaired and counted; what can't is left out, counted and listed. A file that is
broken in more than a few places is refused.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from sevenllm_bench.corpus.source.line_reader import LONGEST_LINE, is_packed, numbered_lines
from sevenllm_bench.corpus.source.training_rows import LeftOut, Notes, read_record
from sevenllm_bench.corpus.source.training_source import Corpus, Dropped, first_of, is_hopeless, too_many_broken
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

#: Ids beyond this are no row numbers, and JSON readers elsewhere would round them.
_LARGEST_ID = 2**53

WAYS_TO_GET_IT = f"""Ways to get it:
  - let it be downloaded (needs the network, 187 MB): https://huggingface.co/datasets/{REPO_ID}, revision {REVISION[:8]}
  - put {FILENAME} into a folder, and name the folder or the file as the training corpus
  - to try fine-tuning without it: the embedded train rows, our own writing, which are not the corpus"""


def load_instruct(path: str | Path | None = None, *further: str | Path) -> Corpus:
    """Read SEvenLLM-Instruct.

    Args:
        path: The file, or a folder that holds train.jsonl. Default: the Hub at the pinned revision (or its local cache).
        further: More files, where the corpus is in several.

    Raises:
        DataError: The file is missing, can't be downloaded or read, is the benchmark's, has no usable row, or more than
            1 % broken lines (at least 10).
    """
    if path is None:
        return _read([download(FILENAME, f"the training corpus ({FILENAME})", WAYS_TO_GET_IT)], NAME, "hub")
    files = [_in_folder(user_path(path, DataError)) for path in (path, *further)]
    return _read(files, files[0].name if len(files) == 1 else f"{files[0].parent.name} ({len(files):,} files)", "file")


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


def _read(files: Sequence[Path], name: str, origin: str) -> Corpus:
    digests, notes = [hashlib.sha256() for _ in files], Notes()
    rows: list[tuple[Row, bool]] = []
    dropped: list[Dropped] = []
    lines = broken = 0
    for number, line in _numbered(files, digests):
        lines += 1
        try:
            row, row_id = _record(line, notes)
        except LeftOut as problem:
            broken += problem.broken
            dropped.append((number, problem.row_id, problem.reason))
            if is_hopeless(broken, lines):
                break
        else:
            rows.append((row, row_id is not None and abs(row_id) <= _LARGEST_ID))
    hashes = [digest.hexdigest() for digest in digests]
    _refuse_other_files(files, hashes, bool(rows))
    _refuse_broken(str(files[0]) if len(files) == 1 else name, lines, broken, dropped, bool(rows))
    counts = notes.counts + Counter(f"left out: {reason}" for _, _, reason in dropped)
    numbered = _with_unique_ids(rows, counts)
    sha256 = hashes[0] if len(files) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    return Corpus(numbered, sha256, origin, name, lines, dict(counts), notes.labels, tuple(dropped))


def _numbered(files: Sequence[Path], digests: Sequence[hashlib._Hash]) -> Iterator[tuple[int, bytes]]:
    """Lines of one file with their numbers; of several, with the number of the line among all that aren't blank."""
    if len(files) == 1:
        return numbered_lines(files[0], digests[0])
    lines = chain.from_iterable(map(numbered_lines, files, digests))
    return ((number, line) for number, (_, line) in enumerate(lines, 1))


def _record(line: bytes, notes: Notes) -> tuple[Row, int | None]:
    if len(line) > LONGEST_LINE:
        raise LeftOut(f"longer than {LONGEST_LINE // 2**20} MiB", broken=True)
    return read_record(line, notes)


def _refuse_other_files(files: Sequence[Path], hashes: Sequence[str], any_row: bool) -> None:
    """Refuse the benchmark itself, and what is no file of rows at all."""
    for path, sha256 in zip(files, hashes, strict=True):
        if sha256 in (SHA256, SHA256_LF):
            raise DataError(f"{path} is the benchmark's own test file: nothing may be trained on it.\n{WAYS_TO_GET_IT}")
        if not any_row and not is_packed(path) and (other := what_else(path)):
            raise DataError(f"{path}: {other}.\n{WAYS_TO_GET_IT}")


def _refuse_broken(where: str, lines: int, broken: int, dropped: list[Dropped], any_row: bool) -> None:
    """Refuse files without a usable row, and with too many broken lines."""
    if problem := too_many_broken(broken, lines, f"rows of {NAME}", dropped):
        raise DataError(f"{where}: {problem}\n{WAYS_TO_GET_IT}")
    if not any_row:
        raise DataError(f"{where}: no usable row in {lines:,} lines.{first_of(dropped)}\n{WAYS_TO_GET_IT}")


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
