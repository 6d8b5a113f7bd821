"""Saved answers: JSON lines of `id` and `output`, or the samples files that lm-eval writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sevenllm_bench.answers.final_text import with_reasoning_marked, with_thought_marked
from sevenllm_bench.errors import PredictionsError
from sevenllm_bench.io.file_kinds import what_else
from sevenllm_bench.io.files import read_lines, user_path
from sevenllm_bench.runs.locate import RunFiles, find_runs, is_results, results_files, samples_of
from sevenllm_bench.runs.responses import texts_of
from sevenllm_bench.runs.untrusted import dig

#: What a line of a coverage is about.
CoverageKind = Literal["answers", "missing", "duplicates", "unknown"]

#: Id, answer, and what is unusual about it: "repeated", "refused" or empty.
_Answer = tuple[int, Any, str]

#: A file is read whole, to say whether it is JSON over several lines, up to this size in bytes.
_MOST_WHOLE = 100_000_000
_EXPECTED = 'one JSON object per line with "id" and "output", or the samples_*.jsonl that lm_eval --log_samples writes'


@dataclass(frozen=True, slots=True)
class Predictions:
    """Answers by row id.

    Attributes:
        answers: Row id to answer: a text, or a JSON value parsed already.
        duplicates: Ids that came more than once; their first answer counts.
        names: The files read.
        ignored: Samples files of older runs in the same folder, which were not read.
        repeated: Ids with several responses (lm-eval's `repeats`); their first one counts.
        refused: Ids whose answer is a chat message with a `refusal` and no content; it counts as an empty answer.
    """

    answers: dict[int, Any]
    duplicates: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    repeated: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """The files in a few words."""
        more = f" and {len(self.names) - 1} more" if len(self.names) > 1 else ""
        return f"{self.names[0]}{more}" if self.names else "no file"

    @property
    def empty(self) -> tuple[int, ...]:
        """Ids whose answer is null, and that were not refused."""
        return tuple(sorted(self.answers.keys() - set(self.refused) - {i for i, a in self.answers.items() if a is not None}))

    def remarks(self) -> list[str]:
        """What is unusual about the answers read, one line per finding."""
        parts = (
            ("no response (null), which counts as an empty answer", self.empty),
            ("refused (the message has a refusal and no content), which counts as an empty answer", self.refused),
            ("several responses to one row (repeats), the first counts", self.repeated),
        )
        return [f"{what}: {len(ids):,} ({name_ids(ids)})" for what, ids in parts if ids]

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


def read_predictions(paths: Sequence[str | Path], reasoning_end: str = "") -> Predictions:
    """Read answers from files, and from the samples files that lm-eval wrote into folders.

    Args:
        paths: JSON-lines files, results files of lm-eval (whose samples are read), or folders of samples. Of several runs
            of one model and protocol in a folder, the newest is read, and the others are listed as ignored: answers of
            different runs are never mixed unless their files are named.
        reasoning_end: What ends a model's reasoning, for a form that isn't known; a text without it is all reasoning.

    Raises:
        PredictionsError: A file is missing, empty or malformed (the line is named), or holds log-likelihoods; a folder
            holds runs of several models or protocols.
    """
    chosen = [_files(user_path(path, PredictionsError)) for path in paths]
    files = [file for group, _ in chosen for file in group]
    answers: dict[int, Any] = {}
    found: dict[str, dict[int, None]] = {"duplicates": {}, "repeated": {}, "refused": {}}
    for file in files:
        if other := what_else(file):
            raise PredictionsError(f"{file}: {other}")
        read = 0
        for identifier, answer, remark in _answers(file):
            read += 1
            if identifier in answers:
                found["duplicates"][identifier] = None
            elif remark:
                found[remark][identifier] = None
            if reasoning_end and isinstance(answer, str):
                answer = with_reasoning_marked("", answer, reasoning_end)
            answers.setdefault(identifier, answer)
        if not read:
            raise PredictionsError(f"{file}: no predictions in it; expected {_EXPECTED}")
    ignored = tuple(str(file) for _, older in chosen for file in older)
    return Predictions(
        answers, names=tuple(map(str, files)), ignored=ignored, **{name: tuple(sorted(ids)) for name, ids in found.items()}
    )


def _files(path: Path) -> tuple[list[Path], list[Path]]:
    """The files to read for one path, and those of older runs in its folder."""
    if not path.exists():
        raise PredictionsError(f"{path}: no such file or folder")
    if not path.is_dir():
        return (_texts_of(RunFiles(path, samples_of(path))) if is_results(path) else [path]), []
    samples = sorted(path.rglob("samples_sevenllm_*.jsonl"))
    if not samples and results_files(path) and not any(path.rglob("samples_*.jsonl")):
        raise PredictionsError(f"{path}: results without samples; run lm_eval with --log_samples")
    if not samples:
        variants = any(path.rglob("samples_sevenllm-*-logprob_*.jsonl"))
        why = "only samples of log-likelihoods, which hold no text" if variants else "no samples_sevenllm_*.jsonl in this folder"
        raise PredictionsError(f"{path}: {why}. Name a predictions file: {_EXPECTED}")
    runs = find_runs([path])
    if all(run.results is None for run in runs):
        return _newest(path, samples)
    if len(runs) > 1:
        raise PredictionsError(f"{path}: {len(runs)} runs in it; name one of {', '.join(run.name for run in runs)}")
    return _of_run(runs[0], samples)


def _of_run(run: RunFiles, samples: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    texts = _texts_of(run)
    return texts, [file for file in samples if file not in texts]


def _texts_of(run: RunFiles) -> list[Path]:
    """A run's samples of generated answers."""
    found = [file for file in run.samples if file.name.startswith("samples_sevenllm_")]
    if not found:
        raise PredictionsError(f"{run.results}: no samples of generated answers beside it; run lm_eval with --log_samples")
    return found


def _newest(path: Path, samples: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Of samples without results files, those of the newest run, and the others."""
    folders = sorted({str(file.parent) for file in samples})
    if len(folders) > 1:
        raise PredictionsError(f"{path}: samples of several models; name one of {', '.join(folders)}")
    runs = {file: file.stem.rpartition("_")[2] for file in samples}  # lm-eval ends the name with the run's time stamp
    newest = max(runs.values())
    return [file for file in samples if runs[file] == newest], [file for file in samples if runs[file] != newest]


def _answers(file: Path) -> Iterator[_Answer]:
    for place, (number, line) in enumerate(read_lines(file, PredictionsError)):
        where = f"{file}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            if place == 0 and _is_one_value(file):
                raise PredictionsError(f"{file}: JSON over several lines; write each object on one line, {_EXPECTED}") from None
            raise PredictionsError(f"{where}: broken JSON ({error}); expected {_EXPECTED}") from None
        yield _answer(record, where)


def _is_one_value(file: Path) -> bool:
    """Whether a file as a whole is one JSON value."""
    if file.stat().st_size > _MOST_WHOLE:
        return False
    try:
        json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return False
    return True


def _answer(record: Any, where: str) -> _Answer:
    if not isinstance(record, dict):
        raise PredictionsError(f"{where}: found {type(record).__name__}; expected {_EXPECTED}")
    if "doc" in record and "resps" in record:
        return _from_sample(record, where)
    if "id" not in record or "output" not in record:
        raise PredictionsError(f"{where}: found the keys {', '.join(map(str, record)) or 'none'}; expected {_EXPECTED}")
    return _identifier(record["id"], where), *_of_message(record["output"])


def _of_message(output: Any) -> tuple[Any, str]:
    """An answer, and "refused" where it is the message of a chat model that refused."""
    is_message = isinstance(output, dict) and {"content", "refusal"} <= output.keys()
    return (None, "refused") if is_message and output["refusal"] and not output["content"] else (output, "")


def _from_sample(record: dict[str, Any], where: str) -> _Answer:
    doc, responses = record["doc"], record["resps"]
    if not isinstance(doc, dict) or "id" not in doc:
        raise PredictionsError(f"{where}: a sample of a task that is not SEvenLLM's (its doc has no id)")
    texts = texts_of(responses)
    if texts is None:
        if isinstance(responses, list) and len(responses) > 1:
            raise PredictionsError(
                f"{where}: several responses to one row, as log-likelihood tasks have; they hold no text to score"
            )
        raise PredictionsError(f"{where}: resps holds no text")
    prompt = dig(record, "arguments", "gen_args_0", "arg_0")
    text = None if texts[0] is None else with_thought_marked(str(prompt), texts[0])
    return _identifier(doc["id"], where), text, "repeated" if len(texts) > 1 else ""


def _identifier(value: Any, where: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise PredictionsError(f"{where}: id must be a whole number, found {value!r:.80}")
    return value
