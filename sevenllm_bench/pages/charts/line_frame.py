"""The frame of charts with named lines: headings and names, a scale from left to right, each line's own marks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sevenllm_bench.pages.charts.axis import Axis
from sevenllm_bench.pages.charts.svg import FONT, Scale, drawing, fitted, group, hint, line, text, text_width

#: Height of a chart from which its scale has numbers at the top too.
_TALL = 460


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart.

    Attributes:
        label: Its name, as it is written at the axis.
        draw: Its marks, given the scale and the height of its middle.
        thick: Pixels that the marks take from top to bottom.
        value: What is written at its end.
        hint: What a browser shows over it; empty where the marks have hints of their own.
        kind: Class of the line.
    """

    label: str
    draw: Callable[[Scale, float], Iterable[Markup]]
    thick: float = 26
    value: str = ""
    hint: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under a heading, which may be empty."""

    heading: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Layout:
    """How much room a chart has.

    Attributes:
        width: Its width in pixels.
        names: Most pixels that names take at the left; 0 puts each name above its line.
        ends: Pixels for what is written at the lines' ends.
        font: Height of its text in pixels.
        ticks: Most lines of the scale.
    """

    width: float
    names: float
    ends: float
    font: float = FONT
    ticks: int = 6


WIDE = Layout(860, 350, 58)
NARROW = Layout(336, 0, 22, ticks=3)


def framed(
    layout: Layout, axis: Axis, blocks: Sequence[Block], mark: float | None = None, top: float = 0, level: float | None = None
) -> tuple[float, list[Markup]]:
    """Draw lines with a scale.

    Args:
        layout: The room.
        axis: The scale.
        blocks: What to draw, from the top.
        mark: A value with a dashed line through the whole chart.
        top: Where to begin.
        level: A value with a dotted line, for what needs no model; nothing is drawn outside the scale.

    Returns:
        The height of the end of it, and its elements.
    """
    axis = axis.with_fewer_ticks(layout.ticks)
    left = _room_for_names(layout, blocks)
    scale = Scale(axis.low, axis.high, left, layout.width - max(16.0, layout.ends))
    lines, bottom = _lines(layout, blocks, scale, left, tall := top + 6)
    if bottom - top > _TALL:
        lines, bottom = _lines(layout, blocks, scale, left, tall := top + 24)
    grid = [_tick(scale(value), words, tall, bottom, layout.font, bottom - top > _TALL) for value, words in axis.ticks]
    if mark is not None:
        grid.append(line(scale(mark), tall, scale(mark), bottom, "reference"))
    if level is not None and axis.low <= level <= axis.high:
        grid.append(line(scale(level), tall, scale(level), bottom, "level"))
    below = bottom + layout.font + 5
    if axis.title:
        below += layout.font + 5
        grid.append(text((scale.start + scale.end) / 2, below, axis.title, "middle", "soft"))
    return below + 8, [*grid, *lines]


def _room_for_names(layout: Layout, blocks: Sequence[Block]) -> float:
    if not layout.names:
        return 14.0
    widths = (text_width(fitted(line.label, layout.names, layout.font), layout.font) for block in blocks for line in block.lines)
    return 18 + max(widths, default=0.0)


def _tick(x: float, words: str, top: float, bottom: float, font: float, is_tall: bool) -> Markup:
    above = [text(x, top - 6, words, "middle")] if is_tall else []
    return group("tick", [line(x, top, x, bottom, "grid"), *above, text(x, bottom + font + 4, words, "middle")])


def _lines(layout: Layout, blocks: Sequence[Block], scale: Scale, left: float, top: float) -> tuple[list[Markup], float]:
    drawn, y = [], top
    for place, block in enumerate(blocks):
        if block.heading:
            y += layout.font + (12 if place else 2)
            drawn.append(text(4, y - 2, fitted(block.heading, layout.width - 8, layout.font * 1.1), name="heading"))
            y += 4
        for one in block.lines:
            named = layout.font + 3 if not layout.names else 0.0
            drawn.append(_line(layout, one, scale, left, y, named))
            y += named + one.thick
    return drawn, y


def _line(layout: Layout, one: Line, scale: Scale, left: float, y: float, named: float) -> Markup:
    middle, base = y + named + one.thick / 2, layout.font * 0.35
    parts = [hint(one.hint)] if one.hint else []
    if named:
        width = layout.width - 14 - text_width(one.value, layout.font)
        parts.append(text(4, y + layout.font, fitted(one.label, width, layout.font)))
        if one.value:
            parts.append(text(layout.width - 4, y + layout.font, one.value, "end", "value"))
    else:
        parts.append(text(left - 10, middle + base, fitted(one.label, layout.names, layout.font), "end"))
        if one.value:
            parts.append(text(layout.width - 4, middle + base, one.value, "end", "value"))
    return group(f"line {one.kind}".rstrip(), [*parts, *one.draw(scale, middle)])


def both_widths(
    name: str, title: str, description: str, axis: Axis, blocks: Sequence[Block], mark: float | None = None
) -> tuple[Markup, Markup]:
    """The drawing for wide pages and the one for phones."""
    made = []
    for layout, kind in ((WIDE, "plot wide"), (NARROW, "plot narrow")):
        height, parts = framed(layout, axis, blocks, mark)
        ids = name if layout is WIDE else f"{name}-narrow"
        made.append(drawing(ids, layout.width, height, title, description, *parts, kind=kind))
    return made[0], made[1]
