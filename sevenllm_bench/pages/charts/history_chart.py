"""Figures by date, and the best so far as a line in steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from sevenllm_bench.pages.charts.axis import Axis, axis_around
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.markers import CIRCLE, DIAMOND, SMALL_CIRCLE, marker
from sevenllm_bench.pages.charts.plane import SIZES, Plane, many_dots, plane
from sevenllm_bench.pages.charts.svg import drawing, element, fitted, group, hint, number, one_line, text, text_width

#: Points from which they are drawn small.
_MANY = 60
#: Points with a hint of their own, and lines of the table: so that a thousand submissions take no more than a hundred.
MOST_IN_FULL = 100


@dataclass(frozen=True, slots=True)
class Dated:
    """A figure of a day: the day, what has it in full and in short, and the figure."""

    day: date
    label: str
    short: str
    value: float


def history_chart(name: str, title: str, description: str, found: Sequence[Dated], axis: str) -> Chart:
    """Draw figures by date.

    The best so far and the `MOST_IN_FULL` highest have hints; all others are dots of one path.

    Args:
        name: See `Chart`.
        title: See `Chart`.
        description: See `Chart`.
        found: One figure or more, in any order.
        axis: What the figure is.
    """
    ordered = sorted(found, key=lambda one: (one.day, one.value, one.label))
    records = best_so_far(ordered)
    wide, narrow = (
        drawing(name + suffix, width, height, title, description, *_drawn(ordered, records, width, height, axis), kind=kind)
        for width, height, kind, suffix in SIZES
    )
    shown = ordered[-MOST_IN_FULL:]
    rows = tuple(_row(one, records) for one in reversed(shown))
    note = f"The table has the newest {len(shown)} of {len(ordered):,}." if len(shown) < len(ordered) else ""
    legend = (
        (marker(0, 0, CIRCLE, "dot"), "a submission"),
        (group("marked", [marker(0, 0, DIAMOND, "dot")]), "the best so far"),
    )
    return Chart(name, title, description, wide, ("", "date", one_line(axis, 120), ""), rows, narrow, legend=legend, note=note)


def best_so_far(ordered: Sequence[Dated]) -> list[Dated]:
    """Those that were higher than all before them; of one day only the highest."""
    records: list[Dated] = []
    for one in ordered:
        if not records or one.value > records[-1].value:
            if records and records[-1].day == one.day:
                records.pop()
            records.append(one)
    return records


def _row(one: Dated, records: Sequence[Dated]) -> tuple[str, ...]:
    mark = "the best so far" if one in records else ""
    return one_line(one.label, 120), one.day.isoformat(), f"{one.value:.3f}", mark


def _days(ordered: Sequence[Dated], most: int) -> Axis:
    """The axis of the days: the first, the last, and some between."""
    first, last = ordered[0].day.toordinal(), ordered[-1].day.toordinal()
    if first == last:
        return Axis(first - 1, last + 1, ((first, ordered[0].day.isoformat()),))
    count = min(most, last - first + 1)
    days = dict.fromkeys(round(first + (last - first) * place / (count - 1)) for place in range(count))
    return Axis(first, last, tuple((day, date.fromordinal(day).isoformat()) for day in days))


def _drawn(ordered: Sequence[Dated], records: Sequence[Dated], width: float, height: float, axis: str) -> list[Markup]:
    up = axis_around((one.value for one in ordered), axis, least=0.0, most=1.0)
    frame = plane(width, height, _days(ordered, 6 if width > 500 else 3), up)
    hinted = sorted(ordered, key=lambda one: -one.value)[:MOST_IN_FULL]
    known = {id(one) for one in (*hinted, *records)}
    others = many_dots([_at(one, frame) for one in ordered if id(one) not in known])
    best = {id(one) for one in records}
    shape = SMALL_CIRCLE if len(ordered) > _MANY else CIRCLE
    return [
        *frame.parts,
        *([element("path", d=others, class_="dots")] if others else []),
        *(_point(one, frame, shape, "point") for one in hinted if id(one) not in best),
        element("path", d=_steps(records, frame), class_="best-line"),
        *(_point(one, frame, DIAMOND, "point marked") for one in records),
        _named(records[-1], frame),
    ]


def _at(one: Dated, frame: Plane) -> tuple[float, float]:
    return frame.x(one.day.toordinal()), frame.y(one.value)


def _point(one: Dated, frame: Plane, shape: str, kind: str) -> Markup:
    x, y = _at(one, frame)
    return group(kind, [hint(f"{one_line(one.label, 120)} · {one.day.isoformat()}: {one.value:.3f}"), marker(x, y, shape, "dot")])


def _steps(records: Sequence[Dated], frame: Plane) -> str:
    first, *others = (_at(one, frame) for one in records)
    steps = "".join(f"H{number(x)}V{number(y)}" for x, y in others)
    return f"M{number(first[0])},{number(first[1])}{steps}H{number(frame.x.end)}"


def _named(one: Dated, frame: Plane) -> Markup:
    """The name of the best, above its point, so that it is whole."""
    x, y = _at(one, frame)
    words = f"{fitted(one.short, 200)} {one.value:.3f}"
    half = text_width(words) / 2
    return text(min(max(x, half + 2), frame.width - half - 2), y - 9, words, "middle", "name")
