"""Axes: bounds, and the values at which they have a line and a number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis.

    Attributes:
        low: Least value on it.
        high: Greatest value; more than `low`.
        ticks: Values with a line, and what is written at each.
        title: What it shows.
        few: The ticks where there is little room; empty for every second or third of `ticks`.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    title: str = ""
    few: tuple[tuple[float, str], ...] = ()

    def with_fewer_ticks(self, most: int) -> Axis:
        """The same axis with at most as many lines, at rounder values, or with `few`."""
        if len(self.ticks) <= most or self.few:
            return self if len(self.ticks) <= most else Axis(self.low, self.high, self.few, self.title)
        step = math.ceil(len(self.ticks) / most)
        wide = step * (self.ticks[1][0] - self.ticks[0][0])
        whole = (place for place in range(step) if abs(self.ticks[place][0] / wide - round(self.ticks[place][0] / wide)) < 1e-6)
        return Axis(self.low, self.high, self.ticks[next(whole, 0) :: step], self.title)


def bounded_axis(low: float, high: float, title: str = "", steps: int = 5) -> Axis:
    """An axis between two given bounds, in equal steps: a score from 0 to 1 has lines at 0, 0.2 … 1."""
    values = [low + (high - low) * step / steps for step in range(steps + 1)]
    few = [low, (low + high) / 2, high]
    return Axis(low, high, _named(values), title, _named(few))


def _named(values: Iterable[float]) -> tuple[tuple[float, str], ...]:
    return tuple((value, f"{value:.1f}") for value in values)


def axis_around(values: Iterable[float], title: str = "", least: float = -math.inf, most: float = math.inf) -> Axis:
    """An axis that holds some values, with bounds and lines at round numbers.

    Args:
        values: Finite; may be none, or all the same.
        title: See `Axis`.
        least: A value that the axis must not go below.
        most: A value that it must not go above.
    """
    found = sorted(values) or [0.0, 1.0]
    span = found[-1] - found[0] or max(abs(found[0]) / 5, 1e-9)
    step = _round_step(span / 8)
    low = max(least, math.floor(found[0] / step + 1e-9) * step)
    high = min(most, math.ceil(found[-1] / step - 1e-9) * step)
    if high <= low:  # all alike, on a round number
        low, high = (max(least, low - step), min(most, high + step))
    count = round((high - low) / step)
    digits = max(0, -math.floor(math.log10(step)))
    ticks = tuple((low + step * place, f"{low + step * place:,.{digits}f}") for place in range(count + 1))
    return Axis(low, high, ticks, title)


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at least as much."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= least * (1 - 1e-9)), 10 * power)
