"""The frame of charts with two scales."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from sevenllm_bench.pages.charts.axis import Axis
from sevenllm_bench.pages.charts.svg import Scale, group, line, number, text, text_width

#: Width and height of what is drawn, for wide pages and for phones.
SIZES = ((860.0, 380.0, "plot wide", ""), (336.0, 300.0, "plot narrow", "-narrow"))

#: Pixels between the first and last value across and the ends of the lines.
_INSIDE = 8.0


@dataclass(frozen=True, slots=True)
class Plane:
    """Two scales with their lines.

    Attributes:
        x: From left to right.
        y: From the bottom to the top.
        width: Pixels of all.
        height: Pixels of all.
        parts: The lines and numbers.
    """

    x: Scale
    y: Scale
    width: float
    height: float
    parts: list[Markup]


def plane(width: float, height: float, across: Axis, up: Axis) -> Plane:
    """Draw two scales; the title of the one that goes up is above it."""
    left = 14 + max((text_width(words) for _, words in up.ticks), default=0.0)
    top, right, bottom = 30.0, width - 14, height - (46 if across.title else 26)
    x, y = Scale(across.low, across.high, left + _INSIDE, right - _INSIDE), Scale(up.low, up.high, bottom, top)
    parts = [group("tick", [line(left, y(v), right, y(v), "grid"), text(left - 8, y(v) + 4, w, "end")]) for v, w in up.ticks]
    for value, words in across.ticks:
        half = text_width(words) / 2
        at, anchor = x(value), "middle"
        if at + half > width:
            at, anchor = width - 2, "end"
        elif at < half:
            at, anchor = 2, "start"
        parts.append(group("tick", [line(x(value), bottom, x(value), bottom + 5, "grid"), text(at, bottom + 18, words, anchor)]))
    parts.append(text(2, 14, up.title, name="soft"))
    if across.title:
        parts.append(text((left + right) / 2, bottom + 38, across.title, "middle", "soft"))
    return Plane(x, y, width, height, parts)


def many_dots(points: list[tuple[float, float]]) -> str:
    """The path of many dots, which take ten characters each: lines of no length, drawn with round ends."""
    return "".join(f"M{number(x)},{number(y)}h0" for x, y in points)
