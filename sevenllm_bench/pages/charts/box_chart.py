"""Distributions as boxes: least, quartiles and ninth decile, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sevenllm_bench.pages.charts.axis import axis_around
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.line_frame import Block, Line, both_widths
from sevenllm_bench.pages.charts.svg import Scale, element, line, number, one_line

_THICK = 20.0


@dataclass(frozen=True, slots=True)
class Box:
    """A distribution: what it is of in full and in short, the heading that it is under, and five of its quantiles."""

    label: str
    short: str
    heading: str
    least: float
    first: float
    median: float
    third: float
    ninety: float

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The five, from the least."""
        return (self.least, self.first, self.median, self.third, self.ninety)


def box_chart(name: str, title: str, description: str, boxes: Sequence[Box], axis: str) -> Chart:
    """Draw boxes under their headings.

    Args:
        name: See `Chart`.
        title: See `Chart`.
        description: See `Chart`.
        boxes: The lines, in order.
        axis: What the axis shows, which begins at 0.
    """
    headings = dict.fromkeys(box.heading for box in boxes)
    blocks = [Block(heading, [_line(box) for box in boxes if box.heading == heading]) for heading in headings]
    scale = axis_around([0.0, *(value for box in boxes for value in box.quantiles)], axis, least=0.0)
    wide, narrow = both_widths(name, title, description, scale, blocks)
    columns = ("", "", "shortest", "first quartile", "median", "third quartile", "nine tenths below")
    rows = tuple(
        (one_line(box.label, 120), one_line(box.heading, 120), *(f"{value:,g}" for value in box.quantiles)) for box in boxes
    )
    return Chart(name, title, description, wide, columns, rows, narrow)


def _names(box: Box) -> tuple[str, str]:
    return one_line(box.label, 120), one_line(box.heading, 120)


def _line(box: Box) -> Line:
    words = (
        f"{' · '.join(_names(box))}: shortest {box.least:,g}; quartiles {box.first:,g}, {box.median:,g}, "
        f"{box.third:,g}; nine tenths below {box.ninety:,g}"
    )
    return Line(box.short, lambda scale, y: _marks(box, scale, y), _THICK, f"{box.median:,g}", words)


def _marks(box: Box, scale: Scale, y: float) -> list[Markup]:
    least, first, median, third, ninety = map(scale, box.quantiles)
    half = _THICK / 2 - 4
    whiskers = f"M{number(least)},{number(y)}H{number(first)}M{number(third)},{number(y)}H{number(ninety)}"
    return [
        element("path", d=whiskers, class_="whisker"),
        element("rect", x=first, y=y - half, width=third - first, height=2 * half, class_="box"),
        line(median, y - half, median, y + half, "median"),
    ]
