"""The figures of a run that are submitted: by section as in the paper, by task, and the headline."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sevenllm_bench.catalog import KINDS, LANGUAGES, LEAVES
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.metrics.registry import HEADLINE, JUDGE_METRICS, METRIC_VERSIONS, METRICS, OPTIONAL_FOR, SEMANTIC_METRICS
from sevenllm_bench.runs.records import Run, Sample
from sevenllm_bench.submission.known import KnownRows

Level = Literal["headline", "section", "task"]

HEADLINE_ID = "headline"
SECTIONS: tuple[str, ...] = tuple(f"{language}_{kind}" for language in LANGUAGES for kind in KINDS)
#: The metrics that verification can compute again from an answer alone.
LEXICAL: frozenset[str] = frozenset(name for names in METRICS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over rows; the headline is the unweighted mean of its six sections' (value_f1, rouge_l, acc).

    Attributes:
        level: What it is a figure of.
        name: The section or task; "headline".
        metric: The metric; "headline".
        value: In [0, 1]; `judge` 1 to 5.
        rows: Rows averaged over.
        stderr: Standard error of the mean (sample standard deviation over √rows); None for fewer than two rows.
        why_partial: Why it is no figure of the whole benchmark; empty when every official row of its scope is in it.
    """

    level: Level
    name: str
    metric: str
    value: float
    rows: int
    stderr: float | None
    why_partial: str = ""

    @property
    def id(self) -> str:
        """Its name in manifests, e.g. "en_mcq.acc", and "headline"."""
        return HEADLINE_ID if self.level == "headline" else f"{self.name}.{self.metric}"

    @property
    def task_id(self) -> str:
        """Its task id on the Hub, e.g. "en_mcq_acc", and "headline"."""
        return self.id.replace(".", "_")

    def as_json(self) -> dict[str, Any]:
        """The figure as it stands in the manifest."""
        fields = {"id": self.id, "value": self.value, "rows": self.rows, "stderr": self.stderr}
        return {**fields, "partial": self.why_partial} if self.why_partial else fields


def hub_task_ids() -> tuple[str, ...]:
    """Every task id that can occur on the Hub: fixed, since a leaderboard keeps one ranking for each."""
    kinds = {kind: (*METRICS[kind], *(SEMANTIC_METRICS if kind in OPTIONAL_FOR else ())) for kind in KINDS}
    sections = [f"{language}_{kind}_{metric}" for kind in KINDS for language in LANGUAGES for metric in kinds[kind]]
    return (HEADLINE_ID, *sections)


def figures_of(run: Run, samples: Sequence[Sample], known: KnownRows) -> list[Figure]:
    """The figures over `samples`: headline, sections, tasks.

    Args:
        run: Where the samples come from: its tasks and its source.
        samples: Its samples, or the same samples scored again.
        known: The rows that there should be.

    Raises:
        DataError: The official rows are needed and can't be had.
    """
    sections = _sections(run, samples, known)
    return [*_headline(sections), *sections, *_tasks(run, samples, known)]


def _sections(run: Run, samples: Sequence[Sample], known: KnownRows) -> list[Figure]:
    """Means over the rows of default tasks, each row in the section of what it asks for."""
    scopes: dict[str, list[Sample]] = {name: [] for name in SECTIONS}
    for sample in samples:
        if sample.is_default and sample.row.source == run.source:
            scopes[sample.row.section].append(sample)
    wanted: dict[str, set[int]] = {name: set() for name in SECTIONS}
    for row in known.rows(run.source).values():
        wanted[row.section].add(row.id)
    figures = []
    for section, own in scopes.items():
        why = _why_partial(run.source, {sample.id for sample in own}, wanted[section])
        # Two official rows ask for extraction in tasks of prose (791, 823): they have no semantic similarity of their kind.
        due = sum(sample.row.kind == sample.row.leaf.kind for sample in own)
        figures += _means("section", section, [sample.metrics for sample in own], due, why)
    return figures


def _tasks(run: Run, samples: Sequence[Sample], known: KnownRows) -> list[Figure]:
    """Means over the rows of a task, every row scored as its task's kind, as in lm-eval's table."""
    by_task: dict[str, list[Sample]] = {task: [] for task in run.leaves}
    for sample in samples:
        by_task[sample.task].append(sample)
    figures = []
    for task, own in by_task.items():
        source = own[0].row.source if own else run.source
        wanted = {row.id for row in known.of_leaf(run.leaves[task].leaf, source)}
        why = _why_partial(source, {sample.id for sample in own}, wanted)
        figures += _means("task", task, [sample.reported for sample in own], len(own), why)
    return figures


def _why_partial(source: str, found: set[int], wanted: set[int]) -> str:
    if source != "official":
        return "embedded rows, which are not the benchmark"
    missing = len(wanted - found)
    return f"{missing:,} of {len(wanted):,} rows missing" if missing else ""


def _means(level: Level, name: str, rows: Sequence[Mapping[str, float]], due: int, why: str) -> list[Figure]:
    present = [metric for metric in METRIC_VERSIONS if any(metric in values for values in rows)]
    figures = []
    for metric in present:
        values = [row[metric] for row in rows if metric in row]
        wanted = {**dict.fromkeys(JUDGE_METRICS, len(values)), **dict.fromkeys(SEMANTIC_METRICS, due)}.get(metric, len(rows))
        lacking = wanted - len(values)
        partial = why or (f"{lacking:,} rows have no value" if lacking > 0 else "")
        mean = math.fsum(values) / len(values)
        figures.append(Figure(level, name, metric, mean, len(values), standard_error(values), partial))
    return figures


def standard_error(values: Sequence[float]) -> float | None:
    """Standard error of the mean; None for fewer than two values."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def _headline(sections: Iterable[Figure]) -> list[Figure]:
    wanted = {f"{language}_{kind}.{metric}" for kind, metric in HEADLINE.items() for language in LANGUAGES}
    parts = [figure for figure in sections if figure.id in wanted]
    if len(parts) != len(wanted):
        return []
    errors = [part.stderr for part in parts]
    error = math.sqrt(math.fsum(e**2 for e in errors if e is not None)) / len(parts) if None not in errors else None
    why = next((f"{part.name}: {part.why_partial}" for part in parts if part.why_partial), "")
    value = math.fsum(part.value for part in parts) / len(parts)
    return [Figure("headline", HEADLINE_ID, HEADLINE_ID, value, sum(part.rows for part in parts), error, why)]


def for_the_hub(figures: Iterable[Figure], tasks: Mapping[str, Any]) -> tuple[list[Figure], dict[str, str]]:
    """Which figures enter the formats of the Hub, and why others don't.

    Headline and sections enter, over every official row, in [0, 1]. A task id stands for one thing: semantic similarity
    enters with the default embedding model alone, and `judge`, whose scale is 1 to 5 and which depends on the judge, never.

    Args:
        figures: All figures.
        tasks: `tasks` of the manifest.

    Returns:
        The figures, and the id of each headline or section figure left out with the reason.
    """
    ids, own = set(hub_task_ids()), _official_tasks(tasks)
    why_none, semantic = _why_none(own), _has_default_embedding(own)
    chosen, left = [], {}
    for figure in figures:
        if figure.level != "task":
            why = why_none or figure.why_partial or ("" if figure.task_id in ids else "not on a fixed scale from 0 to 1")
            if not why and figure.metric in SEMANTIC_METRICS and not semantic:
                why = "not with the default embedding model"
            if why:
                left[figure.id] = why
            else:
                chosen.append(figure)
    return chosen, left


def dig(value: Any, *keys: str) -> Any:
    """What lies under these keys, one inside the other; None where something on the way is no object or lacks the key."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _official_tasks(tasks: Mapping[str, Any]) -> dict[str, Any]:
    official = {leaf.name: leaf.kind for leaf in LEAVES if leaf.is_official}
    return {name: task for name, task in tasks.items() if name in official}


def _why_none(tasks: Mapping[str, Any]) -> str:
    """Why no figure of the run can stand under a fixed task id."""
    if not tasks:
        return "no task with official rows was run"
    if any(dig(task, "signature", "data", "sha256") not in (SHA256, SHA256_LF) for task in tasks.values()):
        return "not run on the genuine data file"
    settings = {json.dumps([task.get("num_fewshot"), task.get("prompt"), task.get("version")]) for task in tasks.values()}
    return "its tasks differ in prompt, few-shot examples or version" if len(settings) > 1 else ""


def _has_default_embedding(tasks: Mapping[str, Any]) -> bool:
    from sevenllm_bench.encoders.sentence_embedder import DEFAULT_MODEL, DEFAULT_REVISION

    used = [dig(task, "signature", "embedding") for name, task in tasks.items() if not name.endswith("_mcq")]
    return bool(used) and all((dig(e, "model"), dig(e, "revision")) == (DEFAULT_MODEL, DEFAULT_REVISION) for e in used)
