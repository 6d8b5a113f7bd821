"""The rows that a run without noise and a run with noise share, and what else the two runs differ in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sevenllm_bench.catalog import Kind, Language
from sevenllm_bench.encoder_tasks.stress import row_of, seed_of
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.metrics.registry import HEADLINE, OPTIONAL_FOR
from sevenllm_bench.noise.noisy_text import STRESS_VERSION, noisy_row
from sevenllm_bench.prompts import are_own_stop_strings
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.predictions import name_ids
from sevenllm_bench.runs.records import LeafRun, Run, Sample
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.text.display import printable


@dataclass(frozen=True, slots=True)
class RowPair:
    """A row without and with noise.

    Attributes:
        id: Id of the row.
        language: Its language.
        kind: What it asks for.
        noise: The kind of noise.
        clean: Its metric of the headline without noise.
        noisy: The same with noise.
        sample: The answer without noise.
        item: The answer with noise.
    """

    id: int
    language: Language
    kind: Kind
    noise: str
    clean: float
    noisy: float
    sample: Sample
    item: ItemSample


def pair_rows(clean: Run, stressed: Run) -> tuple[list[RowPair], list[int]]:
    """The rows that both runs have, by id, and the ids of the rows with noise that the run without noise lacks.

    Raises:
        ResultsError: One of the runs has no such rows, or they share none.
    """
    stress = {name for name, task in stressed.encoder_tasks.items() if task.entry.kind == "stress"}
    items = {item.id: item for item in stressed.item_samples if item.task in stress}
    if not items:
        raise ResultsError(
            f"{stressed.label}: no rows with noise in it; run lm_eval with --tasks sevenllm-en-stress,sevenllm-zh-stress "
            "--log_samples"
        )
    samples = {
        sample.id: sample
        for sample in clean.samples
        if sample.is_default and sample.kind in OPTIONAL_FOR and HEADLINE[sample.kind] in sample.metrics
    }
    pairs = [
        RowPair(number, own.language, own.kind, item.item.group, own.metrics[HEADLINE[own.kind]], value, own, item)
        for number, item in sorted(items.items())
        if (own := samples.get(number)) and (value := item.metrics.get("stress_score")) is not None
    ]
    if not pairs:
        raise ResultsError(
            f"{clean.label}: none of the rows that {stressed.label} has with noise; run lm_eval with --tasks sevenllm "
            "--log_samples, and name that run first"
        )
    return pairs, sorted(items.keys() - {pair.id for pair in pairs})


_Task = LeafRun | EncoderTaskRun


def _generation(task: _Task) -> Any:
    if not isinstance(task.generation, dict):
        return task.generation
    return {name: value for name, value in task.generation.items() if name != "until" or not are_own_stop_strings(value)}


#: What must be the same in a task without noise and one with it.
_SAME: tuple[tuple[str, Callable[[_Task], Any]], ...] = (
    ("prompt", lambda task: dict(task.prompt) or Unknown.UNKNOWN),
    ("few-shot examples", lambda task: task.num_fewshot),
    ("generation arguments", _generation),
    ("version of reading answers", lambda task: task.signature.get("reading", Unknown.UNKNOWN)),
    ("end of reasoning", lambda task: task.signature.get("reasoning_end") if task.signature else Unknown.UNKNOWN),
)
#: What must be the same of the runs.
_SAME_RUN: tuple[tuple[str, Callable[[Run], Any]], ...] = (
    ("model", lambda run: run.model.identity.name),
    ("system instruction", lambda run: run.settings.system_instruction),
    ("chat template", lambda run: run.settings.chat_template),
)


def refusals(clean: Run, stressed: Run, pairs: Sequence[RowPair]) -> list[str]:
    """What the two runs differ in beside the noise, one line each; what isn't known of one of them is no difference."""
    found = [] if clean.origin == "predictions" else list(_of_runs(clean, stressed))
    tasks = [(clean.leaves[pair.sample.task], stressed.encoder_tasks[pair.item.task]) for pair in pairs]
    return [*found, *setting_differences(tasks), *_of_rows(stressed, pairs)]


def setting_differences(tasks: Sequence[tuple[LeafRun, EncoderTaskRun]]) -> list[str]:
    """What tasks differ in from their task with noise beside the noise, one line each; what isn't known is no difference.

    Args:
        tasks: A task without noise and the one with noise each.
    """
    found = []
    for name, value in _SAME:
        shown = {(_shown(value(leaf)), _shown(value(task))) for leaf, task in tasks if _differ(value(leaf), value(task))}
        found += [f"{name}: {one} without noise, {other} with noise" for one, other in sorted(shown)]
    return found


def _of_runs(clean: Run, stressed: Run) -> Iterable[str]:
    for name, value in _SAME_RUN:
        one, other = value(clean), value(stressed)
        if _differ(one, other):
            yield f"{name}: {_shown(one)} without noise, {_shown(other)} with noise"


def _differ(one: Any, other: Any) -> bool:
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return False
    return json.dumps(one, sort_keys=True, default=str) != json.dumps(other, sort_keys=True, default=str)


def _shown(value: Any) -> str:
    return "none" if value is None else printable(value if isinstance(value, str) else json.dumps(value, default=str), 120)


def _of_rows(stressed: Run, pairs: Sequence[RowPair]) -> Iterable[str]:
    """Rows that differ in more than their incident text, and texts whose noise is not that of the run's seed."""
    changed, foreign = [], []
    for pair in pairs:
        row, signature = row_of(pair.item.item), stressed.encoder_tasks[pair.item.task].signature
        if row is None or replace(row, input="") != replace(pair.sample.row, input=""):
            changed.append(pair.id)
            continue
        stress = signature.get("stress")
        version = stress.get("version") if isinstance(stress, dict) else None
        if version == STRESS_VERSION and noisy_row(pair.sample.row, seed_of(signature)).row.input != row.input:
            foreign.append(pair.id)
    if changed:
        yield f"rows: {len(changed)} differ in more than the incident text ({name_ids(changed)})"
    if foreign:
        yield f"texts: {len(foreign)} are not the clean text with the noise of the run's seed ({name_ids(foreign)})"
