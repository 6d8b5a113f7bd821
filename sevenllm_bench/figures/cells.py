"""What a figure is about: which rows, which metric, averaged how.

A task and a section (language and kind, as in the paper) are means over rows. A kind, a language and the headline are
unweighted means over their sections, so that no section counts more for having more rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sevenllm_bench.catalog import KINDS, LANGUAGES, LEAVES, Kind, Language
from sevenllm_bench.metrics.registry import BY_LANGUAGE_ONLY, HEADLINE, JUDGE_METRICS, METRICS, OPTIONAL_FOR, SEMANTIC_METRICS
from sevenllm_bench.runs.records import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

Level = Literal["task", "section", "kind", "language", "overall"]
LEVELS: tuple[Level, ...] = ("overall", "language", "kind", "section", "task")
#: What the metric of a figure over several kinds is called: value_f1, rouge_l and acc, each where it applies.
HEADLINE_NAME = "headline"

#: Metric to the value of each row, by task and row id.
_Values = dict[str, dict[tuple[str, int], float]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a table.

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


class RowValues:
    """The values of a run's rows, by task and by section."""

    def __init__(self, run: Run) -> None:
        """Sort the samples.

        Sections hold default leaves, and of a run over official rows, official rows only. Two official rows ask for
        something else than their task (791, 823): they count in the section of what they ask for, and in no task.
        """
        self._scopes: dict[str, _Values] = {}
        kinds = {task: leaf.leaf.kind for task, leaf in run.leaves.items()}
        for sample in run.samples:
            scopes = [sample.task] if sample.kind == kinds.get(sample.task) else []
            if sample.is_default and sample.row.source == run.source:
                scopes.append(sample.row.section)
            for scope in scopes:
                for metric, value in sample.metrics.items():
                    self._scopes.setdefault(scope, {}).setdefault(metric, {})[sample.task, sample.id] = value

    def has(self, cell: Cell) -> bool:
        """Whether every stratum of the cell has a row."""
        return all(self._scopes.get(scope, {}).get(metric) for scope, metric in cell.strata)

    def strata(self, cell: Cell) -> list[NDArray[Any]]:
        """The values of the cell's strata; rows in the order of their ids."""
        return _arrays([[self._of(scope, metric)] for scope, metric in cell.strata])[0]

    def common(self, other: RowValues, cell: Cell) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """The values of both runs in the rows that both have."""
        first, second = _arrays([[values._of(scope, metric) for values in (self, other)] for scope, metric in cell.strata])
        return first, second

    def metrics(self) -> list[str]:
        """The metrics that any row has, in the order of the documentation."""
        found = {metric for values in self._scopes.values() for metric in values}
        return [name for name in ALL_METRICS if name in found]

    def _of(self, scope: str, metric: str) -> dict[tuple[str, int], float]:
        return self._scopes.get(scope, {}).get(metric, {})


def _arrays(strata: Sequence[Sequence[dict[tuple[str, int], float]]]) -> list[list[NDArray[Any]]]:
    """By run, the values of each stratum in the rows that all runs have."""
    import numpy as np

    keys = [sorted(set.intersection(*(set(values) for values in runs))) for runs in strata]
    return [
        [np.array([runs[place][key] for key in own], dtype=float) for runs, own in zip(strata, keys, strict=True)]
        for place in range(len(strata[0]))
    ]


ALL_METRICS: tuple[str, ...] = (*(name for kind in KINDS for name in METRICS[kind]), *SEMANTIC_METRICS, *JUDGE_METRICS)


def kinds_of(metric: str) -> tuple[Kind, ...]:
    """The kinds of row that a metric applies to."""
    if metric in (*SEMANTIC_METRICS, *JUDGE_METRICS):
        return OPTIONAL_FOR
    return tuple(kind for kind in KINDS if metric in METRICS[kind])


def headline_cells(run: Run) -> list[Cell]:
    """The cells of the headline: overall, by language, by kind, by section and by task, each kind by its own metric."""
    return [
        Cell("overall", HEADLINE_NAME, HEADLINE_NAME, _sections(LANGUAGES, KINDS)),
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


def why_partial(run: Run) -> str:
    """Why a run's headline is not the benchmark's: empty for a run of every official row, else the reason."""
    if run.source == "embedded":
        return "embedded rows, which are not the benchmark"
    official = [leaf.name for leaf in LEAVES if leaf.is_official]
    lacking = [name for name in official if name not in run.leaves]
    if lacking:
        return f"{len(lacking)} of {len(official)} tasks not run"
    cut = [name for name in official if run.leaves[name].rows != run.leaves[name].rows_in_all]
    if cut:
        return f"{len(cut)} of {len(official)} tasks run in part"
    lacking = [name for name in official if why_task_partial(run, name)]
    return f"{len(lacking)} of {len(official)} tasks lack samples with a score" if lacking else ""


def why_task_partial(run: Run, task: str) -> str:
    """Why a figure of one task isn't over all its official rows; empty where it is, and for tasks without any.

    It is what the samples hold that counts, whatever the results file says: the score that enters the headline, for each row.
    """
    leaf = run.leaves[task].leaf
    scored = sum(HEADLINE[sample.kind] in sample.metrics for sample in run.of_task(task))
    return f"{scored} of {leaf.official_count} rows" if scored < leaf.official_count else ""
