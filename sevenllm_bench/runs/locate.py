"""Which files make a run: a results file of lm-eval with the samples of the same time stamp, or saved answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from sevenllm_bench.catalog import leaf_of_task
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.io.file_kinds import what_else
from sevenllm_bench.io.files import user_path
from sevenllm_bench.runs.inspect_log import is_inspect_log, status_of_ours
from sevenllm_bench.runs.protocol import protocol_key, task_keys
from sevenllm_bench.runs.results_file import Results, read_results
from sevenllm_bench.runs.untrusted import Problems

#: What lm-eval ends file names with (`evaluation_tracker.py`, 0.4.13): an ISO time with "-" for ":".
_STAMP = re.compile(r"(?:^|_)(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?)$")
#: What Inspect begins the names of its logs with (0.3.285).
_LOG = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[-+]\d\d-\d\d_")
_WANTED = (
    "expected the folder that lm_eval --output_path wrote (with --log_samples), one of its results_*.json, a log of Inspect, "
    'or saved answers as JSON lines of "id" and "output"'
)


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files of one run.

    Attributes:
        results: The results file; None for saved answers.
        samples: Samples files of the same run; or the saved answers, where `results` is None.
        older: Results files of older runs of the same model and protocol in the same folder.
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
        paths: Results files, folders (searched downwards; of several runs of the same tasks by one model in one protocol
            the newest is taken, the others are named in `older`), or files of saved answers.

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
    if is_inspect_log(path):
        return [RunFiles(path, ())]
    if (other := what_else(path)) and path.suffix != ".json":
        raise ResultsError(f"{path}: {other}")
    if path.suffix == ".json":
        return [RunFiles(path, samples_of(path))]
    return [RunFiles(None, (path,))]


def results_files(folder: Path, deep: bool = True) -> list[Path]:
    """The results files of lm-eval in a folder, in the order of their names.

    Args:
        folder: Where to look.
        deep: Look in the folders below it too.

    Returns:
        Files named as lm-eval names them, readable or not, and others with "results" in their names that hold tasks of ours.
    """
    files = sorted(folder.rglob("*.json") if deep else folder.glob("*.json"))
    return [file for file in files if file.is_file() and (_stamp(file) or file.stem == "results" or _is_renamed(file))]


def is_results(file: Path) -> bool:
    """Whether a file holds results of lm-eval, whatever its name."""
    return file.suffix == ".json" and _read(file) is not None


def _is_renamed(file: Path) -> bool:
    results = _read(file) if "results" in file.stem else None
    return bool(results and results.tasks)


def samples_alone(folder: Path) -> list[Path]:
    """Samples files of ours in a folder of which no results file beside them is: the first of each run."""
    stamps = {_stamp(file) for file in results_files(folder, deep=False)}
    alone: dict[str, Path] = {}
    for file in sorted(folder.glob("samples_sevenllm*.jsonl")):
        if "" not in stamps and _stamp(file) not in stamps:
            alone.setdefault(_stamp(file), file)
    return list(alone.values())


def _of_folder(folder: Path) -> list[RunFiles]:
    groups: dict[tuple[str, str], list[Path]] = {}
    for file in results_files(folder):
        groups.setdefault((str(file.parent), _prefix(file)), []).append(file)
    runs = [run for files in groups.values() for run in _newest(files)]
    ours = [run for run, results in runs if results is None or results.tasks]
    logs = [RunFiles(file, ()) for file in inspect_logs(folder)]
    found = [*(ours or [run for run, _ in runs]), *logs, *_only_samples(folder, {parent for parent, _ in groups})]
    if not found:
        raise ResultsError(f"{folder}: no results in this folder; {_WANTED}")
    return sorted(found, key=lambda run: run.name)


def inspect_logs(folder: Path) -> list[Path]:
    """The logs of Inspect below a folder that hold a task of ours; unfinished ones only where none is finished."""
    files = [*folder.rglob("*.eval"), *(file for file in folder.rglob("*.json") if _LOG.match(file.name))]
    ours = {file: status for file in sorted(files) if file.is_file() and (status := status_of_ours(file))}
    finished = [file for file, status in ours.items() if status == "success"]
    return finished or list(ours)


def _newest(files: Sequence[Path]) -> list[tuple[RunFiles, Results | None]]:
    """The runs that no newer one replaces, with what their results say; None where that can't be read.

    One that can't be read is replaced by any newer one.
    """
    kept: list[tuple[Path, Results | None, list[Path]]] = []
    for file in sorted(files, key=lambda file: (_stamp(file), file.name), reverse=True):
        results = _read(file)
        newer = next((older for _, other, older in kept if results is None or _replaces(other, results)), None)
        if newer is None:
            kept.append((file, results, []))
        else:
            newer.insert(0, file)
    return [(RunFiles(file, samples_of(file), tuple(older)), results) for file, results, older in kept]


def _read(file: Path) -> Results | None:
    try:
        return read_results(file, Problems())
    except ResultsError:
        return None


def _replaces(newer: Results | None, older: Results) -> bool:
    """Whether a run of the same model and protocol has every task and metric of an older one."""
    if newer is None or _model_key(newer) != _model_key(older) or protocol_key(newer.settings) != protocol_key(older.settings):
        return False
    if not task_keys(older.tasks).items() <= task_keys(newer.tasks).items():
        return False
    return all(task.metrics.keys() <= newer.tasks[name].metrics.keys() for name, task in older.tasks.items())


def _model_key(results: Results) -> tuple[str, ...]:
    """What of a model another run must share to replace one: weights, and every argument that may change an answer."""
    identity = results.model.identity
    answers = results.model.arguments.get("predictions")
    return (results.model.source, identity.name, identity.loaded, identity.noted, str(answers))


def _only_samples(folder: Path, with_results: Set[str]) -> list[RunFiles]:
    """Folders with samples and no results file, which are saved answers."""
    folders = {file.parent for file in folder.rglob("samples_sevenllm_*.jsonl") if file.is_file()}
    return [RunFiles(None, (found,)) for found in folders if str(found) not in with_results]


def samples_of(results: Path) -> tuple[Path, ...]:
    """Samples beside a results file, of the same time stamp; of any, where the results file was renamed."""
    stamp = _stamp(results)
    files = sorted(results.parent.glob("samples_*.jsonl"))
    if not stamp and len({_stamp(file) for file in files}) > 1:
        raise ResultsError(
            f"{results}: samples of several runs beside it, and its own name has no time stamp; "
            "give it back the name that lm_eval gave it (results_TIME.json)"
        )
    return tuple(file for file in files if not stamp or _stamp(file) == stamp)


def is_our_task(name: str) -> bool:
    """Whether a task of the harness is one of ours: a leaf, a variant, an encoder task."""
    return leaf_of_task(name) is not None or encoder_task_by_name(name) is not None


def task_of(samples: Path) -> str:
    """The task that a samples file is named after."""
    return _prefix(samples).removeprefix("samples_")


def _stamp(file: Path) -> str:
    match = _STAMP.search(file.stem)
    return match[1] if match else ""


def _prefix(file: Path) -> str:
    return _STAMP.sub("", file.stem)
