"""The encoder tasks of a bundle: their items, every score computed again from the answers, means, errors, further figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.mteb_results import contradictions
from sevenllm_bench.encoder_runs.mteb_results import figures_of as mteb_figures
from sevenllm_bench.encoder_runs.mteb_tasks import dataset_revision
from sevenllm_bench.encoder_tasks.answer_ranking import AS_GIVEN
from sevenllm_bench.encoder_tasks.encoder_task import LLM_TASKS, Item
from sevenllm_bench.encoder_tasks.task_scoring import further_figures
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.figures import standard_error
from sevenllm_bench.runs.encoder_records import EncoderTaskRun
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.submission.verify.check_item_settings import check_item_settings
from sevenllm_bench.submission.verify.check_rows import Benchmarks, data_finding, rows_within, source_of
from sevenllm_bench.submission.verify.check_scores import with_long_answers
from sevenllm_bench.submission.verify.findings import TOLERANCE, Finding, figure_finding, some, unconfirmed
from sevenllm_bench.submission.verify.json_differences import differences
from sevenllm_bench.submission.verify.rescored_tasks import RescoredTask, rescore_items

#: The model of the harness that gives scores of encoders, which are no log-likelihoods.
_ENCODER_MODEL = "sevenllm-encoder"


def check_encoder_tasks(
    run: Run, results: Mapping[str, Any], benchmarks: Benchmarks, again: Sequence[RescoredTask] | None = None
) -> Iterator[Finding]:
    """Items, coverage, scores and figures of every encoder task.

    Args:
        run: The run.
        results: The results file.
        benchmarks: The rows by source.
        again: Its tasks scored again, see `rescore_items`; None to score them.
    """
    for checked in rescore_items(run, benchmarks) if again is None else again:
        task = checked.task
        if task.entry.kind != "vulnerable-code":
            yield data_finding(task.task, task, benchmarks[source_of(task)].description, task.entry.language)
        yield from check_item_settings(task, checked.samples, run.model.source, results)
        yield from _items(checked)
        yield from _coverage(checked, run.settings.limit)
        yield from _scores(checked, results)
        yield from _further(checked)
        yield from _mteb(checked, results, benchmarks[source_of(task)])
        yield from _values_as_given(task, run.model.source)


def _items(checked: RescoredTask) -> Iterator[Finding]:
    name = checked.task.task
    of_files = [sample.id for sample in checked.samples if sample.item.source == "file"]
    if of_files:
        why = f"{len(of_files)} items of a file of the submitter's, which are not the benchmark's"
        yield Finding("items", name, "differs", why)
    altered = [
        sample.id for sample in checked.samples if sample.id in checked.items and not _same(sample.item, checked.items[sample.id])
    ]
    if altered:
        yield Finding("items", name, "differs", f"{len(altered)} items are not the benchmark's: {some(altered)}")
    elif checked.samples and not of_files:
        yield Finding("items", name, "confirmed", f"{len(checked.samples)} items")


def _same(found: Item, wanted: Item) -> bool:
    return found == wanted and _as_text(found) == _as_text(wanted)


def _as_text(item: Item) -> str:
    """The document as JSON text, in which 1, 1.0 and true differ."""
    return json.dumps(dict(item.document), sort_keys=True)


def _coverage(checked: RescoredTask, limit: float | Unknown | None) -> Iterator[Finding]:
    name, task = checked.task.task, checked.task
    due, there = list(checked.items), {sample.id for sample in checked.samples}
    if task.rows_in_all != len(due):
        yield Finding("coverage", name, "differs", f"the results say the task has {task.rows_in_all} items, it has {len(due)}")
    if task.rows != len(there):
        yield Finding("coverage", name, "differs", f"the results count {task.rows} items, the samples have {len(there)}")
    if foreign := sorted(there - set(due)):
        yield Finding("coverage", name, "differs", f"items that are not the task's: {some(foreign)}")
    per_item = task.entry.documents_per_item
    allowed = -(-rows_within(limit, len(due) * per_item) // per_item)
    if missing := [number for number in due[:allowed] if number not in there]:
        yield Finding("coverage", name, "differs", f"{len(missing)} of {len(due)} items missing: {some(missing)}")
    if lacking := _without_rotations(checked, due, rows_within(limit, len(due) * per_item)):
        yield Finding("coverage", name, "differs", f"{len(lacking)} items without all their rotations: {some(lacking)}")
    if beyond := [number for number in due[allowed:] if number in there]:
        yield Finding("limit", name, "differs", f"the run's limit is {limit:g}, but items beyond it are there: {some(beyond)}")
    if isinstance(limit, Unknown):
        yield unconfirmed("limit", name, "settings", "the results don't say whether the run was limited")
    elif allowed < len(due):
        yield Finding("limit", name, "note", f"limit {limit:g}: {allowed} of {len(due)} items, so no figure of the benchmark")
    elif there == set(due) and not lacking:
        yield Finding("coverage", name, "confirmed", f"{len(there)} of {len(due)} items")


def _without_rotations(checked: RescoredTask, due: Sequence[int], documents: int) -> list[int]:
    """Items in several rotations of which one is missing: without the wrong ones, a model would be right more often.

    Args:
        checked: The task.
        due: Its items.
        documents: The rotations that were to be run, of the items in their order.
    """
    per_item = checked.task.entry.documents_per_item
    if per_item == 1:
        return []
    wanted = {number: min(per_item, documents - per_item * place) for place, number in enumerate(due)}
    return [sample.id for sample in checked.samples if set(range(max(0, wanted.get(sample.id, 0)))) - sample.rotations.keys()]


def _scores(checked: RescoredTask, results: Mapping[str, Any]) -> Iterator[Finding]:
    """Every item's values, the means and the standard errors."""
    name = checked.task.task
    for metric in checked.task.entry.metrics:
        wrong = [
            f"item {old.id} claims {_shown(old.metrics.get(metric))}, recomputed {_shown(new.metrics.get(metric))}"
            for old, new in zip(checked.samples, checked.again, strict=True)
            if _differ(old.metrics.get(metric), new.metrics.get(metric))
        ]
        if wrong:
            why = f"{len(wrong)} of {len(checked.samples)} items differ: {some(wrong, 3)}"
            yield Finding("scores", f"{name} {metric}", "differs", why)
        values = [sample.metrics[metric] for sample in checked.again if metric in sample.metrics]
        mean = sum(values) / len(values) if values else None
        figure = figure_finding("task figures", f"{name} {metric}", checked.task.metrics.get(metric), mean)
        long = checked.too_long and figure.status == "confirmed"
        yield with_long_answers(figure, checked.too_long) if long else figure
        claimed, found = dig(results, "results", name, f"{metric}_stderr,none"), standard_error(values)
        # lm-eval has no standard error of what it doesn't average itself: figures by question over their rotations.
        none_due = found is None or finite(dig(results, "config", "bootstrap_iters")) == 0
        none_due = none_due or checked.task.entry.documents_per_item > 1
        if claimed is not None and not (claimed == "N/A" and none_due):
            yield figure_finding("standard errors", f"{name} {metric}", finite(claimed), found)


def _differ(claimed: float | None, found: float | None) -> bool:
    return claimed is not found if claimed is None or found is None else abs(claimed - found) > TOLERANCE


def _shown(value: float | None) -> str:
    return "no value" if value is None else f"{value:.6f}"


def _mteb(checked: RescoredTask, results: Mapping[str, Any], benchmark: Benchmark) -> Iterator[Finding]:
    """MTEB's own result of the task, where the results have it."""
    name = checked.task.task
    said = dig(results, "mteb", name)
    if said is None:
        return
    try:
        figures = mteb_figures(said, f"mteb, {name}")
    except ResultsError as error:
        yield Finding("task figures", f"{name}, by MTEB", "differs", str(error))
        return
    if figures.task == checked.task.entry:
        groups = [sample.item.group for sample in checked.again]
        wrong = contradictions(figures, groups, [sample.metrics for sample in checked.again], dataset_revision(benchmark))
    else:
        wrong = [f"it is of {figures.task.name}"]
    yield Finding("task figures", f"{name}, by MTEB", "differs" if wrong else "confirmed", some(wrong, 3))


def _values_as_given(task: EncoderTaskRun, model: str | Unknown) -> Iterator[Finding]:
    """Log-likelihoods of a causal model that are not divided by the candidates' lengths: another measure, by choice."""
    if task.output_type == "multiple_choice" and task.answers.get("scores") == AS_GIVEN and model != _ENCODER_MODEL:
        why = f"its values are taken as given; those of any model except {_ENCODER_MODEL} are log-likelihoods per byte"
        yield Finding("scores", task.task, "differs", why)


def _further(checked: RescoredTask) -> Iterator[Finding]:
    """Figures that are no mean over items, where the results have them and they are of all processes of a run.

    lm-eval's other tasks make them in each process, of its own items.
    """
    task = checked.task
    if task.entry.kind == "stress":  # what the rows are, of all of them, whichever were run
        wanted = further_figures(task.entry, list(checked.items.values()), [None] * len(checked.items))
    elif task.output_type == "encoder" or task.entry.documents_per_item > 1:
        wanted = further_figures(task.entry, [s.item for s in checked.again], [s.answer for s in checked.again])
    else:
        return
    if not task.further:
        if wanted and task.entry in LLM_TASKS:
            yield Finding("task figures", f"{task.task}, further figures", "note", "the results don't have them")
        return
    found = list(differences(dict(wanted), dict(task.further), "further"))
    if found:
        yield Finding("task figures", f"{task.task}, further figures", "differs", some(found, 3))
    else:
        yield Finding("task figures", f"{task.task}, further figures", "confirmed")
