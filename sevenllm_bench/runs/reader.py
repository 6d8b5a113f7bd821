"""A run's files to a `Run`: figures as lm-eval reported them, samples row by row, and what doesn't fit together."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sevenllm_bench.catalog import leaf_of_task
from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.io.progress import tracked
from sevenllm_bench.metrics.registry import ROUNDING
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.from_answers import run_from_predictions
from sevenllm_bench.runs.inspect_log import is_inspect_log
from sevenllm_bench.runs.inspect_run import write_as_harness
from sevenllm_bench.runs.item_samples import read_item_samples
from sevenllm_bench.runs.locate import RunFiles, find_runs, task_of
from sevenllm_bench.runs.records import LeafRun, Problem, Run, Sample
from sevenllm_bench.runs.results_file import Results, read_results
from sevenllm_bench.runs.samples import read_samples
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.runs.untrusted import Problems

#: lm-eval's output types of encoder tasks: whose samples hold a model's responses.
_OF_HARNESS = ("multiple_choice", "generate_until")


def read_runs(paths: Sequence[str | Path], load: Callable[[], Benchmark] = load_benchmark) -> list[Run]:
    """All runs in files and folders, with labels that differ.

    Args:
        paths: See `find_runs`.
        load: Gives the rows that saved answers are scored against, and is called for those only; default: the official ones.

    Raises:
        ResultsError: A path holds no run, or its results file is no results file.
        PredictionsError: Saved answers can't be read.
        DataError: The official rows are not available (for saved answers only).
    """
    return with_labels([read_run(files, load) for files in tracked(find_runs(paths), "reading runs")])


def read_run(files: RunFiles, load: Callable[[], Benchmark] = load_benchmark) -> Run:
    """One run.

    Args:
        files: Its files, see `find_runs`.
        load: As for `read_runs`.

    Raises:
        ResultsError: The results file can't be read, or has no SEvenLLM task. What is wrong in a samples file is no
            error: it is counted in `Run.problems`.
        PredictionsError: Saved answers can't be read.
        DataError: The official rows are not available (for saved answers only).
    """
    if files.results is None:
        return run_from_predictions(files.samples[0], load)
    if is_inspect_log(files.results):
        return _inspect_run(files.results)
    problems = Problems()
    results = read_results(files.results, problems)
    if not results.tasks:
        found = f"; found {', '.join(results.other_tasks[:5])}" if results.other_tasks else ""
        raise ResultsError(f"{files.results}: no SEvenLLM task in it{found}")
    samples = tuple(_samples(files, results.leaves, problems))
    items = tuple(_items(files, results, problems))
    return Run(
        label=results.model.identity.name,
        model=results.model,
        settings=results.settings,
        leaves=results.leaves,
        samples=samples,
        problems=problems.found(),
        path=str(files.results),
        older=tuple(map(str, files.older)),
        other_tasks=results.other_tasks,
        date=results.date,
        encoder_tasks=results.encoder_tasks,
        item_samples=items,
    )


def _inspect_run(log: Path) -> Run:
    """The run in a log of Inspect, read as the harness's files."""
    with tempfile.TemporaryDirectory(prefix="sevenllm-bench-") as name:
        files = write_as_harness(log, Path(name))
        run = read_run(RunFiles(files.results, files.samples))
    own = tuple(Problem("missing-rows", log.name, line) for line in files.problems)
    return replace(run, problems=(*own, *run.problems), path=str(log))


def with_labels(runs: Sequence[Run]) -> list[Run]:
    """The runs with labels that differ: runs of the same model are numbered in the order given."""
    labels = [run.label for run in runs]
    numbered = [
        f"{label} ({labels[: index + 1].count(label)})" if labels.count(label) > 1 else label
        for index, label in enumerate(labels)
    ]
    return [replace(run, label=label) for run, label in zip(runs, numbered, strict=True)]


def _samples(files: RunFiles, leaves: Mapping[str, LeafRun], problems: Problems) -> Iterable[Sample]:
    by_task = {task_of(file): file for file in files.samples}
    for task, leaf in leaves.items():
        file = by_task.get(task)
        if file is None:
            problems.add("no-samples", str(files.results), f"no samples of {task}; run with --log_samples", "leaf")
            continue
        samples = read_samples(file, task, leaf.leaf, problems)
        _check(samples, leaf, file.name, problems)
        yield from samples
    for task in by_task.keys() - leaves.keys():
        if leaf_of_task(task):
            problems.add("contradiction", by_task[task].name, "samples of a task that the results file doesn't have")


def _items(files: RunFiles, results: Results, problems: Problems) -> Iterable[ItemSample]:
    by_task = {task_of(file): file for file in files.samples}
    for name, task in results.encoder_tasks.items():
        file = by_task.get(name)
        if file is None:
            problems.add("no-samples", str(files.results), f"no samples of {name}; run with --log_samples", "encoder task")
            continue
        # A task that encoders can't run has no answer but the model's responses, whatever the results say of it.
        of_harness = task.output_type in _OF_HARNESS or "encoder" not in task.entry.output_types
        per_byte = task.answers.get("scores") != "as given"
        items = read_item_samples(file, task.entry, per_byte, problems, of_harness)
        _check(items, task, file.name, problems)
        yield from items
    for name in by_task.keys() - results.encoder_tasks.keys():
        if encoder_task_by_name(name):
            problems.add("contradiction", by_task[name].name, "samples of a task that the results file doesn't have")


def _documents_per_item(task: LeafRun | EncoderTaskRun) -> int:
    """Above 1, a run of chosen documents (`--samples`) can have more items than their number divided by it."""
    return task.entry.documents_per_item if isinstance(task, EncoderTaskRun) else 1


def _check(
    samples: Sequence[Sample] | Sequence[ItemSample], leaf: LeafRun | EncoderTaskRun, where: str, problems: Problems
) -> None:
    """Compare a task's samples with what the results file says of them."""
    if not isinstance(leaf.rows, Unknown) and len(samples) < leaf.rows:
        problems.add("missing-rows", where, f"{len(samples)} usable samples, but the results count {leaf.rows} rows")
    elif not isinstance(leaf.rows, Unknown) and len(samples) > leaf.rows and _documents_per_item(leaf) == 1:
        problems.add("contradiction", where, f"{len(samples)} samples, but the results count {leaf.rows} rows", "rows")
    for name, reported in leaf.metrics.items():
        own = [sample.reported if isinstance(sample, Sample) else sample.metrics for sample in samples]
        values = [values[name] for values in own if name in values]
        mean = sum(values) / len(values) if values else None
        if mean is None or abs(mean - reported) > ROUNDING * max(1.0, abs(reported)):
            found = "no sample has it" if mean is None else f"the mean over its samples is {mean:.6f}"
            problems.add("contradiction", where, f"{name} is {reported:.6f} in the results, but {found}", name)
