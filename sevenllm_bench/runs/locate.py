"""Which files make a run: a results file of lm-eval with the samples of the same time stamp, or saved answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.io.files import user_path

#: What lm-eval ends file names with (`evaluation_tracker.py`, 0.4.13): an ISO time with "-" for ":".
_STAMP = re.compile(r"(?:^|_)(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?)$")
_WANTED = (
    "expected the folder that lm_eval --output_path wrote (with --log_samples), one of its results_*.json, "
    'or saved answers as JSON lines of "id" and "output"'
)


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files of one run.

    Attributes:
        results: The results file; None for saved answers.
        samples: Samples files of the same run; or the saved answers, where `results` is None.
        older: Results files of older runs of the same model in the same folder.
    """

    results: Path | None
    samples: tuple[Path, ...]
    older: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """The file that stands for the run."""
        return str(self.results or self.samples[0])


def find_runs(paths: Sequence[str | Path]) -> list[RunFiles]:
    """The runs that files and folders hold, in the order given, then by name.

    Args:
        paths: Results files, folders (searched downwards; of several runs of one model the newest is taken, the others
            are named in `older`), or files of saved answers.

    Raises:
        ResultsError: A path doesn't exist, or a folder holds no run.
    """
    found: dict[str, RunFiles] = {}
    for path in paths:
        for files in _of_path(user_path(path, ResultsError)):
            found.setdefault(str(Path(files.name).resolve()), files)
    return list(found.values())


def _of_path(path: Path) -> Iterable[RunFiles]:
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        raise ResultsError(f"{path}: {'not a regular file' if path.exists() else 'no such file or folder'}; {_WANTED}")
    if path.suffix == ".json":
        return [RunFiles(path, _samples_of(path))]
    return [RunFiles(None, (path,))]


def _of_folder(folder: Path) -> list[RunFiles]:
    groups: dict[tuple[str, str], list[Path]] = {}
    for file in sorted(folder.rglob("*.json")):
        if file.is_file() and (_stamp(file) or file.stem == "results"):
            groups.setdefault((str(file.parent), _prefix(file)), []).append(file)
    runs = []
    for files in groups.values():
        *older, newest = sorted(files, key=lambda file: (_stamp(file), file.name))
        runs.append(RunFiles(newest, _samples_of(newest), tuple(older)))
    return runs or [_only_samples(folder)]


def _only_samples(folder: Path) -> RunFiles:
    if any(file.is_file() for file in folder.rglob("samples_sevenllm_*.jsonl")):
        return RunFiles(None, (folder,))
    raise ResultsError(f"{folder}: no results in this folder; {_WANTED}")


def _samples_of(results: Path) -> tuple[Path, ...]:
    """Samples beside a results file, of the same time stamp; of any, where the results file was renamed."""
    stamp = _stamp(results)
    files = sorted(results.parent.glob("samples_*.jsonl"))
    if not stamp and len({_stamp(file) for file in files}) > 1:
        raise ResultsError(
            f"{results}: samples of several runs beside it, and its own name has no time stamp; "
            "give it back the name that lm_eval gave it (results_TIME.json)"
        )
    return tuple(file for file in files if not stamp or _stamp(file) == stamp)


def task_of(samples: Path) -> str:
    """The task that a samples file is named after."""
    return _prefix(samples).removeprefix("samples_")


def _stamp(file: Path) -> str:
    match = _STAMP.search(file.stem)
    return match[1] if match else ""


def _prefix(file: Path) -> str:
    return _STAMP.sub("", file.stem)
