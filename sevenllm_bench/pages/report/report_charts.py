"""The report's charts: every task with its interval, lengths of answers, the judge's marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenllm_bench.catalog import KINDS, LANGUAGES, Language, Leaf
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.mcq_baselines import mcq_baselines
from sevenllm_bench.figures.vocabulary import KIND_NAMES, LANGUAGE_NAMES, leaf_title, section_name
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.charts.box_chart import Box, box_chart
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.preview import Preview, PreviewLine
from sevenllm_bench.pages.charts.share_chart import share_chart
from sevenllm_bench.pages.charts.task_chart import ChartedRun, ChartedTask, Measured, WithoutKnowledge, task_chart
from sevenllm_bench.pages.report.answer_quality import AnswerQuality
from sevenllm_bench.pages.report.heat_map import leaf_pairs
from sevenllm_bench.pages.report.score_views import Figures
from sevenllm_bench.runs.records import Run
from sevenllm_bench.text.short_names import short_names

#: Columns of names in charts.
_MOST = 18


def report_charts(
    runs: Sequence[Run],
    figures: Figures,
    found: Sequence[AnswerQuality],
    marks: Mapping[str, Sequence[int]],
    baseline: str | None,
) -> dict[str, Any]:
    """The charts: "tasks" by language, "lengths" and "judge", the last two None where there is nothing to draw.

    Args:
        runs: The runs, in the order in which they are shown.
        figures: Their scores.
        found: Their answers, see `answer_quality`.
        marks: The judge's marks, see `judged`.
        baseline: Label of the run that is marked.
    """
    short = short_names([run.label for run in runs], _MOST)
    with_rows = [run for run in runs if run.samples]
    charted = [ChartedRun(run.label, short[run.label], run.label == baseline) for run in with_rows]
    return {
        "tasks": _task_charts(with_rows, charted, figures),
        "lengths": _length_chart(charted, found),
        "judge": _judge_chart(charted, marks),
    }


def report_preview(runs: Sequence[Run], figures: Figures, baseline: str | None) -> Preview:
    """What is shown of a link to the report: the runs with a headline, in the order given."""
    lines = [
        PreviewLine(run.label, s.mean, s.interval.low, s.interval.high, run.label == baseline)
        for run in runs
        if (s := figures.get(run.label, "overall", HEADLINE_NAME, HEADLINE_NAME))
    ]
    return Preview("SEvenLLM report", f"{_count(runs)} on 28 cyber threat intelligence tasks", tuple(lines))


def _task_charts(runs: Sequence[Run], charted: Sequence[ChartedRun], figures: Figures) -> dict[Language, Chart]:
    """A chart of the tasks of each language that a run has."""
    made: dict[Language, Chart] = {}
    for language in LANGUAGES:
        leaves = [leaf for pair in leaf_pairs() for leaf in pair if leaf.language == language]
        leaves = [leaf for leaf in leaves if any(leaf.name in run.leaves for run in runs)]
        tasks = [_task(leaf, runs, figures) for kind in KINDS for leaf in leaves if leaf.kind == kind]
        if tasks:
            words = f"Score of {len(tasks)} {'task' if len(tasks) == 1 else 'tasks'} with 95 % intervals, for {_count(runs)}."
            made[language] = task_chart(f"tasks-{language}", f"{LANGUAGE_NAMES[language]} tasks", words, charted, tasks)
    return made


def _count(runs: Sequence[Any]) -> str:
    return f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}"


def _task(leaf: Leaf, runs: Sequence[Run], figures: Figures) -> ChartedTask:
    metric = HEADLINE[leaf.kind]
    scores = [figures.get(run.label, "task", leaf.name, metric) for run in runs]
    measured = tuple(Measured(s.mean, s.interval.low, s.interval.high, s.rows) if s else None for s in scores)
    return ChartedTask(
        leaf_title(leaf)[0], f"{KIND_NAMES[leaf.kind].capitalize()}: {metric}", measured, _without_knowledge(leaf, runs)
    )


def _without_knowledge(leaf: Leaf, runs: Sequence[Run]) -> WithoutKnowledge | None:
    """The better program without knowledge over the questions that any run has in a leaf; None for other kinds."""
    if leaf.kind != "mcq":
        return None
    rows = {sample.id: sample.row for run in runs for sample in run.samples if sample.task == leaf.name}
    found = mcq_baselines(rows.values())
    return WithoutKnowledge(*found.better) if found else None


def _length_chart(runs: Sequence[ChartedRun], found: Sequence[AnswerQuality]) -> Chart | None:
    """Lengths of answers by section and run; the multiple choice has only letters."""
    by_key = {(a.run, a.section): a.lengths for a in found if a.lengths and not a.section.endswith("_mcq")}
    sections = list(dict.fromkeys(a.section for a in found if (a.run, a.section) in by_key))
    boxes = [
        Box(run.label, run.short, section_name(section), o.least, o.first, o.median, o.third, o.ninety)
        for section in sections
        for run in runs
        if (o := by_key.get((run.label, section)))
    ]
    words = "Characters per answer by section and run: the line begins at the shortest, the box holds the middle half, "
    words += "the bar in it is the median, whose figure is at the end, and nine tenths are below the line's end."
    return box_chart("lengths", "Lengths of answers", words, boxes, "characters per answer") if boxes else None


def _judge_chart(runs: Sequence[ChartedRun], marks: Mapping[str, Sequence[int]]) -> Chart | None:
    """How many answers the judge gave each mark, by run."""
    counts = [(run.label, run.short, marks[run.label]) for run in runs if run.label in marks]
    words = (
        "How many answers the judge gave each mark from 1 to 5, by run, as shares of a bar; the number of answers is at its end."
    )
    answers = [f"mark {mark}" for mark in range(1, 6)]
    return share_chart("judge", "The judge's marks", words, answers, counts) if counts else None
