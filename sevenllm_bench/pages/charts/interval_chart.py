"""Figures as dots with their intervals, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from sevenllm_bench.pages.charts.axis import Axis, axis_around, bounded_axis
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.line_frame import Block, Line, both_widths
from sevenllm_bench.pages.charts.markers import CIRCLE, DIAMOND, SMALL_CIRCLE, marker
from sevenllm_bench.pages.charts.svg import Scale, line, one_line


@dataclass(frozen=True, slots=True)
class IntervalPoint:
    """A line of the chart.

    Attributes:
        label: What it is of, in full; for the table and the hint.
        short: The same as it is written at the axis.
        mean: The figure.
        low: Lower end of its interval; None where there is none.
        high: Upper end.
        rows: Rows behind it; None where not known.
        note: More words for the hint, such as "baseline" or why there is no interval.
        marked: Whether it is the one that others are compared with.
        quiet: Whether it is there for orientation only, and drawn so.
    """

    label: str
    short: str
    mean: float
    low: float | None = None
    high: float | None = None
    rows: int | None = None
    note: str = ""
    marked: bool = False
    quiet: bool = False


def interval_chart(
    name: str,
    title: str,
    description: str,
    points: Sequence[IntervalPoint],
    bounds: tuple[float, float] = (0.0, 1.0),
    axis: str = "score",
) -> Chart:
    """Draw points in the order given, the first at the top; a dashed line goes through the figure of the one marked.

    The scale holds all points and intervals and not more, since they say more than the distance from 0 does; its title says so.

    Args:
        name: See `Chart`.
        title: See `Chart`.
        description: See `Chart`.
        points: The lines.
        bounds: Least and highest value that the figure can have.
        axis: What the axis shows.
    """
    marked = [point.mean for point in points if point.marked]
    mark = marked[0] if len(marked) == 1 else None
    blocks = [Block("", list(map(_line, points)))]
    wide, narrow = both_widths(name, title, description, _scale(points, bounds, axis), blocks, mark)
    columns = ("", one_line(axis, 120), "95 % interval", "rows", "note")
    used = [place for place in range(len(columns)) if place < 3 or any(_cells(point)[place] for point in points)]
    rows = tuple(tuple(_cells(point)[place] for place in used) for point in points)
    return Chart(name, title, description, wide, tuple(columns[place] for place in used), rows, narrow)


def _scale(points: Sequence[IntervalPoint], bounds: tuple[float, float], title: str) -> Axis:
    """The scale: all that the figure can have for a single point, the part with points in it for several."""
    if len(points) < 2:
        return bounded_axis(*bounds, title)
    ends = [end for point in points for end in (point.mean, point.low, point.high) if end is not None]
    axis = axis_around(ends, title, *bounds)
    if (axis.low, axis.high) == bounds:
        return axis
    return replace(axis, title=f"{title} (shown from {axis.low:g} to {axis.high:g})")


def _line(point: IntervalPoint) -> Line:
    shape = DIAMOND if point.marked else SMALL_CIRCLE if point.quiet else CIRCLE
    return Line(
        point.short,
        lambda scale, y: interval_marks(scale, y, point.mean, point.low, point.high, shape),
        thick=26,
        value=f"{point.mean:.3f}",
        hint=" · ".join(cell for cell in _cells(point) if cell),
        kind="marked" if point.marked else "quiet" if point.quiet else "",
    )


def interval_marks(
    scale: Scale, y: float, mean: float, low: float | None, high: float | None, shape: str = CIRCLE, colour: str = ""
) -> list[Markup]:
    """A dot with its interval; hollow where there is none."""
    if low is None or high is None:
        return [marker(scale(mean), y, shape, f"dot {colour} open".replace("  ", " "))]
    drawn = line(scale(low), y, scale(high), y, f"whisker {colour}".rstrip())
    return [drawn, marker(scale(mean), y, shape, f"dot {colour}".rstrip())]


def interval_words(low: float | None, high: float | None) -> str:
    """An interval in a table or a hint."""
    return "no interval" if low is None or high is None else f"{low:.3f}–{high:.3f}"


def _cells(point: IntervalPoint) -> tuple[str, ...]:
    rows = "" if point.rows is None else f"{point.rows:,}"
    interval = interval_words(point.low, point.high)
    return (one_line(point.label, 200), f"{point.mean:.3f}", interval, rows, one_line(point.note, 200))
