"""Scores against models' sizes, with the best that each size or less reaches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sevenllm_bench.pages.charts.axis import Axis, axis_around
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.markers import CIRCLE, SMALL_CIRCLE, marker
from sevenllm_bench.pages.charts.plane import SIZES, Plane, many_dots, plane
from sevenllm_bench.pages.charts.svg import drawing, element, fitted, group, hint, line, number, one_line, text, text_width

#: Points with a hint of their own, and lines of the table.
MOST_IN_FULL = 100
#: Points up to which each has its interval drawn, and from which they are drawn small.
_MOST_INTERVALS, _MANY = 40, 60
_SIZES = (0.1, 0.2, 0.5, 1, 2, 4, 8, 16, 32, 70, 140, 280, 560, 1_000, 2_000)


@dataclass(frozen=True, slots=True)
class Sized:
    """A model of a known size.

    Attributes:
        label: Its name, in full.
        short: The same as it is written in the chart.
        billions: Billions of parameters, more than 0.
        value: Its score.
        low: Lower end of the interval; None where there is none.
        high: Upper end.
        from_name: Whether the size was read from the name.
    """

    label: str
    short: str
    billions: float
    value: float
    low: float | None = None
    high: float | None = None
    from_name: bool = False


def size_chart(name: str, title: str, description: str, found: Sequence[Sized], axis: str, note: str = "") -> Chart:
    """Draw models by size.

    The best of their size and the `MOST_IN_FULL` highest have hints; all others are dots of one path.

    Args:
        name: See `Chart`.
        title: See `Chart`.
        description: See `Chart`.
        found: One model or more.
        axis: What the score is.
        note: See `Chart`.
    """
    ordered = sorted(found, key=lambda one: (-one.value, one.billions, one.label))
    wide, narrow = (
        drawing(name + suffix, width, height, title, description, *_drawn(ordered, width, height, axis), kind=kind)
        for width, height, kind, suffix in SIZES
    )
    shown = ordered[:MOST_IN_FULL]
    front = frontier(ordered)
    rows = tuple((one_line(one.label, 120), *_cells(one), "best up to its size" if one in front else "") for one in shown)
    cut = f"The table has the highest {len(shown)} of {len(ordered):,}." if len(shown) < len(ordered) else ""
    columns = ("", "billions of parameters", one_line(axis, 120), "95 % interval", "")
    note = " ".join(filter(None, (note, cut)))
    return Chart(name, title, description, wide, columns, rows, narrow, legend=_legend(ordered), note=note)


def frontier(found: Sequence[Sized]) -> list[Sized]:
    """The models that no smaller one, nor one as large, is better than; by size."""
    best: list[Sized] = []
    for one in sorted(found, key=lambda one: (one.billions, -one.value, one.label)):
        if not best or one.value > best[-1].value:
            best.append(one)
    return best


def _cells(one: Sized) -> tuple[str, str, str]:
    interval = "no interval" if one.low is None or one.high is None else f"{one.low:.3f}–{one.high:.3f}"
    return f"{one.billions:g}{' (by its name)' if one.from_name else ''}", f"{one.value:.3f}", interval


def _legend(found: Sequence[Sized]) -> tuple[tuple[Markup, str], ...]:
    marks = [(marker(0, 0, CIRCLE, "dot"), "size as given")] if not all(one.from_name for one in found) else []
    if any(one.from_name for one in found):
        marks.append((marker(0, 0, CIRCLE, "dot open"), "size read from the name"))
    marks.append((element("path", d="M-6,0H6", class_="best-line"), "the best up to a size"))
    return tuple(marks)


def _sizes(found: Sequence[Sized], most: int) -> Axis:
    """A scale of logarithms, with a line at usual sizes."""
    low, high = min(one.billions for one in found), max(one.billions for one in found)
    start, end = math.log10(low / 1.3), math.log10(high * 1.3)
    ticks = tuple((math.log10(size), f"{size:g} B") for size in _SIZES if start <= math.log10(size) <= end)
    ticks = ticks or ((math.log10(low), f"{low:g} B"),)
    return Axis(start, end, ticks, "parameters, logarithmic scale").with_fewer_ticks(most)


def _drawn(ordered: Sequence[Sized], width: float, height: float, axis: str) -> list[Markup]:
    with_intervals = len(ordered) <= _MOST_INTERVALS
    ends = [end for one in ordered for end in (one.low, one.high) if end is not None] if with_intervals else []
    up = axis_around([*(one.value for one in ordered), *ends], axis, least=0.0, most=1.0)
    frame = plane(width, height, _sizes(ordered, 9 if width > 500 else 5), up)
    front = frontier(ordered)
    known = {id(one) for one in (*ordered[:MOST_IN_FULL], *front)}
    others = [one for one in ordered if id(one) not in known]
    shape = SMALL_CIRCLE if len(ordered) > _MANY else CIRCLE
    best = {id(one) for one in front}
    points = [_point(one, frame, shape, id(one) in best, with_intervals) for one in reversed(ordered) if id(one) in known]
    return [*frame.parts, *_bulk(others, frame), _front_line(front, frame), *points, *_names(front, frame)]


def _at(one: Sized, frame: Plane) -> tuple[float, float]:
    return frame.x(math.log10(one.billions)), frame.y(one.value)


def _bulk(others: Sequence[Sized], frame: Plane) -> list[Markup]:
    """Points without hints: a path of the filled ones, and two of the hollow ones, the second in the colour of the paper."""
    filled = many_dots([_at(one, frame) for one in others if not one.from_name])
    hollow = many_dots([_at(one, frame) for one in others if one.from_name])
    kinds = [(filled, "dots"), (hollow, "dots"), (hollow, "dots hole")]
    return [element("path", d=path, class_=name) for path, name in kinds if path]


def _point(one: Sized, frame: Plane, shape: str, is_front: bool, with_interval: bool) -> Markup:
    x, y = _at(one, frame)
    size, score, interval = _cells(one)
    parts = [hint(f"{one_line(one.label, 120)} · {size} billion parameters: {score} ({interval})")]
    if with_interval and one.low is not None and one.high is not None:
        parts.append(line(x, frame.y(one.low), x, frame.y(one.high), "whisker"))
    parts.append(marker(x, y, CIRCLE if is_front else shape, "dot open" if one.from_name else "dot"))
    return group("point marked" if is_front else "point", parts)


def _front_line(front: Sequence[Sized], frame: Plane) -> Markup:
    (x, y), *others = (_at(one, frame) for one in front)
    steps = "".join(f"H{number(a)}V{number(b)}" for a, b in others)
    return element("path", d=f"M{number(x)},{number(y)}{steps}H{number(frame.x.end)}", class_="best-line")


def _names(front: Sequence[Sized], frame: Plane) -> list[Markup]:
    """Names beside the best of their size, the highest first; one that would be over another, or cut, is left out."""
    taken: list[tuple[float, float, float, float]] = []
    names = []
    for one in reversed(front):
        x, y = _at(one, frame)
        words = fitted(one.short, 170)
        width = text_width(words)
        left = min(max(2.0, x - width / 2), frame.width - width - 2)
        box = (left, y - 24, left + width, y - 8)
        if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            taken.append(box)
            names.append(text(left, y - 12, words, name="name"))
    return names
