"""Markers that differ in shape and in colour, for any number of runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from sevenllm_bench.pages.charts.svg import element, number

#: Colours of `plot.css` (Okabe and Ito's palette, which colour-blind people can tell apart), and as many shapes.
COLOURS = 8


def _polygon(count: int, turn: float, inner: float = 1.0, size: float = 5.0) -> str:
    """Corners at `size` pixels from the middle; every second one nearer by a factor."""
    corners = []
    for place in range(count):
        angle, radius = turn + 2 * math.pi * place / count, size * inner if place % 2 else size
        corners.append(f"{number(radius * math.cos(angle))},{number(radius * math.sin(angle))}")
    return f"M{'L'.join(corners)}Z"


CIRCLE = "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0Z"
#: As large as the dots of `many_dots`.
SMALL_CIRCLE = "M-3,0a3,3 0 1,0 6,0a3,3 0 1,0 -6,0Z"
DIAMOND = _polygon(4, 0, size=5.5)
_SHAPES: Sequence[str] = (
    CIRCLE,
    "M-4,-4H4V4H-4Z",
    DIAMOND,
    _polygon(3, -math.pi / 2),
    "M-4.5,-1.5H-1.5V-4.5H1.5V-1.5H4.5V1.5H1.5V4.5H-1.5V1.5H-4.5Z",
    _polygon(10, -math.pi / 2, 0.45),
    _polygon(6, 0),
    "M-5,-2H5V2H-5Z",
)


def marker(x: float, y: float, shape: str, name: str) -> Markup:
    """A shape with its middle at a point; with the class "open" it is hollow."""
    return element("path", d=shape, transform=f"translate({number(x)} {number(y)})", class_=name)


def run_shape(run: int) -> str:
    """The shape of the run at a place; with `run_colour`, the first 64 runs differ."""
    return _SHAPES[(run + run // COLOURS) % len(_SHAPES)]


def run_colour(run: int) -> str:
    """The class of the colour of the run at a place."""
    return f"run{run % COLOURS}"
