"""What a figure is about: which rows, which metric, averaged how, and whether every row of the benchmark is in it.

A task and a section (language and kind, as in the paper) are means over rows. A kind, a language and the headline are
unweighted means over their sections, so that no section counts more for having more rows. A row is scored by what it asks
for: two official rows (`catalog.ASK_FOR_EXTRACTION`) count in the understanding section of their language, and in no task.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sevenllm_bench.catalog import KINDS, LANGUAGES, SECTION_ROWS, Kind, Language
from sevenllm_bench.encoder_tasks.encoder_task import metrics_of_item
from sevenllm_bench.metrics.registry import (
    BY_LANGUAGE_ONLY,
    ENCODER_METRIC_VERSIONS,
    HEADLINE,
    JUDGE_METRICS,
    METRIC_VERSIONS,
    SEMANTIC_METRICS,
    kinds_of,
)
from sevenllm_bench.runs.encoder_records import ItemSample
from sevenllm_bench.runs.records import Run, Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

Level = Literal["task", "section", "kind", "language", "overall", "encoder task", "encoder group"]
LEVELS: tuple[Level, ...] = ("overall", "language", "kind", "section", "task", "encoder task", "encoder group")
#: Name and metric of the figure over everything: value_f1, rouge_l and acc, each where it applies.
HEADLINE_NAME = "headline"
EMBEDDED = "embedded rows, which are not the benchmark"
FILE_ITEMS = "items of a file, which are not the benchmark"
ENCODER_LEVELS: tuple[Level, ...] = ("encoder task", "encoder group")

#: Groups of an encoder task at most: 28 tasks, and as many again.
_MOST_GROUPS = 56
#: Fewer items than this have no interval, and their mean says nothing.
LEAST_IN_GROUP = 10

_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one figure is about.

    Attributes:
        level: What it is a figure of.
        name: Name of the task, section ("en_mcq"), kind or language, or "headline"; of an encoder task's group
            "sevenllm-en-retrieval.mcq".
        metric: Name of the metric, or "headline" where it differs by kind.
        strata: What is averaged: (task or section, metric) each; the unweighted mean of their means is the figure.
    """

    level: Level
    name: str
    metric: str
    strata: tuple[tuple[str, str], ...]

    @property
    def id(self) -> str:
        """Its name in manifests and on leaderboards: "headline", "en_mcq.acc", "sevenllm_en_mcq.acc"."""
        return HEADLINE_NAME if self.name == HEADLINE_NAME else f"{self.name}.{self.metric}"


class _Scope:
    """The rows of a task or section: all of them, those with semantic similarity, and their values by metric."""

    def __init__(self, source: str, wanted: int) -> None:
        self.source, self.wanted = source, wanted
        self.rows: set[_Key] = set()
        self.comparable: set[_Key] = set()
        self.values: dict[str, dict[_Key, float]] = {}
        self.due: dict[str, set[_Key]] = {}

    def add_item(self, sample: ItemSample, due: Sequence[str]) -> None:
        self.rows.add((sample.task, sample.id))
        for metric in due:
            self.due.setdefault(metric, set()).add((sample.task, sample.id))
        for metric, value in sample.metrics.items():
            self.values.setdefault(metric, {})[sample.task, sample.id] = value

    def add(self, sample: Sample) -> None:
        key = (sample.task, sample.id)
        self.rows.add(key)
        # lm-eval scores a row as its task's kind, and takes the similarity of that kind: other rows have none of their own.
        if sample.kind == sample.row.leaf.kind:
            self.comparable.add(key)
        for metric, value in sample.metrics.items():
            self.values.setdefault(metric, {})[key] = value

    def lacking(self, metric: str) -> int:
        """Rows without a value of a metric. A row that the judge could not score is counted by `judge_scored`."""
        if metric in JUDGE_METRICS:
            return 0
        if self.due:
            return len(self.due.get(metric, set()) - self.values.get(metric, {}).keys())
        due = self.comparable if metric in SEMANTIC_METRICS else self.rows
        return len(due - self.values.get(metric, {}).keys())


class RowValues:
    """The values of a run's rows, by task and by section."""

    def __init__(self, run: Run, samples: Iterable[Sample] | None = None, items: Iterable[ItemSample] | None = None) -> None:
        """Sort the samples.

        Sections hold default leaves, and of a run over official rows, official rows only.

        Args:
            run: The run.
            samples: Its samples, or the same samples scored again; default: its own.
            items: Its samples of encoder tasks, likewise.
        """
        self._run = run
        self._scopes: dict[str, _Scope] = {}
        source = run.source
        scored = {name: leaf.leaf.official_rows_scored for name, leaf in run.leaves.items()}
        for sample in run.samples if samples is None else samples:
            task = run.leaves.get(sample.task)
            if task and sample.kind == task.leaf.kind:
                self._scope(sample.task, sample.row.source, scored[sample.task]).add(sample)
            if sample.is_default and sample.row.source == source:
                section = sample.row.section
                self._scope(section, sample.row.source, SECTION_ROWS[section]).add(sample)
        for item in run.item_samples if items is None else items:
            rows = run.encoder_tasks[item.task].rows_in_all
            wanted = rows if isinstance(rows, int) else 0
            due = metrics_of_item(run.encoder_tasks[item.task].entry, item.item)
            self._scope(item.task, item.item.source, wanted).add_item(item, due)
            self._scope(group_name(item.task, item.item.group), item.item.source, 0).add_item(item, due)

    def _scope(self, name: str, source: str, wanted: int) -> _Scope:
        found = self._scopes.get(name)
        if found is None:
            found = self._scopes[name] = _Scope(source, wanted)
        return found

    def has(self, cell: Cell) -> bool:
        """Whether every stratum of the cell has a row."""
        return all(self._of(scope, metric) for scope, metric in cell.strata)

    def values(self, cell: Cell) -> list[list[float]]:
        """The values of the cell's strata; rows in the order of their ids."""
        found = (self._of(scope, metric) for scope, metric in cell.strata)
        return [[values[key] for key in sorted(values)] for values in found]

    def strata(self, cell: Cell) -> list[NDArray[Any]]:
        """The same as arrays."""
        import numpy as np

        return [np.array(values, dtype=float) for values in self.values(cell)]

    def common(self, other: RowValues, cell: Cell) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """The values of both runs in the rows that both have, as arrays by stratum."""
        import numpy as np

        first, second = [], []
        for scope, metric in cell.strata:
            ours, theirs = self._of(scope, metric), other._of(scope, metric)
            keys = sorted(ours.keys() & theirs.keys())
            first.append(np.array([ours[key] for key in keys], dtype=float))
            second.append(np.array([theirs[key] for key in keys], dtype=float))
        return first, second

    def metrics(self) -> list[str]:
        """The metrics that any row has, in the order of the documentation."""
        known = (*METRIC_VERSIONS, *ENCODER_METRIC_VERSIONS)
        return [name for name in known if any(name in scope.values for scope in self._scopes.values())]

    def groups(self, task: str) -> list[str]:
        """The names of an encoder task's groups of ten items or more; none where the groups are too many to be ours."""
        found = sorted(name for name in self._scopes if name.startswith(f"{task}."))
        large = [name for name in found if len(self._scopes[name].rows) >= LEAST_IN_GROUP]
        return large if 1 < len(found) <= _MOST_GROUPS else []

    def why_partial(self, cell: Cell) -> str:
        """Why a figure is none of the whole benchmark; empty where every official row of its tasks or sections is in it."""
        scopes = [(self._scopes.get(name), metric, name) for name, metric in cell.strata]
        if cell.level in ENCODER_LEVELS:
            return self._why_partial_items(cell)
        if self._run.source != "official" or any(scope.source != "official" for scope, _, _ in scopes if scope):
            return EMBEDDED
        wanted = sum(scope.wanted if scope else SECTION_ROWS.get(name, 0) for scope, _, name in scopes)
        missing = wanted - sum(len(scope.rows) for scope, _, _ in scopes if scope)
        lacking = sum(scope.lacking(metric) for scope, metric, _ in scopes if scope)
        if missing > 0:
            return f"{missing:,} of {wanted:,} rows missing"
        return f"{lacking:,} rows have no value" if lacking else ""

    def _why_partial_items(self, cell: Cell) -> str:
        """The same for an encoder task, and for a group of one, which is whole where the task is."""
        name, metric = cell.strata[0]
        task = name.partition(".")[0]
        scope = self._scopes.get(task)
        if scope is None or scope.source not in ("official", "own"):
            return FILE_ITEMS if scope and scope.source == "file" else EMBEDDED
        if scope.wanted - len(scope.rows) > 0:
            return f"{scope.wanted - len(scope.rows):,} of {scope.wanted:,} items missing"
        lacking = self._scopes[name].lacking(metric) if name in self._scopes else 0
        return f"{lacking:,} items have no value" if lacking else ""

    def _of(self, scope: str, metric: str) -> dict[_Key, float]:
        found = self._scopes.get(scope)
        return found.values.get(metric, {}) if found else {}


def mean_over(strata: Iterable[Sequence[float] | NDArray[Any]]) -> float:
    """The figure of a cell: the unweighted mean of its strata's means."""
    means = [sum(values) / len(values) for values in strata]
    return float(sum(means) / len(means))


def headline_cell() -> Cell:
    """The cell of the headline score."""
    return Cell("overall", HEADLINE_NAME, HEADLINE_NAME, _sections(LANGUAGES, KINDS))


def group_name(task: str, group: str) -> str:
    """Name of a group of an encoder task's items."""
    return f"{task}.{group}"


def encoder_cells(runs: Iterable[Run], values: Iterable[RowValues]) -> list[Cell]:
    """The cells of encoder tasks, each by its main metric: whole tasks, then their groups."""
    found: dict[Cell, None] = {}
    groups: dict[Cell, None] = {}
    for run, own in zip(runs, values, strict=True):
        for name, task in run.encoder_tasks.items():
            metric = task.entry.metrics[0]
            found[Cell("encoder task", name, metric, ((name, metric),))] = None
            groups |= {Cell("encoder group", group, metric, ((group, metric),)): None for group in own.groups(name)}
    return [*found, *groups]


def headline_cells(run: Run) -> list[Cell]:
    """The cells of the headline: overall, by language, by kind, by section and by task, each kind by its own metric."""
    return [
        headline_cell(),
        *(Cell("language", language, HEADLINE_NAME, _sections([language], KINDS)) for language in LANGUAGES),
        *(Cell("kind", kind, HEADLINE[kind], _sections(LANGUAGES, [kind])) for kind in KINDS),
        *(cell for kind in KINDS for cell in _rows_cells(run, HEADLINE[kind], kind)),
    ]


def metric_cells(run: Run, metric: str) -> list[Cell]:
    """The cells of one metric, at every level; over both languages only where it means the same in both."""
    found = [
        Cell("encoder task", name, metric, ((name, metric),))
        for name, task in run.encoder_tasks.items()
        if metric in task.entry.metrics
    ]
    if metric in ENCODER_METRIC_VERSIONS:
        return found
    kinds = kinds_of(metric)
    found += [cell for kind in kinds for cell in _rows_cells(run, metric, kind)]
    found += [Cell("language", language, metric, _sections([language], kinds, metric)) for language in LANGUAGES]
    if metric not in BY_LANGUAGE_ONLY:
        found += [Cell("kind", kind, metric, _sections(LANGUAGES, [kind], metric)) for kind in kinds]
        found.append(Cell("overall", metric, metric, _sections(LANGUAGES, kinds, metric)))
    return found


def _sections(languages: Iterable[Language], kinds: Sequence[Kind], metric: str = "") -> tuple[tuple[str, str], ...]:
    return tuple((f"{language}_{kind}", metric or HEADLINE[kind]) for language in languages for kind in kinds)


def _rows_cells(run: Run, metric: str, kind: Kind) -> list[Cell]:
    """The cells of a metric that are means over rows."""
    sections = [Cell("section", name, metric, ((name, metric),)) for name in (f"{lang}_{kind}" for lang in LANGUAGES)]
    tasks = [name for name, leaf in run.leaves.items() if leaf.leaf.kind == kind]
    return [*sections, *(Cell("task", name, metric, ((name, metric),)) for name in tasks)]
