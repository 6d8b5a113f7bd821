"""Every task's figures with their intervals, for any number of runs.

Up to four runs are drawn together, a line for each task and a marker for each run. More of them would hide each other, so
that each task then has a panel of its own, with a line for each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sevenllm_bench.pages.charts.axis import Axis, axis_around, bounded_axis
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.interval_chart import interval_marks, interval_words
from sevenllm_bench.pages.charts.line_frame import Block, Layout, Line, both_widths, framed
from sevenllm_bench.pages.charts.markers import CIRCLE, DIAMOND, marker, run_colour, run_shape
from sevenllm_bench.pages.charts.svg import Scale, element, fitted, group, hint, line, number, one_line, text, text_width

#: Runs that are drawn on the same line.
TOGETHER = 4
#: Room of a task's panel, and of its lines.
PANEL, _THICK = Layout(308, 124, 42, font=11, ticks=4), 15.0
#: Room of the words about a program without knowledge, below its panel.
_CAPTION = 14.0


@dataclass(frozen=True, slots=True)
class ChartedRun:
    """A run in a chart.

    Attributes:
        label: Its name, in full.
        short: The same as it is written in the chart.
        is_baseline: Whether the others are compared with it.
    """

    label: str
    short: str
    is_baseline: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A run's figure in a task: mean, ends of its interval (None where it has none), number of rows."""

    mean: float
    low: float | None
    high: float | None
    rows: int


@dataclass(frozen=True, slots=True)
class WithoutKnowledge:
    """What a program without knowledge scores in a task: its name and its score."""

    name: str
    mean: float

    @property
    def words(self) -> str:
        """Both in words."""
        return f"{one_line(self.name, 40)}: {self.mean:.3f}"


@dataclass(frozen=True, slots=True)
class ChartedTask:
    """A task: its name, the heading that it is under, each run's figure, or None; and what needs no knowledge, if known."""

    name: str
    heading: str
    figures: tuple[Measured | None, ...]
    without_knowledge: WithoutKnowledge | None = None


def task_chart(name: str, title: str, description: str, runs: Sequence[ChartedRun], tasks: Sequence[ChartedTask]) -> Chart:
    """Draw tasks, each with all runs.

    Args:
        name: See `Chart`.
        title: See `Chart`.
        description: See `Chart`.
        runs: The runs, in the order of each task's figures.
        tasks: The tasks; those of one heading in a row.
    """
    columns = ("Task", "Metric", *(one_line(run.label, 120) for run in runs))
    rows = tuple((one_line(task.name, 120), one_line(task.heading, 120), *map(_cell, task.figures)) for task in tasks)
    if len(runs) > TOGETHER:
        panels = tuple((heading, _panels(runs, found)) for heading, found in by_heading(tasks))
        legend = (*_panel_legend(runs, tasks), *_level_legend(tasks))
        return Chart(name, title, description, Markup(), columns, rows, panels=panels, legend=legend)
    blocks = [Block(heading, [_together(runs, task) for task in found]) for heading, found in by_heading(tasks)]
    wide, narrow = both_widths(name, title, description, bounded_axis(0, 1, "score"), blocks)
    legend = (*_run_legend(runs), *_level_legend(tasks))
    return Chart(name, title, description, wide, columns, rows, narrow, legend=legend)


def by_heading(tasks: Sequence[ChartedTask]) -> Iterator[tuple[str, list[ChartedTask]]]:
    """The tasks under each heading, in order."""
    for heading in dict.fromkeys(task.heading for task in tasks):
        yield heading, [task for task in tasks if task.heading == heading]


def _cell(figure: Measured | None) -> str:
    return f"{figure.mean:.3f} ({interval_words(figure.low, figure.high)}; n = {figure.rows:,})" if figure else "–"


def _hint_words(run: ChartedRun, task: ChartedTask, figure: Measured) -> str:
    return f"{one_line(run.label, 120)} · {one_line(task.name, 120)}: {_cell(figure)}"


def _together(runs: Sequence[ChartedRun], task: ChartedTask) -> Line:
    """A task's line with all runs' markers, one below the other."""
    thick = 12 + 10 * len(runs)

    def draw(scale: Scale, y: float) -> Iterable[Markup]:
        if task.without_knowledge:
            x = scale(task.without_knowledge.mean)
            yield group("of-level", [hint(task.without_knowledge.words), line(x, y - thick / 2, x, y + thick / 2, "level")])
        for place, (run, figure) in enumerate(zip(runs, task.figures, strict=True)):
            if figure:
                own = y + 10 * (place - (len(runs) - 1) / 2)
                marks = interval_marks(scale, own, figure.mean, figure.low, figure.high, run_shape(place), run_colour(place))
                yield group("point", [hint(_hint_words(run, task, figure)), *marks])

    return Line(task.name, draw, thick=thick, kind="ruled")


def _run_legend(runs: Sequence[ChartedRun]) -> tuple[tuple[Markup, str], ...]:
    markers = [marker(0, 0, run_shape(place), f"dot {run_colour(place)}") for place in range(len(runs))]
    names = [one_line(run.label, 120) + (" (baseline)" if run.is_baseline and len(runs) > 1 else "") for run in runs]
    return tuple(zip(markers, names, strict=True))


def panel_height(runs: int, task: ChartedTask | None = None) -> float:
    """Height of a panel, the same for all tasks except those with a program without knowledge, which has a line of words."""
    return 28 + 6 + _THICK * runs + 16 + 8 + (_CAPTION if task and task.without_knowledge else 0)


def _panels(runs: Sequence[ChartedRun], tasks: Sequence[ChartedTask]) -> tuple[Markup, ...]:
    """The panels of a heading, with one scale for all of them."""
    figures = [figure for task in tasks for figure in task.figures if figure]
    ends = [end for f in figures for end in (f.mean, f.low, f.high) if end is not None]
    axis = axis_around(ends, least=0.0, most=1.0)
    return tuple(_panel_svg(runs, task, axis) for task in tasks)


def _panel_svg(runs: Sequence[ChartedRun], task: ChartedTask, axis: Axis) -> Markup:
    height = panel_height(len(runs), task)
    return element(
        "svg",
        *_panel(runs, task, axis),
        xmlns="http://www.w3.org/2000/svg",
        class_="plot panel",
        viewBox=f"0 0 {number(PANEL.width)} {number(height)}",
        width=PANEL.width,
        height=height,
        aria_hidden="true",
    )


def _panel(runs: Sequence[ChartedRun], task: ChartedTask, axis: Axis) -> list[Markup]:
    """A task's panel: its name, and a line for each run."""
    best = _only_best(task.figures)
    mark = next((f.mean for run, f in zip(runs, task.figures, strict=True) if run.is_baseline and f), None)
    lines = [
        _run_line(run, task, figure, place == best) for place, (run, figure) in enumerate(zip(runs, task.figures, strict=True))
    ]
    level = task.without_knowledge.mean if task.without_knowledge else None
    end, parts = framed(PANEL, axis, [Block("", lines)], mark, top=22, level=level)
    if task.without_knowledge:
        parts.append(text(PANEL.width - 4, end + 4, _level_words(task.without_knowledge, axis), "end", "soft"))
    rows = max((figure.rows for figure in task.figures if figure), default=0)
    words = f" n = {rows:,}"
    name = element("tspan", fitted(task.name, PANEL.width - 16 - text_width(words, 11), 12.6))  # which is bold
    return [element("text", name, element("tspan", words, class_="soft"), x=4, y=15, class_="heading"), *parts]


def _level_words(level: WithoutKnowledge, axis: Axis) -> str:
    """The words below a panel, and where the figure is: at the dotted line, or beside the scale."""
    where = "left of the scale" if level.mean < axis.low else "right of the scale" if level.mean > axis.high else "dotted line"
    return f"{level.words}, {where}"


def _level_legend(tasks: Sequence[ChartedTask]) -> Iterator[tuple[Markup, str]]:
    for task in tasks:
        if task.without_knowledge:
            words = f"{one_line(task.name, 120)}: the better program without knowledge ({task.without_knowledge.words})"
            yield group("of-level", [line(0, -7, 0, 7, "level")]), words


def _only_best(figures: Sequence[Measured | None]) -> int | None:
    """The place of the highest figure; None where two are the highest, with one row, or where runs have not the same rows."""
    means = [figure.mean if figure else float("-inf") for figure in figures]
    rows = {figure.rows for figure in figures if figure}
    best = max(means, default=0.0)
    return means.index(best) if means.count(best) == 1 and len(rows) == 1 and max(rows) > 1 else None


def _run_line(run: ChartedRun, task: ChartedTask, figure: Measured | None, is_best: bool) -> Line:
    kind = " ".join(["marked"] * run.is_baseline + ["best"] * is_best)
    if figure is None:
        return Line(run.short, lambda scale, y: [], _THICK, "–", kind=kind)

    def draw(scale: Scale, y: float) -> Iterable[Markup]:
        return interval_marks(scale, y, figure.mean, figure.low, figure.high, DIAMOND if run.is_baseline else CIRCLE)

    return Line(run.short, draw, _THICK, f"{figure.mean:.3f}", _hint_words(run, task, figure), kind)


def _panel_legend(runs: Sequence[ChartedRun], tasks: Sequence[ChartedTask]) -> tuple[tuple[Markup, str], ...]:
    found: list[tuple[Markup, str]] = []
    if baseline := next((run for run in runs if run.is_baseline), None):
        words = f"baseline, {one_line(baseline.label, 120)}; the dashed line is its score"
        found.append((group("marked", [marker(0, 0, DIAMOND, "dot")]), words))
    if any(_only_best(task.figures) is not None for task in tasks):
        found.append((group("best", [marker(0, 0, CIRCLE, "dot")]), "the highest (the tests say whether it is better)"))
    if any(figure and figure.low is None for task in tasks for figure in task.figures):
        found.append((marker(0, 0, CIRCLE, "dot open"), "no interval: fewer than ten rows, or all alike"))
    return tuple(found)
