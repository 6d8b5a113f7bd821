"""The results file against itself and the samples: counts, standard errors, groups, configuration, hashes of its texts."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sevenllm_bench.data.hub import REPO_ID, REVISION
from sevenllm_bench.figures.figures import standard_error
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, higher_is_better
from sevenllm_bench.runs.records import LeafRun, Run, Sample
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.submission.verify.check_rows import source_of
from sevenllm_bench.submission.verify.findings import Finding, figure_finding, some
from sevenllm_bench.submission.verify.json_differences import differences
from sevenllm_bench.text.display import printable

_TASK_KEYS = frozenset({"name", "alias", "sample_len"})
#: What differs among the configurations of our tasks by their nature, or is compared elsewhere.
_OWN_CONFIG = frozenset(
    {"task", "task_alias", "dataset_path", "dataset_kwargs", "output_type", "metric_list", "metadata", "doc_to_choice", "tag"}
)
_Values = Mapping[str, list[float]]


def check_results(results: Mapping[str, Any], run: Run, samples: Sequence[Sample]) -> Iterator[Finding]:
    """What the results file says beside the figures of tasks, each said again by the samples or by another place in it.

    Args:
        results: The results file.
        run: The run.
        samples: The samples scored again.
    """
    values = _values_by_task(run, samples)
    for task, leaf in run.leaves.items():
        wrong = [*_task(results, task, values[task]), *_config(results, leaf)]
        if wrong:
            yield Finding("results", task, "differs", some(wrong, 4))
        yield from _other_figures(results, task)
    yield from _errors(results, values)
    yield from _alike(results, run)
    yield from _groups(results, run, values)
    rising = dig(results, "higher_is_better")
    for name, own in rising.items() if isinstance(rising, dict) else ():
        if str(name).startswith("sevenllm") and isinstance(own, dict) and not _is_right_way(own):
            yield Finding("results", printable(name), "differs", "higher_is_better: not as in this package")
    yield from _texts(results)
    yield from _model(results, run)


def _is_right_way(said: Mapping[Any, Any]) -> bool:
    return all(value is higher_is_better(str(name)) for name, value in said.items())


def _values_by_task(run: Run, samples: Sequence[Sample]) -> dict[str, dict[str, list[float]]]:
    """The rows' values by task and metric, and under "" one zero for each row."""
    values: dict[str, dict[str, list[float]]] = {task: {"": []} for task in run.leaves}
    for sample in samples:
        values[sample.task][""].append(0.0)
        for metric, value in sample.reported.items():
            values[sample.task].setdefault(metric, []).append(value)
    return values


def _task(results: Mapping[str, Any], task: str, values: _Values) -> Iterator[str]:
    """Name and counts of a task."""
    own = dig(results, "results", task)
    if isinstance(own, dict) and "sample_len" in own:  # lm-eval 0.4.13 writes all three
        yield from differences([task, len(values[""])], [own.get("name"), own.get("sample_len")], "name, sample_len")
        if str(own.get("alias")).strip(" -") not in (task, f"{task} (embedded rows)"):
            yield f"alias is {printable(own.get('alias'), 60)}"


def _other_figures(results: Mapping[str, Any], task: str) -> Iterator[Finding]:
    known = _TASK_KEYS | {key for metric in METRIC_VERSIONS for key in (f"{metric},none", f"{metric}_stderr,none")}
    own = dig(results, "results", task)
    other = [printable(key, 60) for key in own if key not in known] if isinstance(own, dict) else []
    if other:
        yield Finding("results", task, "note", f"not figures of this benchmark, not looked at: {some(other)}")


def _config(results: Mapping[str, Any], leaf: LeafRun) -> Iterator[str]:
    """The task's configuration, as far as it says again what is said elsewhere."""
    config = dig(results, "configs", leaf.task)
    if not isinstance(config, dict):
        return
    official = source_of(leaf) == "official"
    data = {"dataset_path": REPO_ID, "dataset_kwargs": {"revision": REVISION}}
    wanted: dict[str, Any] = {"task": leaf.task, "output_type": "generate_until" if leaf.is_default else "multiple_choice"}
    also = {"num_fewshot": leaf.num_fewshot, "repeats": 1} | (data if official else {})
    wanted |= {key: value for key, value in also.items() if key in config}
    yield from differences(wanted, {key: config.get(key) for key in wanted}, "configuration")
    listed = config.get("metric_list")
    if isinstance(listed, list) and not set(leaf.metrics) <= {str(dig(item, "metric")) for item in listed}:
        yield "configuration.metric_list: without some of its figures"
    for item in listed if isinstance(listed, list) else ():
        direction = higher_is_better(str(dig(item, "metric")))
        if (dig(item, "aggregation") or "mean", dig(item, "higher_is_better")) not in (("mean", direction), ("mean", None)):
            yield "configuration.metric_list: averaged in another way"
    metadata = config.get("metadata")
    if isinstance(metadata, dict):
        said = {"version": leaf.version, "prompt": leaf.prompt.get("name")}
        said = {key: value for key, value in said.items() if key in metadata}
        yield from differences(said, {key: metadata[key] for key in said}, "configuration.metadata")


def _errors(results: Mapping[str, Any], values: Mapping[str, _Values]) -> Iterator[Finding]:
    """The standard errors of tasks; lm-eval writes "N/A" for one row, and everywhere with bootstrap_iters 0."""
    none_at_all = finite(dig(results, "config", "bootstrap_iters")) == 0
    for task, own in values.items():
        for metric in METRIC_VERSIONS:
            claimed = dig(results, "results", task, f"{metric}_stderr,none")
            found = standard_error(own.get(metric, []))
            if claimed is None or (claimed == "N/A" and (found is None or none_at_all)):
                continue
            yield figure_finding("standard errors", f"{task} {metric}", finite(claimed), found)


def _alike(results: Mapping[str, Any], run: Run) -> Iterator[Finding]:
    """Configurations of tasks have the same values wherever nothing of the task's own is said."""
    configs = [config for task in run.leaves if isinstance(config := dig(results, "configs", task), dict)]
    for key in sorted({str(key) for config in configs for key in config} - _OWN_CONFIG):
        said = Counter(repr(config.get(key)) for config in configs if config.get("output_type") == "generate_until")
        if len(said) > 1:
            rare = said.most_common()[-1]
            detail = f"{printable(key, 60)}: not the same in all tasks ({printable(rare[0], 60)} in {rare[1]} of them)"
            yield Finding("results", "configurations", "differs", detail)


def _groups(results: Mapping[str, Any], run: Run, values: Mapping[str, _Values]) -> Iterator[Finding]:
    """The figures of lm-eval's groups: means over tasks, weighted by their rows, with pooled standard errors."""
    members = dig(results, "group_subtasks")
    for group, own in _group_rows(results, run):
        tasks = leaves_of(group, members, run) if str(group).startswith("sevenllm") and isinstance(own, dict) else []
        if not tasks:
            if str(group).startswith("sevenllm"):
                yield Finding("group figures", printable(group), "differs", "a group without a task of this run")
            continue
        leaves = [run.leaves[task] for task in tasks]
        said: dict[str, list[Any]] = {
            "versions": [leaf.version for leaf in leaves],
            "n-shot": [leaf.num_fewshot for leaf in leaves],
        }
        wrong = [key for key, of_tasks in said.items() if dig(results, key, group) not in [*of_tasks, None]]
        wrong += _group_counts(own, group, [values[task] for task in tasks])
        if wrong:
            yield Finding("group figures", printable(group), "differs", f"not as in its tasks: {some(wrong)}")
        for metric in METRIC_VERSIONS:
            yield from _group_figures(own, printable(group), metric, [values[task] for task in tasks])


def _group_rows(results: Mapping[str, Any], run: Run) -> Iterator[tuple[Any, Any]]:
    """The groups with their values; lm-eval 0.4.13 writes them twice, under "groups" and among the tasks."""
    for place in ("groups", "results"):
        own = dig(results, place)
        yield from ((name, row) for name, row in own.items() if name not in run.tasks) if isinstance(own, dict) else ()


def _group_counts(own: Mapping[str, Any], group: str, tasks: Sequence[_Values]) -> list[str]:
    counts = {f"{m},none": sum(len(task[""]) for task in tasks if task.get(m)) for m in METRIC_VERSIONS}
    wanted = {"name": group, "alias": group, "sample_len": sum(len(task[""]) for task in tasks)}
    said = own.get("sample_count", {})
    wanted["sample_count"] = {key: counts.get(key) for key in said} if isinstance(said, dict) else said
    return [key for key, value in wanted.items() if key in own and list(differences(value, own[key], ""))]


def _group_figures(own: Mapping[str, Any], group: str, metric: str, tasks: Sequence[_Values]) -> Iterator[Finding]:
    claimed, error = own.get(f"{metric},none"), own.get(f"{metric}_stderr,none")
    having = [(len(task[""]), task[metric]) for task in tasks if task.get(metric)]
    rows = sum(size for size, _ in having)
    if claimed is not None:
        mean = math.fsum(size * math.fsum(own) / len(own) for size, own in having) / rows if rows else None
        yield figure_finding("group figures", f"{group} {metric}", finite(claimed), mean)
    if error not in (None, "N/A"):
        yield figure_finding("group figures", f"{group} {metric}, standard error", finite(error), _pooled(having))


def _pooled(having: Sequence[tuple[int, list[float]]]) -> float | None:
    """lm-eval's standard error of a group (`metrics.pooled_sample_stderr`, 0.4.13); None where a task has none."""
    errors = [(size, standard_error(values)) for size, values in having]
    rows = sum(size for size, _ in errors)
    if rows <= len(errors) or any(error is None for _, error in errors):
        return None
    pooled = math.fsum((size - 1) * size * (error or 0.0) ** 2 for size, error in errors) / (rows - len(errors))
    return math.sqrt(pooled / rows)


def leaves_of(group: Any, members: Any, run: Run) -> list[str]:
    """The tasks of a group, through its subgroups; each group is entered once, so a circle ends.

    Args:
        group: Name of the group.
        members: `group_subtasks` of the results.
        run: The run.
    """
    seen, waiting, leaves = set(), [group], []
    while waiting:
        name = waiting.pop()
        if not isinstance(name, str) or name in seen:
            continue
        seen.add(name)
        if name in run.leaves:
            leaves.append(name)
        inner = dig(members, name)
        waiting += inner if isinstance(inner, list) else []
    return leaves


def _texts(results: Mapping[str, Any]) -> Iterator[Finding]:
    """System instruction and chat template against their hashes, and the names of the model."""
    for name in ("system_instruction", "chat_template"):
        text, claimed = results.get(name), results.get(f"{name}_sha")
        found = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() if isinstance(text, str) and text else None
        if claimed != found:
            yield Finding(
                "results", name, "differs", f"its hash is {printable(found, 20)}, the results say {printable(claimed, 20)}"
            )


def _model(results: Mapping[str, Any], run: Run) -> Iterator[Finding]:
    """What the results say twice of the model: its kind, that it replays answers, and its arguments."""
    source, named = dig(results, "config", "model"), results.get("model_source")
    if isinstance(source, str) and named not in (source, None):
        said = f"{printable(named, 80)}, the configuration says {printable(source, 80)}"
        yield Finding("results", "model_source", "differs", said)
    if dig(results, "config", "replay") is not None and source != "sevenllm-replay":
        yield Finding("results", "replay", "differs", f"the record of a replay, but the model is {printable(source, 80)}")
    for task in run.leaves:
        metadata = dig(results, "configs", task, "metadata")
        arguments = run.model.arguments if isinstance(metadata, dict) else {}
        other = [
            printable(key, 60) for key in arguments if key in metadata and list(differences(arguments[key], metadata[key], ""))
        ]
        if other:  # lm-eval gives a task the model's arguments, which --metadata may overwrite
            yield Finding("results", task, "note", f"not as in the model's arguments: {some(other)}")
