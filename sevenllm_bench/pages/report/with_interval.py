"""A figure with its interval, in one cell of a table of plain texts."""

from __future__ import annotations

from collections.abc import Callable

from sevenllm_bench.figures.rounding import NO_FIGURE, shown, shown_interval
from sevenllm_bench.stats.intervals import Interval

_Range = Callable[[float | None, float | None], str]


def with_interval(
    value: float | None, interval: Interval, figure: Callable[[float], str] = shown, ends: _Range = shown_interval
) -> str:
    """A figure and, where there is one, its interval behind it: "0.604 (0.572–0.635)"; a dash where there is no figure.

    Args:
        value: The figure.
        interval: Its 95 % interval.
        figure: How it is written.
        ends: How the interval is written.
    """
    if value is None:
        return NO_FIGURE
    return figure(value) if interval.low is None else f"{figure(value)} ({ends(interval.low, interval.high)})"
