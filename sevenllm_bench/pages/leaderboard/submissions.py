"""Submissions to entries: bundles of `submit` by their manifest alone, and plain runs of lm-eval by their samples.

This is the one place that knows how submissions look. Nothing of a bundle is unpacked or executed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import SECTIONS, leaf_of_task
from sevenllm_bench.comparison.compatibility import DISQUALIFYING
from sevenllm_bench.errors import ResultsError, SEvenLLMError
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.io.files import is_file, is_folder, user_path
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, ROUNDING, bounds
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.runs.command import command_of
from sevenllm_bench.runs.locate import find_runs
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.runs.records import Run, Unknown
from sevenllm_bench.runs.untrusted import finite
from sevenllm_bench.submission.manifest import read_unverified
from sevenllm_bench.text.display import printable
from sevenllm_bench.text.unicode import encodable

_DEEPEST = 6
#: Tasks whose figures have a row more in version 1 of the format (the rows 791 and 823): they are not shown.
_OTHER_IN_VERSION_1 = frozenset({"sevenllm_en_protection_strategy_research", "sevenllm_en_attack_strategy_analysis"})
#: No standard error of a mean of values from 1 to 5 is larger.
_MOST_ERROR = 4.0


@dataclass(frozen=True, slots=True)
class UnusableSubmission:
    """A submission that can't be shown.

    Attributes:
        path: Where it lies.
        why: What is wrong with it.
    """

    path: str
    why: str


def read_submissions(paths: Sequence[str | Path]) -> tuple[list[Entry], list[UnusableSubmission]]:
    """Every submission in files and folders.

    Args:
        paths: Bundles (zip files), runs of lm-eval (with samples), or folders of those.

    Returns:
        The entries, and what can't be shown with the reason.

    Raises:
        ResultsError: A path doesn't exist, or there is no usable submission at all.
    """
    entries: list[Entry] = []
    left_out: list[UnusableSubmission] = []
    seen: set[Path] = set()
    for given in paths:
        path = user_path(given, ResultsError)
        if not path.exists():
            raise ResultsError(f"{path}: no such file or folder")
        for found in _find(path, seen):
            try:
                entries += _entries(found)
            except SEvenLLMError as error:
                left_out.append(UnusableSubmission(str(found), printable(error, 400)))
    if not entries:
        reasons = "".join(f"\n  - {item.why}" for item in left_out[:10])
        raise ResultsError(f"{', '.join(map(str, paths))}: no usable submission in it{reasons}")
    return entries, left_out


def _find(path: Path, seen: set[Path], depth: int = 0) -> Iterator[Path]:
    """Bundles and run folders below a path, in the order of their names; each once, whatever links lead to it."""
    real = Path(os.path.realpath(path))
    if real in seen and path.exists():
        return
    seen.add(real)
    if not is_folder(path) or any(path.glob("results*.json")):
        yield path
    elif depth < _DEEPEST:
        try:
            children = sorted(path.iterdir())
        except OSError:
            yield path  # so that it is named
            return
        for child in children:
            if is_folder(child) or child.suffix == ".zip":  # a broken link is neither a file nor a folder, and named, too
                yield from _find(child, seen, depth + 1)


def _entries(path: Path) -> Iterable[Entry]:
    if not is_folder(path) and not is_file(path):
        raise ResultsError(f"{path}: {'not a regular file' if path.exists() else 'a link that leads nowhere'}")
    if path.suffix == ".zip" and is_file(path):
        return [_of_manifest(read_unverified(path), str(path))]
    return [_of_run(read_run(files)) for files in find_runs([path])]


def _of_manifest(manifest: Mapping[str, Any], path: str) -> Entry:
    declared, model = _object(manifest, "submission"), _object(manifest, "model")
    tasks = _object(manifest, "tasks")
    repository = _text(declared.get("repository"))
    figures, version_2 = manifest.get("figures"), manifest.get("version") != 1
    if not isinstance(figures, list):
        raise ResultsError(f"{path}: its manifest has no figures")
    return Entry(
        name=repository or _text(model.get("name")) or "unnamed",
        repository=repository,
        revision=_known(declared.get("revision")) or _known(model.get("sha")) or _known(model.get("revision")),
        date=_day(manifest.get("date")) or _day(manifest.get("created")),
        by=_known(declared.get("organization")),
        protocol=_protocol((_object(tasks, name) for name in tasks), lambda task: _object(task, "prompt")),
        command=_text(manifest.get("command"), 20_000),
        source=_text(model.get("source")),
        path=path,
        figures={
            name: value for name, value in _values(figures) if version_2 or name.partition(".")[0] not in _OTHER_IN_VERSION_1
        },
    )


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Any, most: int = 300) -> str:
    return encodable(value)[:most] if isinstance(value, str) else ""


def _known(value: Any) -> str:
    text = _text(value)
    return "" if text == "unknown" else text


def _day(value: Any) -> str:
    """The day of an ISO time; empty for anything else."""
    try:
        return datetime.fromisoformat(_text(value)).date().isoformat()
    except ValueError:
        return ""


def _values(figures: Iterable[Any]) -> Iterator[tuple[str, Value]]:
    """The figures of a manifest that are what a figure must be; others are passed over."""
    for figure in figures:
        if not isinstance(figure, dict):
            continue
        name, mean, error = figure.get("id"), finite(figure.get("value")), finite(figure.get("stderr"))
        rows = figure.get("rows")
        if isinstance(name, str) and mean is not None and _is_figure(name) and _in_range(name, mean):
            whole = isinstance(rows, int) and not isinstance(rows, bool) and 0 < rows < 1 << 40
            possible = error is not None and 0 <= error <= _MOST_ERROR
            yield name, Value(mean, error if possible else None, rows if whole else None, _text(figure.get("partial")))


def _is_figure(name: str) -> bool:
    scope, _, metric = name.partition(".")
    return name == HEADLINE_NAME or (metric in METRIC_VERSIONS and (scope in SECTIONS or leaf_of_task(scope) is not None))


def _in_range(name: str, mean: float) -> bool:
    low, high = bounds(name.partition(".")[2])
    return low <= mean <= high + ROUNDING


def _protocol(tasks: Iterable[Any], prompt_of: Any) -> str:
    """Prompt and few-shot number, where all tasks share them."""
    found = set()
    for task in tasks:
        prompt = prompt_of(task)
        shots = task.get("num_fewshot") if isinstance(task, Mapping) else task.num_fewshot
        name = f"{printable(prompt.get('name'), 30)} {printable(prompt.get('version'), 10)}" if prompt else "unknown prompt"
        found.add(f"{name}, {shots}-shot" if isinstance(shots, int) else name)
    return found.pop() if len(found) == 1 else "mixed" if found else "unknown"


def _of_run(run: Run) -> Entry:
    untrusted = [problem.line for problem in run.problems if problem.code in DISQUALIFYING]
    if untrusted:
        raise ResultsError(f"{run.path}: its files can't be trusted ({'; '.join(untrusted[:3])})")
    repository = run.model.name if run.model.source in ("hf", "vllm", "sglang") and run.model.name.count("/") == 1 else ""
    return Entry(
        name=run.model.name,
        repository=repository,
        revision=str(run.model.sha or run.model.revision or ""),
        date="" if isinstance(run.date, Unknown) else _day_of(run.date),
        protocol=_protocol(run.leaves.values(), lambda leaf: leaf.prompt),
        command=command_of(run).text,
        source=run.model.source,
        path=run.path,
        figures=_figures(run),
    )


def _day_of(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def _figures(run: Run) -> dict[str, Value]:
    """Headline, sections and tasks of a run."""
    return {f.id: Value(f.value, f.stderr, f.rows, f.why_partial) for f in figures_of(run)}
