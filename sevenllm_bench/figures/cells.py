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
from sevenllm_bench.metrics.registry import (
    BY_LANGUAGE_ONLY,
    HEADLINE,
    JUDGE_METRICS,
    METRIC_VERSIONS,
    SEMANTIC_METRICS,
    kinds_of,
)
from sevenllm_bench.runs.records import Run, Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

Level = Literal["task", "section", "kind", "language", "overall"]
LEVELS: tuple[Level, ...] = ("overall", "language", "kind", "section", "task")
#: Name and metric of the figure over everything: value_f1, rouge_l and acc, each where it applies.
HEADLINE_NAME = "headline"
EMBEDDED = "embedded rows, which are not the benchmark"

_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one figure is about.

    Attributes:
        level: What it is a figure of.
        name: Name of the task, section ("en_mcq"), kind or language, or "headline".
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

    def __init__(self, official: bool, wanted: int) -> None:
        self.official, self.wanted = official, wanted
        self.rows: set[_Key] = set()
        self.comparable: set[_Key] = set()
        self.values: dict[str, dict[_Key, float]] = {}

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
        due = self.comparable if metric in SEMANTIC_METRICS else self.rows
        return len(due - self.values.get(metric, {}).keys())


class RowValues:
    """The values of a run's rows, by task and by section."""

    def __init__(self, run: Run, samples: Iterable[Sample] | None = None) -> None:
        """Sort the samples.

        Sections hold default leaves, and of a run over official rows, official rows only.

        Args:
            run: The run.
            samples: Its samples, or the same samples scored again; default: its own.
        """
        self._run = run
        self._scopes: dict[str, _Scope] = {}
        for sample in run.samples if samples is None else samples:
            task = run.leaves.get(sample.task)
            if task and sample.kind == task.leaf.kind:
                self._scope(sample.task, sample.row.source, task.leaf.official_rows_scored).add(sample)
            if sample.is_default and sample.row.source == run.source:
                section = sample.row.section
                self._scope(section, sample.row.source, SECTION_ROWS[section]).add(sample)

    def _scope(self, name: str, source: str, wanted: int) -> _Scope:
        return self._scopes.setdefault(name, _Scope(source == "official", wanted))

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
        return [name for name in METRIC_VERSIONS if any(name in scope.values for scope in self._scopes.values())]

    def why_partial(self, cell: Cell) -> str:
        """Why a figure is none of the whole benchmark; empty where every official row of its tasks or sections is in it."""
        scopes = [(self._scopes.get(name), metric, name) for name, metric in cell.strata]
        if self._run.source != "official" or any(not scope.official for scope, _, _ in scopes if scope):
            return EMBEDDED
        wanted = sum(scope.wanted if scope else SECTION_ROWS.get(name, 0) for scope, _, name in scopes)
        missing = wanted - sum(len(scope.rows) for scope, _, _ in scopes if scope)
        lacking = sum(scope.lacking(metric) for scope, metric, _ in scopes if scope)
        if missing > 0:
            return f"{missing:,} of {wanted:,} rows missing"
        return f"{lacking:,} rows have no value" if lacking else ""

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
    kinds = kinds_of(metric)
    found = [cell for kind in kinds for cell in _rows_cells(run, metric, kind)]
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
