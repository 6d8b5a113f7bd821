"""One-sided randomisation tests: one group above another, and one order above the other orders of the same things."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from sevenllm_bench.stats.intervals import LEAST_ROWS, Interval, bootstrap_interval
from sevenllm_bench.stats.resampling import Draws, bootstrap_means, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Most numbers drawn at once.
_CHUNK = 2_000_000
POWER = 0.8


@dataclass(frozen=True, slots=True)
class OneSided:
    """What a one-sided test says.

    Attributes:
        effect: Difference of the means; for orders the mean advantage of the first, in standard deviations over the orders.
        interval: 95 % interval of the effect (two-sided, bootstrap).
        p: One-sided p-value, at least 1 / (draws + 1); None where there is no test.
        error: Standard error of the effect; None where there is no test.
        why_not: Why there is no test.
    """

    effect: float | None
    interval: Interval
    p: float | None
    error: float | None
    why_not: str = ""


def greater_mean(first: NDArray[Any], second: NDArray[Any], seed: int, resamples: int) -> OneSided:
    """Whether the mean of the first group is above that of the second: Welch's t under permuted labels (Janssen 1997).

    Valid where both groups have one distribution, and for many rows where only the means are equal.

    Args:
        first: n finite values.
        second: m finite values.
        seed: Seed of the permutations and of the bootstrap.
        resamples: Number of each.
    """
    import numpy as np

    fewest = min(len(first), len(second))
    if fewest < LEAST_ROWS:
        return _none(f"{fewest} rows in a group; this test needs {LEAST_ROWS}")
    pooled = np.concatenate([first, second])
    effect = float(first.mean() - second.mean())
    if not np.ptp(pooled):
        return _none("no row differs from another")
    observed = float(_welch(pooled[None, :], len(first))[0])
    rng, reached = generator(seed, "labels"), 0
    step = max(1, _CHUNK // len(pooled))
    for start in range(0, resamples, step):
        block = np.tile(pooled, (min(step, resamples - start), 1))
        reached += int((_welch(rng.permuted(block, axis=1), len(first)) >= observed - 1e-9 * abs(observed)).sum())
    error = math.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    ours, theirs = (bootstrap_means([group], Draws(seed, resamples, name)) for group, name in ((first, "1"), (second, "2")))
    low, high = (float(end) for end in np.quantile(ours - theirs, (0.025, 0.975)))
    return OneSided(effect, Interval(low, high, "bootstrap"), (reached + 1) / (resamples + 1), error)


def _welch(values: NDArray[Any], first: int) -> NDArray[Any]:
    """Welch's t of each row of `values`, whose first `first` columns are the first group."""
    import numpy as np

    one, two = values[:, :first], values[:, first:]
    error = one.var(axis=1, ddof=1) / one.shape[1] + two.var(axis=1, ddof=1) / two.shape[1]
    return np.asarray((one.mean(axis=1) - two.mean(axis=1)) / np.sqrt(np.maximum(error, 1e-300)))


def first_of_orders(values: Sequence[NDArray[Any]], seed: int, resamples: int) -> OneSided:
    """Whether the first order of each unit has higher values than its other orders.

    If all orders of a unit are equally likely to be the first, any of them may be exchanged for it: the test draws one for each
    unit, and is exact. Values are put in standard deviations over the unit's orders first, so that no unit outweighs the others.

    Args:
        values: For each unit the finite values of its orders (2 or more), the first one first.
        seed: Seed of the draws and of the bootstrap.
        resamples: Number of each.
    """
    import numpy as np

    units = [_standardised(orders) for orders in values if np.ptp(orders) > 1e-12 * max(1.0, float(np.abs(orders).max()))]
    if len(units) < LEAST_ROWS:
        same = f", {len(values) - len(units)} more have the same value in every order" if len(values) > len(units) else ""
        return _none(f"{len(units)} units{same}; this test needs {LEAST_ROWS}")
    seen = np.array([orders[0] for orders in units])
    observed = float(seen.sum())
    rng, total = generator(seed, "orders"), np.zeros(resamples)
    for orders in units:
        total += rng.choice(orders, resamples)
    reached = int((total >= observed - 1e-9 * max(1.0, abs(observed))).sum())
    interval = bootstrap_interval([seen], Draws(seed, resamples, "units"), (-math.inf, math.inf))
    error = math.sqrt(sum(float((orders**2).mean()) for orders in units)) / len(units)
    return OneSided(float(seen.mean()), interval, (reached + 1) / (resamples + 1), error)


def _standardised(orders: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.asarray((orders - orders.mean()) / orders.std())


def detectable(error: float, alpha: float) -> float:
    """The effect that a one-sided test at level `alpha` finds with 80 %, by the normal approximation.

    Args:
        error: Standard error of the effect.
        alpha: Level, in (0, 0.5).
    """
    return (NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(POWER)) * error


def _none(why_not: str) -> OneSided:
    return OneSided(None, Interval(None, None, why_not=why_not), None, None, why_not)
