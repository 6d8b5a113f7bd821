"""Saved answers: JSON lines of `id` and `output`, or the samples files that lm-eval writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sevenllm_bench.errors import PredictionsError
from sevenllm_bench.io.files import read_lines, user_path

#: What a line of a coverage is about.
CoverageKind = Literal["answers", "missing", "duplicates", "unknown"]

_EXPECTED = 'one JSON object per line with "id" and "output", or the samples_*.jsonl that lm_eval --log_samples writes'


@dataclass(frozen=True, slots=True)
class Predictions:
    """Answers by row id.

    Attributes:
        answers: Row id to answer: a text, or a JSON value parsed already.
        duplicates: Ids that came more than once; their first answer counts.
        names: The files read.
        ignored: Samples files of older runs in the same folder, which were not read.
    """

    answers: dict[int, Any]
    duplicates: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The files in a few words."""
        more = f" and {len(self.names) - 1} more files" if len(self.names) > 1 else ""
        return f"{self.names[0]}{more}" if self.names else "no file"

    def coverage(self, wanted: Iterable[int], known: Iterable[int] = ()) -> Coverage:
        """Compare with the ids wanted; ids that are neither wanted nor `known` are unknown."""
        wanted_set = set(wanted)
        missing = sorted(wanted_set - self.answers.keys())
        unknown = sorted(self.answers.keys() - wanted_set - set(known))
        return Coverage(len(wanted_set), tuple(missing), self.duplicates, tuple(unknown))


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which of the wanted rows have an answer.

    Attributes:
        wanted: Number of rows to answer.
        missing: Ids without an answer, which score 0.
        duplicates: Ids answered more than once.
        unknown: Ids that no row has, which are left out.
    """

    wanted: int
    missing: tuple[int, ...] = field(default=())
    duplicates: tuple[int, ...] = field(default=())
    unknown: tuple[int, ...] = field(default=())

    @property
    def share(self) -> float:
        """Share of wanted rows with an answer, in [0, 1]."""
        return (self.wanted - len(self.missing)) / self.wanted if self.wanted else 0.0

    def lines(self, missing: str = "missing, scored 0", unknown: str = "unknown, left out") -> list[str]:
        """The coverage in words, one line per finding.

        Args:
            missing: What the missing ids are called.
            unknown: What the unknown ids are called.
        """
        return list(self.findings(missing, unknown).values())

    def findings(self, missing: str = "missing, scored 0", unknown: str = "unknown, left out") -> dict[CoverageKind, str]:
        """The lines of `lines` by what each one is about."""
        covered = self.wanted - len(self.missing)
        found: dict[CoverageKind, str] = {"answers": f"answers: {covered:,} of {self.wanted:,} rows ({100 * self.share:.1f} %)"}
        parts: tuple[tuple[CoverageKind, str, tuple[int, ...]], ...] = (
            ("missing", missing, self.missing),
            ("duplicates", "answered more than once, first answer counts", self.duplicates),
            ("unknown", unknown, self.unknown),
        )
        return found | {kind: f"{what}: {len(ids):,} ({name_ids(ids)})" for kind, what, ids in parts if ids}


def name_ids(ids: Sequence[int], most: int = 12) -> str:
    """Ids in words, consecutive ones as ranges, at most `most` parts."""
    ranges: list[list[int]] = []
    for number in sorted(ids):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    parts = [f"{first}"[:20] if first == last else f"{first}-{last}"[:41] for first, last in ranges[:most]]
    return ", ".join(parts) + (f", and {len(ranges) - most} more ranges" if len(ranges) > most else "")


def read_predictions(paths: Sequence[str | Path]) -> Predictions:
    """Read answers from files, and from the samples files that lm-eval wrote into folders.

    Args:
        paths: JSON-lines files, or folders of samples. Of several runs in one folder, the newest is read, and the others
            are listed as ignored: answers of different runs are never mixed unless their files are named.

    Raises:
        PredictionsError: A file is missing, empty or malformed (the line is named), or holds log-likelihoods.
    """
    chosen = [_files(user_path(path, PredictionsError)) for path in paths]
    files = [file for group, _ in chosen for file in group]
    answers: dict[int, Any] = {}
    duplicates: dict[int, None] = {}
    for file in files:
        read = 0
        for identifier, answer in _answers(file):
            read += 1
            if identifier in answers:
                duplicates[identifier] = None
            answers.setdefault(identifier, answer)
        if not read:
            raise PredictionsError(f"{file}: no predictions in it; expected {_EXPECTED}")
    ignored = tuple(str(file) for _, older in chosen for file in older)
    return Predictions(answers, tuple(sorted(duplicates)), tuple(map(str, files)), ignored)


def _files(path: Path) -> tuple[list[Path], list[Path]]:
    """The files to read for one path, and the older ones in its folder."""
    if not path.exists():
        raise PredictionsError(f"{path}: no such file or folder")
    if not path.is_dir():
        return [path], []
    samples = sorted(path.rglob("samples_sevenllm_*.jsonl"))
    if not samples:
        variants = any(path.rglob("samples_sevenllm-*-logprob_*.jsonl"))
        why = "only samples of log-likelihoods, which hold no text" if variants else "no samples_sevenllm_*.jsonl in this folder"
        raise PredictionsError(f"{path}: {why}. Name a predictions file: {_EXPECTED}")
    folders = sorted({str(file.parent) for file in samples})
    if len(folders) > 1:
        raise PredictionsError(f"{path}: samples of several models; name one of {', '.join(folders)}")
    runs = {file: file.stem.rpartition("_")[2] for file in samples}  # lm-eval ends the name with the run's time stamp
    newest = max(runs.values())
    return [file for file in samples if runs[file] == newest], [file for file in samples if runs[file] != newest]


def _answers(file: Path) -> Iterator[tuple[int, Any]]:
    for number, line in read_lines(file, PredictionsError):
        yield _answer(line, f"{file}, line {number}")


def _answer(line: bytes, where: str) -> tuple[int, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PredictionsError(f"{where}: broken JSON ({error}); expected {_EXPECTED}") from None
    if not isinstance(record, dict):
        raise PredictionsError(f"{where}: found {type(record).__name__}; expected {_EXPECTED}")
    if "doc" in record and "resps" in record:
        return _from_sample(record, where)
    if "id" not in record or "output" not in record:
        raise PredictionsError(f"{where}: found the keys {', '.join(map(str, record)) or 'none'}; expected {_EXPECTED}")
    return _identifier(record["id"], where), record["output"]


def _from_sample(record: dict[str, Any], where: str) -> tuple[int, Any]:
    doc, responses = record["doc"], record["resps"]
    if not isinstance(doc, dict) or "id" not in doc:
        raise PredictionsError(f"{where}: a sample of a task that is not SEvenLLM's (its doc has no id)")
    while isinstance(responses, list) and responses:
        if len(responses) > 1:
            raise PredictionsError(
                f"{where}: several responses to one row, as log-likelihood tasks have; they hold no text to score"
            )
        responses = responses[0]
    if not isinstance(responses, str):
        raise PredictionsError(f"{where}: resps holds no text")
    return _identifier(doc["id"], where), responses


def _identifier(value: Any, where: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise PredictionsError(f"{where}: id must be a whole number, found {value!r:.80}")
    return value
