"""Whether the figures of a probe's test can be: which of them there are, their sizes, and how they belong together."""

from __future__ import annotations

import math

from sevenllm_bench.memorisation.probe_result import PROBES, ProbeTest
from sevenllm_bench.stats.intervals import LEAST_ROWS

#: Largest size of an effect, an end of its interval, an error or a group's mean. Min-K%++ has no bound, but no model's texts are
#: a million standard deviations apart. Two differences of ROUGE-L, which is from 0 to 1, are at most 2 apart. The first of 24
#: orders is at most the root of 23 above their mean. A bootstrap goes a little beyond.
_LARGEST = {"logits": 1e6, "text": 3.0}
_LARGEST_OF_ORDERS = 6.0
#: Draws of which some lie on each side of the effect, so that the interval holds it: 2.5 % of them is one. Of fewer, all may lie
#: on one side.
_ENOUGH_DRAWS = 40
#: Standard errors by which the interval of fewer draws may miss the effect.
_MOST_MISSED = 10.0
#: Means that are equal by hand may differ by so much as they are computed.
_ROUNDING = 1e-9


def why_impossible(test: ProbeTest, resamples: int) -> str:
    """Why no probe gives this test; empty where one can.

    Args:
        test: Its numbers are finite.
        resamples: The draws of the probe, from which p-values and intervals come.
    """
    effect, error, p = test.effect, test.error, test.p
    if len({value is None for value in (effect, error, p)}) > 1:
        return "a test has an effect, an error and a p-value, or none of them"
    if (test.low is None) != (test.high is None):
        return "an interval has both ends, or none"
    if bool(test.why_not) == (p is not None):
        return "a test has figures, or a reason why it was not made"
    if effect is None or error is None or p is None:
        return "an interval of a test that was not made" if test.low is not None else _size(test)
    return _size(test) or _groups(test) or _error(test, error) or _interval(test, effect, error, resamples) or _p(p, resamples)


def _size(test: ProbeTest) -> str:
    kind = PROBES[test.name]
    most = _LARGEST_OF_ORDERS if kind.exact else _LARGEST[kind.needs]
    own = (("effect", test.effect), ("low", test.low), ("high", test.high), ("error", test.error), *test.details.items())
    large = (f"{name} is {value:.3g}" for name, value in own if value is not None and abs(value) > most)
    first = next(large, "")
    return f"{first}, and can't be above {most:,.0f} in size" if first else ""


def _groups(test: ProbeTest) -> str:
    if test.units < LEAST_ROWS:
        return f"{test.units} units; a test is made from {LEAST_ROWS} on"
    if PROBES[test.name].exact:
        return "controls of a test that needs none" if test.controls else ""
    return f"{test.controls} controls; a test is made from {LEAST_ROWS} on" if test.controls < LEAST_ROWS else ""


def _error(test: ProbeTest, error: float) -> str:
    """Over the orders of a unit, values have a standard deviation of 1: the error is 1 by the root of the units that differ."""
    least, most = (1 / math.sqrt(test.units), 1 / math.sqrt(LEAST_ROWS)) if PROBES[test.name].exact else (0.0, math.inf)
    if least - _ROUNDING <= error <= most + _ROUNDING:
        return ""
    return f"an error of {error:.3g}" + (f"; {test.units} units give {least:.3g} to {most:.3g}" if least else "")


def _interval(test: ProbeTest, effect: float, error: float, resamples: int) -> str:
    low, high = test.low, test.high
    if low is None or high is None:  # of orders: every unit has the same value
        return "" if PROBES[test.name].exact else "an effect above controls without its interval"
    if low > high:
        return f"the interval's low end is above its high end ({low:.3g} and {high:.3g})"
    slack = _ROUNDING + (0.0 if resamples >= _ENOUGH_DRAWS else _MOST_MISSED * error)
    if not low - slack <= effect <= high + slack:
        return f"an effect of {effect:.3g} outside its interval, {low:.3g} to {high:.3g}"
    return ""


def _p(p: float, resamples: int) -> str:
    """The draws that reach the effect, and the effect itself, by all of them."""
    reached = p * (resamples + 1)
    if 1 <= round(reached) <= resamples + 1 and math.isclose(reached, round(reached), abs_tol=1e-6):
        return ""
    return f"p is {p:.3g}; {resamples:,} draws give a whole number of {resamples + 1:,}ths, from 1 of them to all"
