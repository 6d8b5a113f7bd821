"""Figures for pages: scores by run and cell, and heat maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.catalog import KINDS, LANGUAGES, TASKS, Kind, Language, Leaf
from sevenllm_bench.comparison.compare_runs import ComparedFigure, Comparison, Score, compare_runs, score_run
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASKS
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.vocabulary import task_title
from sevenllm_bench.metrics.registry import HEADLINE, METRICS
from sevenllm_bench.pages.report.cell_marks import CellMarks, marks_of
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.untrusted import finite

#: Name of a heat map, what it shows, and the metric of each kind.
MAPS: tuple[tuple[str, str, Mapping[Kind, str]], ...] = (
    ("headline", "Headline", HEADLINE),
    ("paper", "As in the paper", {kind: METRICS[kind][0] for kind in KINDS}),
    ("lenient", "Lenient", {"understanding": "value_f1_norm", "generation": "rouge_l", "mcq": "acc"}),
    ("read", "Share of answers read", {"understanding": "json_valid", "mcq": "answered"}),
    ("semantic", "Semantic", {"understanding": "semantic", "generation": "semantic"}),
    ("judge", "Judge, 1 to 5", {"understanding": "judge", "generation": "judge"}),
)


class Figures:
    """The scores of all runs."""

    def __init__(self, scores: Iterable[Score], findings: Iterable[ComparedFigure] = ()) -> None:
        """Index them.

        Args:
            scores: Every run's scores.
            findings: What is known of their differences from the baseline.
        """
        self._scores = {(s.run, str(s.cell.level), s.cell.name, s.cell.metric): s for s in scores}
        self._findings: dict[tuple[str, str, str], list[ComparedFigure]] = {}
        for finding in findings:
            self._findings.setdefault((str(finding.cell.level), finding.cell.name, finding.cell.metric), []).append(finding)

    def get(self, run: str, level: str, name: str, metric: str) -> Score | None:
        """The score of a run in a cell, or None."""
        return self._scores.get((run, level, name, metric))

    def metrics(self, level: str, name: str) -> list[str]:
        """The metrics that any run has in a cell, in the order of the documentation."""
        return list(dict.fromkeys(metric for _, where, what, metric in self._scores if (where, what) == (level, name)))

    def names(self, level: str) -> list[str]:
        """The names of the cells of a level that any run has."""
        return list(dict.fromkeys(name for _, where, name, _ in self._scores if where == level))

    def best(self, runs: Sequence[Run], level: str, name: str, metric: str) -> CellMarks:
        """Whose figures stand out in a cell."""
        found = [score for run in runs if (score := self.get(run.label, level, name, metric))]
        return marks_of(found, self._findings.get((level, name, metric), ()))


@dataclass(frozen=True, slots=True)
class Examined:
    """What the statistics say of the runs.

    Attributes:
        figures: Every run's scores.
        comparison: Every other run against the first; None for one run, or where they can't be compared.
        why_not: Why they can't be compared.
    """

    figures: Figures
    comparison: Comparison | None
    why_not: str = ""


def examine(runs: Sequence[Run], seed: int, resamples: int) -> Examined:
    """Score every run, and compare the others with the first where they can be compared."""
    why_not = ""
    if len(runs) > 1:
        try:
            comparison = compare_runs(runs, seed=seed, resamples=resamples)
            return Examined(Figures(comparison.scores, comparison.findings), comparison)
        except ResultsError as error:
            why_not = str(error)
    return Examined(Figures(score for run in runs for score in score_run(run, seed, resamples)), None, why_not)


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A row of a heat map.

    Attributes:
        name: English name of the task, or "Multiple choice".
        name_zh: Chinese name.
        kind: Its kind.
        cells: By language: number of rows (None where no run ran it), name of the task in the harness, whether its rows are
            our own, and each run's score.
    """

    name: str
    name_zh: str
    kind: Kind
    cells: tuple[tuple[Language, str, int | None, bool, tuple[Score | None, ...]], ...]


def heat_maps(runs: Sequence[Run], figures: Figures) -> list[tuple[str, str, Mapping[Kind, str], list[HeatRow]]]:
    """The heat maps that the runs have figures for: name, title, metric by kind, rows."""
    maps = []
    for name, title, metrics in MAPS:
        rows = [row for leaves in leaf_pairs() if (row := _heat_row(runs, figures, leaves, metrics))]
        if any(score for row in rows for cell in row.cells for score in cell[4]):
            maps.append((name, title, metrics, rows))
    return maps


def leaf_pairs() -> Iterator[tuple[Leaf, ...]]:
    """The English and the Chinese leaf of every task, and of the multiple choice."""
    for task in TASKS:
        yield tuple(Leaf(language, task.kind, task) for language in LANGUAGES)
    yield tuple(Leaf(language, "mcq") for language in LANGUAGES)


def _heat_row(runs: Sequence[Run], figures: Figures, leaves: Sequence[Leaf], metrics: Mapping[Kind, str]) -> HeatRow | None:
    kind, task = leaves[0].kind, leaves[0].task
    if kind not in metrics:
        return None
    cells = tuple(
        (
            leaf.language,
            leaf.name,
            _rows(runs, leaf.name),
            not leaf.is_official,
            tuple(figures.get(run.label, "task", leaf.name, metrics[kind]) for run in runs),
        )
        for leaf in leaves
    )
    return HeatRow(task.name if task else "Multiple choice", task.name_zh if task else "选择题", kind, cells)


def _rows(runs: Sequence[Run], task: str) -> int | None:
    counts = [len(run.of_task(task)) for run in runs if task in run.leaves]
    return max(counts) if counts else None


@dataclass(frozen=True, slots=True)
class EncoderLine:
    """A line of the table of encoder tasks.

    Attributes:
        group: The part of the items that it is about; empty for all of them.
        metric: Name of the metric.
        items: Items behind it.
        scores: Each run's score, or None.
        best: Whose figures stand out; None where runs have figures over other items.
    """

    group: str
    metric: str
    items: int
    scores: tuple[Score | None, ...]
    best: CellMarks | None


def encoder_lines(runs: Sequence[Run], figures: Figures) -> list[tuple[str, bool, list[EncoderLine]]]:
    """The encoder tasks that a run has.

    Returns:
        Title, whether the items are this project's own embedded ones, and the lines: every metric of the task, then its
        groups by the main metric.
    """
    found = []
    for task in ENCODER_TASKS:
        lines = [_encoder_line(runs, figures, "encoder task", task.name, "", metric) for metric in task.metrics]
        for name in figures.names("encoder group"):
            if name.startswith(f"{task.name}."):
                group = name.partition(".")[2]
                lines.append(_encoder_line(runs, figures, "encoder group", name, group, task.metrics[0]))
        shown = [line for line in lines if any(line.scores)]
        if shown:
            sources = {sample.item.source for run in runs for sample in run.item_samples if sample.task == task.name}
            found.append((task_title(task), "embedded" in sources, shown))
    return found


def _encoder_line(runs: Sequence[Run], figures: Figures, level: str, name: str, group: str, metric: str) -> EncoderLine:
    scores = tuple(figures.get(run.label, level, name, metric) for run in runs)
    counts = {score.rows for score in scores if score}
    best = figures.best(runs, level, name, metric) if len(counts) == 1 else None  # not across runs of different items
    return EncoderLine(group, metric, max(counts, default=0), scores, best)


def cost_cells(cost: Mapping[str, Any]) -> list[tuple[float | None, int]]:
    """Parameters, texts, texts per second, long texts and MiB of memory, each with its decimal places; None if not known."""
    memory = finite(cost.get("peak_memory_bytes"))
    names = (("parameters", 0), ("texts", 0), ("texts_per_second", 1), ("long_texts", 0))
    return [*((finite(cost.get(name)), digits) for name, digits in names), (memory / 2**20 if memory else None, 0)]
