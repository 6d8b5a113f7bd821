"""The data of the report's charts: every task with its interval, lengths of answers, the judge's marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenllm_bench.catalog import Leaf
from sevenllm_bench.figures.vocabulary import section_name
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.report.answer_quality import AnswerQuality
from sevenllm_bench.pages.report.heat_map import leaf_pairs
from sevenllm_bench.pages.report.score_views import Figures
from sevenllm_bench.runs.records import Run
from sevenllm_bench.text.display import plain

#: Markers that differ in shape as well as in colour; the palette is Okabe and Ito's, which colour-blind people can tell apart.
MOST_IN_CHART = 8


def dot_chart(runs: Sequence[Run], figures: Figures) -> dict[str, Any]:
    """The chart of all tasks with intervals: per language, the tasks' labels and each run's points."""
    shown = runs[:MOST_IN_CHART]
    groups = []
    for language, label in (("en", "English"), ("zh", "中文 Chinese")):
        leaves = [leaf for pair in leaf_pairs() for leaf in pair if leaf.language == language]
        leaves = [leaf for leaf in leaves if any(leaf.name in run.leaves for run in shown)]
        points = [[_point(figures, run, leaf.name, HEADLINE[leaf.kind]) for leaf in leaves] for run in shown]
        if leaves:
            groups.append({"key": language, "label": label, "rows": [_name(leaf) for leaf in leaves], "points": points})
    return {"type": "dots", "names": [plain(run.label, 40) for run in shown], "groups": groups}


def _name(leaf: Leaf) -> str:
    return leaf.task.name if leaf.task else "Multiple choice"


def _point(figures: Figures, run: Run, task: str, metric: str) -> list[Any]:
    """Mean, low, high and number of rows."""
    score = figures.get(run.label, "task", task, metric)
    if score is None:
        return []
    return [_short(score.mean), _short(score.interval.low), _short(score.interval.high), score.rows]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def length_chart(runs: Sequence[Run], found: Sequence[AnswerQuality]) -> dict[str, Any]:
    """Quartiles and ninth decile of the answers' lengths, by section and run."""
    shown = [run.label for run in runs[:MOST_IN_CHART]]
    sections = [name for name in dict.fromkeys(a.section for a in found) if not name.endswith("_mcq")]
    by_key = {(a.run, a.section): a.lengths for a in found}
    boxes = []
    for run in shown:
        own = [by_key.get((run, section)) for section in sections]
        boxes.append([[o.least, o.first, o.median, o.third, o.ninety] if o else [] for o in own])
    return {
        "type": "boxes",
        "names": [plain(run, 40) for run in shown],
        "rows": list(map(section_name, sections)),
        "boxes": boxes,
    }


def judge_chart(marks: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """How many answers the judge gave each mark, by run."""
    shown = list(marks.items())[:MOST_IN_CHART]
    return {
        "type": "bars",
        "names": [plain(run, 40) for run, _ in shown],
        "rows": ["1", "2", "3", "4", "5"],
        "bars": [m for _, m in shown],
    }
