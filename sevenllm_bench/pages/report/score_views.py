"""Figures for pages: scores by run and cell, the lines of encoder tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.comparison.compare_runs import ComparedFigure, Comparison, Score, compare_runs, score_run
from sevenllm_bench.encoder_tasks.encoder_task import ITEM_TASKS
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.vocabulary import task_title
from sevenllm_bench.pages.report.cell_marks import CellMarks, marks_of
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.untrusted import finite


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

    def every(self) -> Iterable[Score]:
        """Every score of every run."""
        return self._scores.values()

    def metrics(self, level: str, name: str) -> list[str]:
        """The metrics that any run has in a cell, in the order of the documentation."""
        return list(dict.fromkeys(metric for _, where, what, metric in self._scores if (where, what) == (level, name)))

    def names(self, level: str) -> list[str]:
        """The names of the cells of a level that any run has."""
        return list(dict.fromkeys(name for _, where, name, _ in self._scores if where == level))

    def cells(self) -> list[tuple[str, str, str]]:
        """Level, name and metric of every cell that any run has."""
        return list(dict.fromkeys((level, name, metric) for _, level, name, metric in self._scores))

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
    for task in ITEM_TASKS:
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
