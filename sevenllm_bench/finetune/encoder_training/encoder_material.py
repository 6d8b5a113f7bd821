"""What an encoder run is trained on: rows of the sources and records of files, kept apart from the benchmark, some held out."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.corpus.guarded_rows import guarded_rows
from sevenllm_bench.corpus.leaks import LeakGuard
from sevenllm_bench.corpus.selection import deduplicate, split_held_out
from sevenllm_bench.data.rows import language_of
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoder_training.encoder_sections import EncoderConfig, EncoderDataSection
from sevenllm_bench.finetune.encoding.dataset import select_rows
from sevenllm_bench.finetune.encoding.source_account import Record
from sevenllm_bench.finetune.output.shown_paths import without_folders
from sevenllm_bench.io.files import read_bytes, user_path

#: Leaks that are listed one by one; all are counted.
_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A record of a user's file.

    Attributes:
        text: Its text, by which the benchmark is kept apart and duplicates are found.
        value: What is trained on besides, a JSON value: labels, a class.
    """

    text: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class TrainingMaterial:
    """What is trained on, and what is held out.

    Attributes:
        rows: Examples of the sources to train on.
        held_out_rows: Examples of the sources that are held out.
        records: Records of the files to train on.
        held_out_records: Records of the files that are held out.
        report: What a model card says of it, JSON-able.
    """

    rows: Sequence[Record]
    held_out_rows: Sequence[Record]
    records: Sequence[FileRecord]
    held_out_records: Sequence[FileRecord]
    report: dict[str, Any]


def material(
    config: EncoderConfig, parse: Callable[[bytes, str], Iterable[FileRecord]] | None, say: Callable[[str], None]
) -> TrainingMaterial:
    """Read what a run is trained on.

    Args:
        config: The run.
        parse: Records of a file's bytes, under its name; None where the kind takes no files.
        say: Takes lines about the progress.

    Raises:
        DataError: A source, a file or the benchmark can't be read, or nothing is left to train on.
    """
    data, seed = config.data, config.training.seed
    selection = select_rows(data, seed, say) if data.entries else None
    report = dict(selection.report) if selection else {"sources": [], "leak guard": data.guard}
    records, held_out = (
        _of_files(data, seed, parse, report, say, config.kind == "code-classifier") if data.files and parse else ([], [])
    )
    rows, held_out_rows = (selection.training, selection.held_out) if selection else ((), ())
    if not rows and not records:
        raise DataError("data.files: no record is left to train on; see the leak guard, duplicates and data.held_out")
    return TrainingMaterial(rows, held_out_rows, records, held_out, report)


def _of_files(
    data: EncoderDataSection,
    seed: int,
    parse: Callable[[bytes, str], Iterable[FileRecord]],
    report: dict[str, Any],
    say: Callable[[str], None],
    is_code: bool,
) -> tuple[list[FileRecord], list[FileRecord]]:
    paths = _paths(data.files)
    digest, records = hashlib.sha256(), []
    for path in paths:
        content = read_bytes(path, DataError)
        digest.update(hashlib.sha256(content).digest())
        records += [record for record in parse(content, str(path)) if record.text.strip()]
    if not records:
        raise DataError(f"data.files: no record in {', '.join(map(str, paths[:3]))}")
    wrapped = [_wrapped(number, record) for number, record in enumerate(records)]
    counts: dict[str, Any] = {"files": without_folders([str(path) for path in paths]), "sha256": digest.hexdigest()}
    counts["read"] = len(records)
    kept = _without_leaks(wrapped, data, counts, report, say)
    if data.deduplicate:
        before, kept = len(kept), _distinct(kept) if is_code else deduplicate(kept)[0]
        counts["duplicates removed"] = before - len(kept)
    training, held_out = split_held_out(kept, data.held_out, seed)
    if data.max_rows is not None:
        training = training[: data.max_rows]
    counts |= {"held out": len(held_out), "chosen": len(training)}
    report["records of files"] = counts
    return [records[one.id] for one in training], [records[one.id] for one in held_out]


def _distinct(records: Iterable[Conversation]) -> list[Conversation]:
    """The first of those that differ in white space alone: a sign more or less can be the fix of a function."""
    first: dict[str, Conversation] = {}
    for record in records:
        first.setdefault("".join(record.turns[0].text.split()), record)
    return list(first.values())


def _paths(names: Iterable[str]) -> list[Path]:
    found: list[Path] = []
    for name in names:
        path = user_path(name, DataError)
        several = sorted(map(Path, glob.glob(str(path), recursive=True))) if not path.exists() else [path]  # noqa: PTH207
        files = [one for one in several if one.is_file()]
        if not files:
            raise DataError(f"data.files: no file {name}")
        found += [one for one in files if one not in found]
    return found


def _wrapped(number: int, record: FileRecord) -> Conversation:
    return Conversation(number, (Turn("user", record.text), Turn("assistant", "")), language_of(record.text), "files")


def _without_leaks(
    records: list[Conversation],
    data: EncoderDataSection,
    counts: dict[str, Any],
    report: dict[str, Any],
    say: Callable[[str], None],
) -> list[Conversation]:
    if data.guard == "off":
        return records
    guarded = guarded_rows(data.guard, data.data_dir, data.allow_modified, "data.leak_guard=embedded")
    say(f"comparing {len(records):,} records of files with {len(guarded.rows):,} rows of the benchmark")
    clean, leaks = LeakGuard(guarded.rows).separate(records)
    counts |= {"leaks removed": len(leaks), "leaks": [asdict(leak) for leak in leaks[:_LISTED]]}
    if guarded.sha256:
        report["benchmark sha256"] = guarded.sha256
    return clean
