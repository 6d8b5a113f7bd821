"""Scores against models' sizes, with the best that each size or less reaches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from sevenllm_bench.pages.charts.axis import Axis, axis_around
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.markers import CIRCLE, SMALL_CIRCLE, marker
from sevenllm_bench.pages.charts.plane import SIZES, Plane, many_dots, plane
from sevenllm_bench.pages.charts.svg import drawing, element, fitted, group, hint, line, number, one_line, text, text_width

#: Points with a hint of their own, and lines of the table.
MOST_IN_FULL = 100
#: Points from which they are drawn small, and sizes up to which the scale has lines at just these.
_MANY, _FEW_SIZES = 60, 9
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

    The best up to their size have intervals; these and the `MOST_IN_FULL` highest have hints; all others are dots of one path.

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
    if any(one.low is not None and one.high is not None for one in frontier(found)):
        marks.append((group("marked", [line(0, -6, 0, 6, "whisker")]), "its 95 % interval"))
    return tuple(marks)


def _sizes(found: Sequence[Sized], most: int) -> Axis:
    """A scale of logarithms, with a line at usual sizes."""
    low, high = min(one.billions for one in found), max(one.billions for one in found)
    start, end = math.log10(low / 1.3), math.log10(high * 1.3)
    own = sorted({one.billions for one in found})
    ticks: list[tuple[float, str]] = []
    for size in own if len(own) <= _FEW_SIZES else _SIZES:
        at = math.log10(size)
        if start <= at <= end and (not ticks or at - ticks[-1][0] > (end - start) / 12):
            ticks.append((at, f"{size:g} B"))
    return Axis(start, end, tuple(ticks), "parameters, logarithmic scale").with_fewer_ticks(most)


def _drawn(ordered: Sequence[Sized], width: float, height: float, axis: str) -> list[Markup]:
    front = frontier(ordered)
    ends = [end for one in front for end in (one.low, one.high) if end is not None]
    up = axis_around([*(one.value for one in ordered), *ends], axis, least=0.0, most=1.0)
    frame = plane(width, height, _sizes(ordered, 9 if width > 500 else 5), up)
    known = {id(one) for one in (*ordered[:MOST_IN_FULL], *front)}
    others = [one for one in ordered if id(one) not in known]
    shape = SMALL_CIRCLE if len(ordered) > _MANY else CIRCLE
    best = {id(one) for one in front}
    points = [_point(one, frame, shape, id(one) in best) for one in reversed(ordered) if id(one) in known]
    return [*frame.parts, *_bulk(others, frame), _front_line(front, frame), *points, *_names(front, ordered, frame)]


def _at(one: Sized, frame: Plane) -> tuple[float, float]:
    return frame.x(math.log10(one.billions)), frame.y(one.value)


def _bulk(others: Sequence[Sized], frame: Plane) -> list[Markup]:
    """Points without hints: a path of the filled ones, and two of the hollow ones, the second in the colour of the paper."""
    filled = many_dots([_at(one, frame) for one in others if not one.from_name])
    hollow = many_dots([_at(one, frame) for one in others if one.from_name])
    kinds = [(filled, "dots"), (hollow, "dots"), (hollow, "dots hole")]
    return [element("path", d=path, class_=name) for path, name in kinds if path]


def _point(one: Sized, frame: Plane, shape: str, is_front: bool) -> Markup:
    x, y = _at(one, frame)
    size, score, interval = _cells(one)
    parts = [hint(f"{one_line(one.label, 120)} · {size} billion parameters: {score} ({interval})")]
    if is_front and one.low is not None and one.high is not None:
        parts.append(line(x, frame.y(one.low), x, frame.y(one.high), "whisker"))
    parts.append(marker(x, y, CIRCLE if is_front else shape, "dot open" if one.from_name else "dot"))
    return group("point marked" if is_front else "point", parts)


def _front_line(front: Sequence[Sized], frame: Plane) -> Markup:
    (x, y), *others = (_at(one, frame) for one in front)
    steps = "".join(f"H{number(a)}V{number(b)}" for a, b in others)
    return element("path", d=f"M{number(x)},{number(y)}{steps}H{number(frame.x.end)}", class_="best-line")


def _names(front: Sequence[Sized], known: Sequence[Sized], frame: Plane) -> list[Markup]:
    """Names beside the best of their size, the highest first, where they are over the fewest lines, points and other names.

    One that would be over another name is left out.
    """
    marks = _marks(front, known, frame)
    taken: list[_Box] = []
    names = []
    for one in reversed(front):
        words = fitted(one.short, 170)
        free = [box for box in _places(one, text_width(words), frame) if not _hits(box, taken)]
        if free:
            box = min(free, key=lambda box: _hits(box, marks))  # the first of the best
            taken.append(box)
            names.append(text(box[0], box[3] - 4, words, name="name"))
    return names


#: Left, top, right and bottom.
_Box = tuple[float, float, float, float]
#: Height of a name, and its distance from a point.
_NAME, _APART = 16.0, 9.0


def _places(one: Sized, width: float, frame: Plane) -> list[_Box]:
    """Where a name may be, the best place first: at the upper left, where no line comes from, then around the interval."""
    x, y = _at(one, frame)
    top = frame.y(one.high) if one.high is not None else y
    bottom = frame.y(one.low) if one.low is not None else y
    lefts_tops = [
        (x - _APART - width, y - 4 - _NAME),
        (x + _APART, y - 4 - _NAME),
        (x + _APART, y + 4),
        (x - _APART - width, y + 4),
        (x - width / 2, top - 4 - _NAME),
        (x - width / 2, bottom + 4),
    ]
    lowest = frame.y.start - _NAME
    fitting = ((min(max(2.0, left), frame.width - width - 2), min(max(18.0, upper), lowest)) for left, upper in lefts_tops)
    return [(left, upper, left + width, upper + _NAME) for left, upper in fitting]


def _marks(front: Sequence[Sized], known: Sequence[Sized], frame: Plane) -> list[_Box]:
    """The boxes of points, intervals and the line of the best."""
    points = [(x - 5, y - 5, x + 5, y + 5) for x, y in (_at(one, frame) for one in known)]
    bars = [
        (frame.x(math.log10(one.billions)) - 1, frame.y(one.high), frame.x(math.log10(one.billions)) + 1, frame.y(one.low))
        for one in front
        if one.low is not None and one.high is not None
    ]
    places = [_at(one, frame) for one in front]
    ends = [*(x for x, _ in places[1:]), frame.x.end]
    level = [(x, y - 1, end, y + 1) for (x, y), end in zip(places, ends, strict=True)]
    steps = [(x - 1, y, x + 1, before) for (_, before), (x, y) in pairwise(places)]
    return [*points, *bars, *level, *steps]


def _hits(box: _Box, others: Sequence[_Box]) -> int:
    """How many boxes a box is over."""
    return sum(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in others)
