"""A run's files to a `Run`: figures as lm-eval reported them, samples row by row, and what doesn't fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sevenllm_bench.catalog import LEAVES, Leaf, leaf_of_task
from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, ROUNDING
from sevenllm_bench.runs.from_answers import run_from_predictions
from sevenllm_bench.runs.locate import RunFiles, find_runs, task_of
from sevenllm_bench.runs.records import UNKNOWN, LeafRun, Model, Run, Sample, Settings, Unknown
from sevenllm_bench.runs.run_block import read_block
from sevenllm_bench.runs.samples import read_samples
from sevenllm_bench.runs.untrusted import Fields, Problems, finite, read_json
from sevenllm_bench.text.display import printable

_SEEDS = ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")


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
    return with_labels([read_run(files, load) for files in find_runs(paths)])


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
    content = read_json(files.results)
    if not isinstance(content, dict) or not isinstance(content.get("results"), dict):
        raise ResultsError(f"{files.results}: not a results file of lm-eval (no object under the key 'results')")
    problems = Problems()
    fields = Fields(content, files.results.name, problems)
    leaves, others = _leaves(fields)
    if not leaves:
        raise ResultsError(f"{files.results}: no SEvenLLM task in it" + (f"; found {', '.join(others[:5])}" if others else ""))
    samples = _samples(files, leaves, problems)
    model = _model(fields)
    return Run(
        label=model.name,
        model=model,
        settings=_settings(fields),
        leaves=leaves,
        samples=tuple(samples),
        problems=problems.found(),
        path=str(files.results),
        older=tuple(map(str, files.older)),
        other_tasks=others,
        date=fields.number("date") or UNKNOWN,
    )


def with_labels(runs: Sequence[Run]) -> list[Run]:
    """The runs with labels that differ: runs of the same model are numbered in the order given."""
    labels = [run.label for run in runs]
    numbered = [
        f"{label} ({labels[: index + 1].count(label)})" if labels.count(label) > 1 else label
        for index, label in enumerate(labels)
    ]
    return [replace(run, label=label) for run, label in zip(runs, numbered, strict=True)]


def _model(fields: Fields) -> Model:
    config = fields.object("config")
    arguments = config.values.get("model_args")
    name = fields.text("model_name")
    source = config.text("model") or fields.text("model_source")
    return Model(
        name=str(name or Path(fields.where).stem),
        source=str(source or "unknown"),
        arguments=arguments if isinstance(arguments, dict) else {"model_args": printable(arguments)} if arguments else {},
        revision=config.text("model_revision") or UNKNOWN,
        sha=config.text("model_sha") or UNKNOWN,
    )


def _settings(fields: Fields) -> Settings:
    config = fields.object("config")
    as_turns = fields.values.get("fewshot_as_multiturn", UNKNOWN)
    batch = config.values.get("batch_size", UNKNOWN)
    return Settings(
        limit=config.number("limit"),
        chat_template=fields.text("chat_template_sha"),
        system_instruction=fields.text("system_instruction_sha"),
        fewshot_as_multiturn=as_turns if as_turns is None or isinstance(as_turns, (bool, Unknown)) else UNKNOWN,
        seeds={name: config.values[name] for name in _SEEDS if name in config.values} or UNKNOWN,
        use_cache=config.text("use_cache"),
        dtype=config.text("model_dtype"),
        batch_size=batch if isinstance(batch, Unknown) else printable(batch, 40),
        lm_eval=fields.text("lm_eval_version") or UNKNOWN,
        transformers=fields.text("transformers_version") or UNKNOWN,
    )


def _leaves(fields: Fields) -> tuple[dict[str, LeafRun], tuple[str, ...]]:
    """The leaves of ours in the results, and the names of other tasks; groups are neither."""
    results, configs, groups = fields.object("results"), fields.object("configs"), fields.object("groups")
    leaves = {name: leaf for name in results.values if (leaf := leaf_of_task(name))}
    order = {leaf.name: place for place, leaf in enumerate(LEAVES)}
    ordered = sorted(leaves, key=lambda name: (name not in order, order.get(name, 0), name))
    others = tuple(printable(name) for name in results.values if name not in leaves and name not in groups.values)
    return {name: _leaf(name, leaves[name], fields, configs.object(name)) for name in ordered}, others


def _leaf(task: str, leaf: Leaf, fields: Fields, config: Fields) -> LeafRun:
    figures, counts = fields.object("results").object(task), fields.object("n-samples").object(task)
    block = read_block(config.object("metadata"))
    generation = config.values.get("generation_kwargs", UNKNOWN)
    task_hash = fields.object("task_hashes").text(task)
    return LeafRun(
        task=task,
        leaf=leaf,
        version=fields.object("versions").text(task) or UNKNOWN,
        rows=counts.whole("effective"),
        rows_in_all=counts.whole("original"),
        num_fewshot=fields.object("n-shot").whole(task),
        output_type=config.text("output_type") or UNKNOWN,
        generation=generation if isinstance(generation, dict) else UNKNOWN,
        prompt=block.prompt,
        signature=block.signature,
        metrics=_figures(figures, "{},none"),
        stderr=_figures(figures, "{}_stderr,none"),
        task_hash=task_hash if isinstance(task_hash, str) else None,
    )


def _figures(figures: Fields, key: str) -> dict[str, float]:
    """Metric to figure. lm-eval writes "N/A" for a standard error that there is none of."""
    found = {}
    for name in METRIC_VERSIONS:
        value = figures.values.get(key.format(name))
        number = finite(value)
        if number is not None:
            found[name] = number
        elif value not in (None, "N/A"):
            figures.problems.add("bad-value", figures.where, f"{key.format(name)} is no finite number", name)
    return found


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


def _check(samples: Sequence[Sample], leaf: LeafRun, where: str, problems: Problems) -> None:
    """Compare a leaf's samples with what the results file says of them."""
    if not isinstance(leaf.rows, Unknown) and len(samples) < leaf.rows:
        problems.add("missing-rows", where, f"{len(samples)} usable samples, but the results count {leaf.rows} rows")
    elif not isinstance(leaf.rows, Unknown) and len(samples) > leaf.rows:
        problems.add("contradiction", where, f"{len(samples)} samples, but the results count {leaf.rows} rows", "rows")
    for name, reported in leaf.metrics.items():
        values = [sample.reported[name] for sample in samples if name in sample.reported]
        mean = sum(values) / len(values) if values else None
        if mean is None or abs(mean - reported) > ROUNDING * max(1.0, abs(reported)):
            found = "no sample has it" if mean is None else f"the mean over its samples is {mean:.6f}"
            problems.add("contradiction", where, f"{name} is {reported:.6f} in the results, but {found}", name)
