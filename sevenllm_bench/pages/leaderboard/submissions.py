"""Submissions to entries: bundles of `submit` by their manifest and their rows' values, plain runs of lm-eval by their samples.

This is the one place that knows how submissions look. Nothing of a bundle is unpacked or executed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import SECTIONS, leaf_of_task
from sevenllm_bench.comparison.compatibility import DISQUALIFYING
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.errors import ResultsError, SEvenLLMError
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.io.files import is_file, is_folder, user_path
from sevenllm_bench.io.progress import tracked
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, ROUNDING, bounds
from sevenllm_bench.pages.leaderboard.board_cache import BoardCache
from sevenllm_bench.pages.leaderboard.bundle_rows import bundle_rows, row_scores
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.runs.command import command_of
from sevenllm_bench.runs.locate import find_runs, results_files, samples_alone
from sevenllm_bench.runs.model_name import identity_of
from sevenllm_bench.runs.protocol import protocol_words, words_of
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.runs.untrusted import finite
from sevenllm_bench.submission.copies import describe_answers, like_references, sketches_in
from sevenllm_bench.submission.manifest import read_unverified
from sevenllm_bench.text.display import printable
from sevenllm_bench.text.unicode import encodable

_DEEPEST = 6
#: Of a sha256, in the short name of a submission.
_ID_DIGITS = 12
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
        paths: Bundles (zip files), results of lm-eval (with samples), or folders of those. Every run counts, older ones too.

    Returns:
        The entries, and what can't be shown with the reason.

    Raises:
        ResultsError: A path doesn't exist, or there is no usable submission at all.
    """
    entries: list[Entry] = []
    left_out: list[UnusableSubmission] = []
    seen: set[Path] = set()
    with BoardCache("rows") as cache:
        for given in paths:
            path = user_path(given, ResultsError)
            if not path.exists():
                raise ResultsError(f"{path}: no such file or folder")
            for found in tracked(_find(path, seen), "reading submissions"):
                try:
                    entries.append(_entry(found, cache))
                except SEvenLLMError as error:
                    left_out.append(UnusableSubmission(str(found), printable(error, 400)))
    if not entries:
        reasons = "".join(f"\n  - {item.why}" for item in left_out[:10])
        raise ResultsError(f"{', '.join(map(str, paths))}: no usable submission in it{reasons}")
    return entries, left_out


def _find(path: Path, seen: set[Path], depth: int = 0) -> Iterator[Path]:
    """Bundles, results files and samples without results below a path, by their names; each once, whatever links lead to it."""
    real = Path(os.path.realpath(path))
    if real in seen and path.exists():
        return
    seen.add(real)
    if not is_folder(path):
        yield path
    elif depth > _DEEPEST:
        yield from [path] if any(path.rglob("*.zip")) or results_files(path) else []
    else:
        try:
            children = sorted(path.iterdir())
        except OSError:
            yield path  # so that it is named
            return
        runs = {*results_files(path, deep=False), *samples_alone(path)}
        for child in children:
            # A broken link is neither a file nor a folder, and named, too.
            if is_folder(child) or child.suffix == ".zip" or child in runs:
                yield from _find(child, seen, depth + 1)


def _entry(path: Path, cache: BoardCache) -> Entry:
    if is_folder(path):
        why = f"it lies more than {_DEEPEST} folders deep; name it by itself"
        why = why if os.access(path, os.R_OK | os.X_OK) else "no permission"
        raise ResultsError(f"{path}: not looked into: {why}")
    if not is_file(path):
        raise ResultsError(f"{path}: {'not a regular file' if path.exists() else 'a link that leads nowhere'}")
    if path.suffix == ".zip":
        return _of_bundle(path, cache)
    files = find_runs([path])[0]
    if files.results is None:
        raise ResultsError(f"{path}: answers without lm-eval's results file, so it isn't known how they were made")
    return replace(_of_run(read_run(files)), id=_sha256(files.results)[:_ID_DIGITS])


def _of_bundle(path: Path, cache: BoardCache) -> Entry:
    manifest, sha256 = read_unverified(path), _sha256(path)
    rows = bundle_rows(path, sha256, manifest, cache)
    return replace(_of_manifest(manifest, str(path)), id=sha256[:_ID_DIGITS], row_scores=rows.scores if rows else {})


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ResultsError(f"{path}: can't be read ({error.strerror or error})") from None


def _of_manifest(manifest: Mapping[str, Any], path: str) -> Entry:
    declared, model = _object(manifest, "submission"), _object(manifest, "model")
    tasks = _object(manifest, "tasks")
    repository = _text(declared.get("repository"))
    figures, version_2 = manifest.get("figures"), manifest.get("version") != 1
    if not isinstance(figures, list):
        raise ResultsError(f"{path}: its manifest has no figures")
    identity = identity_of(_text(model.get("name")) or "unnamed", model.get("arguments"))
    return Entry(
        name=identity.named(repository) if repository else identity.name,
        repository=repository,
        revision=_known(declared.get("revision")) or _known(model.get("sha")) or _known(model.get("revision")),
        date=_day(manifest.get("date")) or _day(manifest.get("created")),
        moment=_moment(manifest.get("date")) or _moment(manifest.get("created")),
        by=_known(declared.get("organization")),
        protocol=_protocol(protocol_words(model.get("arguments"), _object(manifest, "settings"), tasks)),
        command=_text(manifest.get("command"), 20_000),
        source=_text(model.get("source")),
        path=path,
        sketches=sketches_in(manifest),
        like_references=like_references(manifest),
        cost=_cost(_object(task, "cost") for task in tasks.values() if isinstance(task, dict)),
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


def _moment(value: Any) -> str:
    """An ISO time as UTC to the second, so that texts compare as times; empty for anything else."""
    try:
        time = datetime.fromisoformat(_text(value))
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
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
    scope, _, metric = name.rpartition(".")
    task = encoder_task_by_name(scope.partition(".")[0])
    if task:  # or a group of its items
        return metric in task.metrics
    return name == HEADLINE_NAME or (metric in METRIC_VERSIONS and (scope in SECTIONS or leaf_of_task(scope) is not None))


def _in_range(name: str, mean: float) -> bool:
    low, high = bounds(name.rpartition(".")[2])
    return low <= mean <= high + ROUNDING


def _cost(costs: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """What the encoder task with the most texts cost; empty where no task says it."""
    most = max(costs, key=lambda cost: finite(cost.get("texts")) or 0.0, default={})
    known = {name: finite(most.get(name)) for name in ("parameters", "texts_per_second", "peak_memory_bytes")}
    return {name: value for name, value in known.items() if value is not None and 0 < value < 1e15}


def _protocol(words: Sequence[str]) -> str:
    return ", ".join(words) or "unknown"


def _of_run(run: Run) -> Entry:
    if not run.has_samples:
        raise ResultsError(f"{run.path}: no samples; run lm_eval with --log_samples")
    untrusted = [problem.line for problem in run.problems if problem.code in DISQUALIFYING]
    if untrusted:
        raise ResultsError(f"{run.path}: its files can't be trusted ({'; '.join(untrusted[:3])})")
    described = {"answers": describe_answers(run.samples)}
    return Entry(
        name=run.model.identity.name,
        repository=run.repository[0] or "",
        revision=str(run.model.sha or run.model.revision or ""),
        date=_moment_of(run)[:10],
        moment=_moment_of(run),
        protocol=_protocol(words_of(run.model, run.settings, run.tasks)),
        command=command_of(run).text,
        source=run.model.source,
        path=run.path,
        figures=_figures(run),
        row_scores=row_scores(run.samples, run.source),
        sketches=sketches_in(described),
        like_references=like_references(described),
        cost=_cost(task.cost for task in run.encoder_tasks.values()),
    )


def _moment_of(run: Run) -> str:
    try:
        return "" if isinstance(run.date, Unknown) else datetime.fromtimestamp(run.date, UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return ""


def _figures(run: Run) -> dict[str, Value]:
    """Headline, sections and tasks of a run."""
    return {f.id: Value(f.value, f.stderr, f.rows, f.why_partial) for f in figures_of(run)}
