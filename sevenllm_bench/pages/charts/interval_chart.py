"""Figures as dots with their intervals, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.svg import Scale, drawing, element, group, text, text_width
from sevenllm_bench.text.display import plain

_WIDTH, _LINE, _TOP, _LEFT_MOST = 860, 26, 8, 280


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
    """

    label: str
    short: str
    mean: float
    low: float | None = None
    high: float | None = None
    rows: int | None = None
    note: str = ""
    marked: bool = False


def interval_chart(
    name: str,
    title: str,
    description: str,
    points: Sequence[IntervalPoint],
    bounds: tuple[float, float] = (0.0, 1.0),
    axis: str = "score",
) -> Chart:
    """Draw points in the order given, the first at the top.

    Args:
        name: See `Chart`.
        title: See `Chart`.
        description: See `Chart`.
        points: The lines.
        bounds: Least and highest value that the figure can have.
        axis: What the axis shows.
    """
    left = 16 + min(_LEFT_MOST, max((text_width(plain(point.short, 60)) for point in points), default=0.0))
    scale = Scale(*bounds, left, _WIDTH - 70)
    bottom = _TOP + _LINE * len(points)
    ticks = [bounds[0] + (bounds[1] - bounds[0]) * step / 5 for step in range(6)]
    grid = [
        group(
            "tick",
            [
                element("line", x1=scale(value), y1=_TOP, x2=scale(value), y2=bottom, class_="grid"),
                text(scale(value), bottom + 17, f"{value:.1f}", "middle"),
            ],
        )
        for value in ticks
    ]
    lines = [_line(point, scale, _TOP + _LINE * (place + 0.5), left) for place, point in enumerate(points)]
    svg = drawing(
        name, _WIDTH, bottom + 42, title, description, *grid, *lines, text(scale(sum(bounds) / 2), bottom + 36, axis, "middle")
    )
    return Chart(name, title, description, svg, ("", axis, "95 % interval", "rows", ""), tuple(map(_cells, points)))


def _line(point: IntervalPoint, scale: Scale, y: float, left: float) -> Markup:
    parts = [
        element("title", " · ".join(cell for cell in _cells(point) if cell)),
        text(left - 10, y + 4, plain(point.short, 60), "end"),
    ]
    if point.low is not None and point.high is not None:
        parts.append(element("line", x1=scale(point.low), y1=y, x2=scale(point.high), y2=y, class_="whisker"))
    parts.append(element("circle", cx=scale(point.mean), cy=y, r=5, class_="dot" if point.low is not None else "dot open"))
    parts.append(text(scale.end + 14, y + 4, f"{point.mean:.3f}", name="value"))
    return group("point marked" if point.marked else "point", parts)


def _cells(point: IntervalPoint) -> tuple[str, ...]:
    interval = f"{point.low:.3f}–{point.high:.3f}" if point.low is not None and point.high is not None else "no interval"
    rows = "" if point.rows is None else f"{point.rows:,}"
    return (plain(point.label, 200), f"{point.mean:.3f}", interval, rows, plain(point.note, 200))
