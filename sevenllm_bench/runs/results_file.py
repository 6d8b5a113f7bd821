"""A results file of lm-eval without its samples: the model, the settings, the leaves with their figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import LEAVES, Leaf, leaf_of_task
from sevenllm_bench.encoder_tasks.encoder_task import ITEM_TASKS, EncoderTask, encoder_task_by_name
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.metrics.registry import METRIC_VERSIONS
from sevenllm_bench.runs.encoder_records import EncoderTaskRun
from sevenllm_bench.runs.records import LeafRun, Model, Settings
from sevenllm_bench.runs.run_block import read_block
from sevenllm_bench.runs.unknown import UNKNOWN, Unknown
from sevenllm_bench.runs.untrusted import Fields, Problems, finite, read_json
from sevenllm_bench.text.display import printable

_SEEDS = ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")


@dataclass(frozen=True, slots=True)
class Results:
    """What a results file says.

    Attributes:
        model: What was evaluated.
        settings: What shapes every task.
        leaves: Task name to leaf, in the catalogue's order, variants last; empty where no task is SEvenLLM's.
        other_tasks: Names of tasks that are not SEvenLLM's.
        date: When the run started, seconds since 1970.
        encoder_tasks: Name to encoder task, in their order.
    """

    model: Model
    settings: Settings
    leaves: Mapping[str, LeafRun]
    other_tasks: tuple[str, ...]
    date: float | Unknown
    encoder_tasks: Mapping[str, EncoderTaskRun]

    @property
    def tasks(self) -> Mapping[str, LeafRun | EncoderTaskRun]:
        """All its tasks: leaves, then encoder tasks."""
        return {**self.leaves, **self.encoder_tasks}


def read_results(path: Path, problems: Problems) -> Results:
    """Read a results file.

    Args:
        path: The file.
        problems: Where to report values that can't be used.

    Raises:
        ResultsError: It can't be read, or is no results file.
    """
    content = read_json(path, repeated=lambda key: _report_repeated(key, path, problems))
    if not isinstance(content, dict) or not isinstance(content.get("results"), dict):
        raise ResultsError(f"{path}: not a results file of lm-eval (no object under the key 'results')")
    fields = Fields(content, path.name, problems)
    leaves, others = _leaves(fields)
    date = fields.number("date") or UNKNOWN
    return Results(_model(fields), _settings(fields), leaves, others, date, _encoder_tasks(fields))


def _report_repeated(key: str, path: Path, problems: Problems) -> None:
    why = f"the key {printable(key, 80)} stands twice in one object; its last value counts"
    problems.add("contradiction", path.name, why, "keys")


def _model(fields: Fields) -> Model:
    config = fields.object("config")
    arguments = config.values.get("model_args")
    name = fields.text("model_name")
    source = config.text("model") or fields.text("model_source")
    return Model(
        name=str(name or Path(fields.where).stem),
        source=str(source or "unknown"),
        arguments=arguments if isinstance(arguments, dict) else {"model_args": printable(arguments, 20_000)} if arguments else {},
        revision=config.text("model_revision") or UNKNOWN,
        sha=_commit(config),
    )


def _commit(config: Fields) -> str | Unknown:
    """Commit of the weights that the name stands for: the adapter's, where lm-eval loaded one over a base."""
    for name in ("peft_sha", "delta_sha", "model_sha"):
        if name in config.values:
            return config.text(name) or UNKNOWN
    return UNKNOWN


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
    known = {*leaves, *groups.values, *(task.name for task in ITEM_TASKS)}
    others = tuple(printable(name) for name in results.values if name not in known)
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
        metrics=_figures(figures, "{},none", METRIC_VERSIONS),
        stderr=_figures(figures, "{}_stderr,none", METRIC_VERSIONS),
        local=block.local,
        task_hash=task_hash if isinstance(task_hash, str) else None,
    )


def _encoder_tasks(fields: Fields) -> dict[str, EncoderTaskRun]:
    """The encoder tasks in the results."""
    results, configs = fields.object("results"), fields.object("configs")
    return {task.name: _encoder_task(task.name, fields, configs) for task in ITEM_TASKS if task.name in results.values}


def _encoder_task(name: str, fields: Fields, configs: Fields) -> EncoderTaskRun:
    entry = encoder_task_by_name(name)
    assert entry is not None
    figures, counts, config = fields.object("results").object(name), fields.object("n-samples").object(name), configs.object(name)
    block = read_block(config.object("metadata"))
    generation = config.values.get("generation_kwargs", UNKNOWN)
    task_hash = fields.object("task_hashes").text(name)
    return EncoderTaskRun(
        task=name,
        entry=entry,
        version=fields.object("versions").text(name) or UNKNOWN,
        rows=_items(counts.whole("effective"), entry),
        rows_in_all=_items(counts.whole("original"), entry),
        num_fewshot=fields.object("n-shot").whole(name),
        output_type=config.text("output_type") or UNKNOWN,
        generation=generation if isinstance(generation, dict) else UNKNOWN,
        prompt=block.prompt,
        signature=block.signature,
        metrics=_figures(figures, "{},none", entry.metrics),
        stderr=_figures(figures, "{}_stderr,none", entry.metrics),
        cost=block.cost or _cost(fields.object("config")),
        notes=block.notes,
        further=block.further,
        answers=block.answers,
        task_hash=task_hash if isinstance(task_hash, str) else None,
        local=block.local,
    )


def _items(documents: int | Unknown, entry: EncoderTask) -> int | Unknown:
    """How many items so many documents of the harness are: a question without all of its rotations is one too."""
    return documents if isinstance(documents, Unknown) else -(-documents // entry.documents_per_item)


def _cost(config: Fields) -> dict[str, Any]:
    """What lm-eval recorded of a run's cost: the whole run's where an encoder answered, the size of any other model."""
    cost = config.object("encoder").object("cost").values
    size = config.whole("model_num_parameters")
    return cost or ({"parameters": size} if isinstance(size, int) and size else {})


def _figures(figures: Fields, key: str, metrics: Iterable[str]) -> dict[str, float]:
    """Metric to figure. lm-eval writes "N/A" for a standard error that there is none of."""
    found = {}
    for name in metrics:
        value = figures.values.get(key.format(name))
        number = finite(value)
        if number is not None:
            found[name] = number
        elif value not in (None, "N/A"):
            figures.problems.add("bad-value", figures.where, f"{key.format(name)} is no finite number", name)
    return found
