"""Which runs can be compared: what differs between them, for which metrics, and whether it forbids the comparison."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from sevenllm_bench.metrics.registry import ITEM_METRIC_VERSIONS, JUDGE_METRICS, METRIC_VERSIONS, SEMANTIC_METRICS
from sevenllm_bench.prompts import are_own_stop_strings
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.predictions import name_ids
from sevenllm_bench.runs.records import LeafRun, Run, Sample
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.text.display import printable

#: "forbids": figures are not about the same thing. "unknown": it isn't known. "note": worth knowing, no obstacle.
Weight = Literal["forbids", "unknown", "note"]

#: Problems of a single run after which its figures can't be trusted.
DISQUALIFYING = ("contradiction", "no-samples", "broken-line")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which runs differ, or that is wrong with one of them.

    Attributes:
        setting: What differs, e.g. "limit" or "prompt".
        weight: What follows from it.
        detail: The values by run, in words.
        metrics: The metrics concerned; empty for all.
        tasks: The tasks concerned; empty for all.
    """

    setting: str
    weight: Weight
    detail: str
    metrics: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The difference in one line."""
        where = f" [{_few(self.tasks)}]" if self.tasks else ""
        which = f" (concerns {', '.join(self.metrics)})" if self.metrics else ""
        return f"{self.setting}{where}: {self.detail}{which}"

    def concerns(self, metrics: Iterable[str], tasks: Iterable[str]) -> bool:
        """Whether it is about one of these metrics in one of these tasks."""
        return (not self.metrics or bool(set(self.metrics) & set(metrics))) and (
            not self.tasks or bool(set(self.tasks) & set(tasks))
        )


def differences(runs: Sequence[Run]) -> list[Difference]:
    """Everything in which runs differ, the most severe first.

    What is unknown of one run only, or of all, is "unknown": it may differ.

    Args:
        runs: Two or more runs with labels that differ (one run: what is wrong with it).
    """
    found = [*_of_settings(runs), *_of_tasks(runs), *_of_rows(runs), *_of_items(runs), *_of_prompts(runs), *_of_problems(runs)]
    order: tuple[Weight, ...] = ("forbids", "unknown", "note")
    return sorted(found, key=lambda difference: order.index(difference.weight))


def forbidding(found: Iterable[Difference], metrics: Iterable[str], tasks: Iterable[str]) -> list[Difference]:
    """Those that forbid comparing these metrics over these tasks."""
    metrics, tasks = list(metrics), list(tasks)
    return [difference for difference in found if difference.weight == "forbids" and difference.concerns(metrics, tasks)]


#: Setting of the whole run, how grave a difference is, and how to get it.
_SETTINGS: tuple[tuple[str, Weight, Callable[[Run], Any]], ...] = (
    ("limit", "forbids", lambda run: run.settings.limit),
    ("system instruction", "forbids", lambda run: run.settings.system_instruction),
    # Models need their own template, or none: that is part of the model. Whether there is one should be known.
    ("chat template", "note", lambda run: run.settings.chat_template),
    ("few-shot examples as turns", "note", lambda run: run.settings.fewshot_as_multiturn),
    ("version of lm-eval", "note", lambda run: run.settings.lm_eval),
    ("seeds", "note", lambda run: run.settings.seeds),
    ("data type", "note", lambda run: run.settings.dtype),
    ("model arguments", "note", lambda run: run.model.identity.noted or None),
)


def _of_settings(runs: Sequence[Run]) -> Iterable[Difference]:
    for name, weight, value in _SETTINGS:
        yield from _compared(name, weight, {run.label: value(run) for run in runs})
    cached = [run.label for run in runs if isinstance(run.settings.use_cache, str)]
    if cached:
        why = "lm-eval's key for an answer doesn't name the model: was the cache empty before?"
        yield Difference("answer cache", "note", f"used by {', '.join(cached)}; {why}")


_Task = LeafRun | EncoderTaskRun


def _data(leaf: _Task) -> Any:
    data = leaf.signature.get("data")
    return data.get("sha256", Unknown.UNKNOWN) if isinstance(data, dict) else Unknown.UNKNOWN


#: A run without the metric: there is nothing to compare, so nothing differs.
_LACKING = object()


def _metric_version(name: str) -> Callable[[_Task], Any]:
    """Version of one metric."""

    def version(leaf: _Task) -> Any:
        versions = leaf.signature.get("metrics")
        return versions.get(name, _LACKING) if isinstance(versions, dict) else Unknown.UNKNOWN

    return version


def _part(name: str) -> Callable[[_Task], Any]:
    """A part of the signature; None where a known signature has none."""
    return lambda leaf: leaf.signature.get(name) if leaf.signature else Unknown.UNKNOWN


def _task_version(leaf: _Task) -> Any:
    """The part of a task version that moves when scores stop being comparable."""
    return leaf.version if isinstance(leaf.version, Unknown) else leaf.version.partition("-")[0]


def _generation(leaf: _Task) -> Any:
    """The generation arguments; the stop strings of our own, which go with chat template and prompt, are no difference."""
    if leaf.output_type != "generate_until" or isinstance(leaf.generation, Unknown):
        return None if leaf.output_type != "generate_until" else leaf.generation
    return {name: value for name, value in leaf.generation.items() if name != "until" or not are_own_stop_strings(value)}


#: Setting of a leaf, how grave a difference is, how to get it, and the metrics concerned (empty: all).
_LEAF_SETTINGS: tuple[tuple[str, Weight, Callable[[_Task], Any], tuple[str, ...]], ...] = (
    ("data (sha256)", "forbids", _data, ()),
    ("task version", "forbids", _task_version, ()),
    ("prompt", "forbids", lambda leaf: leaf.prompt or Unknown.UNKNOWN, ()),
    ("few-shot examples", "forbids", lambda leaf: leaf.num_fewshot, ()),
    ("generation arguments", "forbids", _generation, ()),
    ("segmenter", "forbids", _part("segmenter"), ("rouge_l", "rouge_l_paper")),
    ("embedding model", "forbids", _part("embedding"), SEMANTIC_METRICS),
    ("judge", "forbids", _part("judge"), JUDGE_METRICS),
    ("version of reading answers", "forbids", _part("reading"), ()),
    # Each model has its own form of reasoning.
    ("end of reasoning", "note", _part("reasoning_end"), ()),
    ("longest common subsequence", "note", _part("lcs"), ("rouge_l",)),
    ("version of sevenllm-bench", "note", _part("sevenllm_bench"), ()),
    *((f"version of {name}", "forbids", _metric_version(name), (name,)) for name in METRIC_VERSIONS),
)


#: The same of an encoder task. How an encoder answers belongs to the model, as a prompt belongs to a causal one.
_ENCODER_TASK_SETTINGS: tuple[tuple[str, Weight, Callable[[_Task], Any], tuple[str, ...]], ...] = (
    ("data (sha256)", "forbids", _data, ()),
    ("task version", "forbids", _task_version, ()),
    ("how encoders answer", "note", _part("method"), ()),
    ("noise", "forbids", _part("stress"), ()),
    ("version of reading answers", "forbids", _part("reading"), ()),
    ("segmenter", "forbids", _part("segmenter"), ("stress_score", "rouge_l", "rouge_l_paper")),
    ("version of sevenllm-bench", "note", _part("sevenllm_bench"), ()),
    *((f"version of {name}", "forbids", _metric_version(name), (name,)) for name in ITEM_METRIC_VERSIONS),
)


def _of_tasks(runs: Sequence[Run]) -> Iterable[Difference]:
    tasks = list(dict.fromkeys(task for run in runs for task in run.tasks))
    lacking: dict[str, list[str]] = {}
    for task in tasks:
        lacking.setdefault(", ".join(run.label for run in runs if task not in run.tasks), []).append(task)
    shared = lacking.pop("", [])
    for labels, where in lacking.items():
        yield Difference("tasks", "note" if shared else "forbids", f"not run by {labels}, left out", tasks=tuple(where))
    leaves = [task for task in shared if task in runs[0].leaves]
    yield from _of_shared(runs, leaves, _LEAF_SETTINGS, shared)
    yield from _of_shared(runs, [task for task in shared if task not in leaves], _ENCODER_TASK_SETTINGS, shared)


def _of_shared(
    runs: Sequence[Run],
    own: Sequence[str],
    settings: Sequence[tuple[str, Weight, Callable[[_Task], Any], tuple[str, ...]]],
    shared: Sequence[str],
) -> Iterable[Difference]:
    """Differences of the tasks `own`; none is named where all shared ones differ."""
    for name, weight, value, metrics in settings:
        grouped: dict[tuple[Weight, str], list[str]] = {}
        for task in own:
            values = {run.label: value(run.tasks[task]) for run in runs}
            for found in _compared(name, weight, {k: v for k, v in values.items() if v is not _LACKING}):
                grouped.setdefault((found.weight, found.detail), []).append(task)
        for (grave, detail), where in grouped.items():
            yield Difference(name, grave, detail, metrics, () if where == shared else tuple(where))


def _compared(name: str, weight: Weight, values: Mapping[str, Any]) -> Iterable[Difference]:
    """The difference between values by run, if there is one."""
    known = {label: value for label, value in values.items() if not isinstance(value, Unknown)}
    if not known:
        if weight == "forbids" and values:
            yield Difference(name, "unknown", f"unknown for {', '.join(values)}")
        return
    groups: dict[str, list[str]] = {}
    for label, value in known.items():
        groups.setdefault(json.dumps(value, sort_keys=True, default=str), []).append(label)
    if len(groups) > 1:
        shown = _where_they_differ([known[labels[0]] for labels in groups.values()])
        yield Difference(name, weight, "; ".join(f"{v} in {', '.join(w)}" for v, w in zip(shown, groups.values(), strict=True)))
    elif len(known) < len(values) and weight == "forbids":
        yield Difference(name, "unknown", f"unknown for {', '.join(label for label in values if label not in known)}")


def _where_they_differ(values: Sequence[Any]) -> list[str]:
    """Values in words; of objects, the keys in which they differ."""
    if all(isinstance(value, dict) for value in values):
        keys = dict.fromkeys(key for value in values for key in value)
        keys = dict.fromkeys(key for key in keys if any(value.get(key) != values[0].get(key) for value in values))
        return [printable(", ".join(f"{key} {json.dumps(value.get(key), default=str)}" for key in keys)) for value in values]
    return ["none" if value is None else printable(value, 120) for value in values]


def _by_task(run: Run) -> dict[str, dict[int, Sample]]:
    """The samples by task and row."""
    found: dict[str, dict[int, Sample]] = {}
    for sample in run.samples:
        found.setdefault(sample.task, {})[sample.id] = sample
    return found


def _of_rows(runs: Sequence[Run]) -> Iterable[Difference]:
    """Rows that only some runs have, rows that aren't the same behind the same id, and rows left out by all."""
    by_task = [_by_task(run) for run in runs]
    for task in [task for task in runs[0].leaves if all(task in run.leaves for run in runs)]:
        rows = [found.get(task, {}) for found in by_task]
        every, common = set().union(*rows), set(rows[0]).intersection(*rows[1:])
        lacking = [
            f"{run.label} lacks {name_ids(sorted(every - own.keys()))}"
            for run, own in zip(runs, rows, strict=True)
            if every - own.keys()
        ]
        if lacking:
            yield Difference("rows", "forbids", "; ".join(lacking), tasks=(task,))
        changed = [i for i in sorted(common) if any(own[i].row != rows[0][i].row for own in rows[1:])]
        if changed:
            yield Difference("content of rows", "forbids", f"differs for {name_ids(changed)}", tasks=(task,))
    for run in runs:
        yield from _partial(run)


def _of_items(runs: Sequence[Run]) -> Iterable[Difference]:
    """The same of the items of encoder tasks."""
    for task in [task for task in runs[0].encoder_tasks if all(task in run.encoder_tasks for run in runs)]:
        found = [{sample.id: sample for sample in run.item_samples if sample.task == task} for run in runs]
        every, common = set().union(*found), set(found[0]).intersection(*found[1:])
        lacking = [
            f"{run.label} lacks {name_ids(sorted(every - own.keys()))}"
            for run, own in zip(runs, found, strict=True)
            if every - own.keys()
        ]
        if lacking:
            yield Difference("items", "forbids", "; ".join(lacking), tasks=(task,))
        changed = [i for i in sorted(common) if any(_asked(own[i]) != _asked(found[0][i]) for own in found[1:])]
        if changed:
            yield Difference("content of items", "forbids", f"differs for {name_ids(changed)}", tasks=(task,))


def _asked(sample: ItemSample) -> tuple[Any, ...]:
    return sample.item.group, sample.item.source, sample.item.document


def _partial(run: Run) -> Iterable[Difference]:
    counts = [(task.rows, task.rows_in_all) for task in run.tasks.values()]
    known = [(rows, wanted) for rows, wanted in counts if isinstance(rows, int) and isinstance(wanted, int)]
    seen, wanted = sum(rows for rows, _ in known), sum(wanted for _, wanted in known)
    if seen < wanted:
        yield Difference("partial run", "note", f"{run.label} ran {seen:,} of the {wanted:,} rows of its tasks")
    data = [task.signature.get("data") for task in run.tasks.values()]
    if any(isinstance(part, dict) and part.get("modified") for part in data):
        yield Difference("data", "note", f"{run.label} ran on a MODIFIED official file")


def _of_prompts(runs: Sequence[Run]) -> Iterable[Difference]:
    """Prompts that differ though their name, few-shot number and system instruction don't.

    Only between runs without chat template, since each model's template changes its prompts.
    """
    plain = [run for run in runs if run.settings.chat_template is None]
    if len(plain) < 2:
        return
    by_task = [_by_task(run) for run in plain]
    for task, leaf in plain[0].leaves.items():
        others = [run.leaves.get(task) for run in plain[1:]]
        if all(other is not None and _same_prompt(leaf, other) for other in others):
            prompts = [{i: own.prompt for i, own in found.get(task, {}).items() if own.prompt} for found in by_task]
            common = set.intersection(*(set(found) for found in prompts))
            changed = [row_id for row_id in sorted(common) if len({found[row_id] for found in prompts}) > 1]
            if changed:
                yield Difference("text of prompts", "forbids", f"differs for {name_ids(changed)}", tasks=(task,))


def _same_prompt(one: LeafRun, other: LeafRun) -> bool:
    return (one.prompt, one.num_fewshot) == (other.prompt, other.num_fewshot)


def _of_problems(runs: Sequence[Run]) -> Iterable[Difference]:
    for run in runs:
        if not run.has_samples:
            yield Difference("samples", "forbids", f"{run.label} has none; run it with --log_samples")
        for problem in run.problems:
            weight: Weight = "forbids" if problem.code in DISQUALIFYING else "note"
            if problem.code != "unknown-settings" and (run.has_samples or problem.code != "no-samples"):
                yield Difference(f"problem in {run.label}", weight, printable(problem.line, 500))
        if run.older:
            named = _few([printable(PurePath(path).name, 80) for path in run.older], what="more")
            yield Difference("older runs", "note", f"{run.label}: {len(run.older)} in the same folder, not read: {named}")


def _few(names: Sequence[str], most: int = 3, what: str = "more tasks") -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} {what}" if len(names) > most else "")
