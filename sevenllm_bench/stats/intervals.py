"""95 % intervals for means and for mean differences, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from sevenllm_bench.stats.resampling import Draws, bootstrap_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
#: With fewer rows the bootstrap misses the true mean too often (see docs/comparing.md), so there is no interval.
LEAST_ROWS = 10
_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval.

    Attributes:
        low: Lower end; None where there is no interval.
        high: Upper end.
        method: "bootstrap", "wilson" or "bonett-price"; empty where there is none.
        why_not: Why there is none.
    """

    low: float | None
    high: float | None
    method: str = ""
    why_not: str = ""


def _none(why_not: str) -> Interval:
    return Interval(None, None, why_not=why_not)


def mean_interval(
    strata: Sequence[NDArray[Any]],
    draws: Draws,
    bounds: tuple[float, float] = (0.0, 1.0),
    shares: bool = False,
) -> Interval:
    """Interval for the unweighted mean of the strata's means.

    One stratum of a share: Wilson's interval, which holds for any n, also where all rows are right. Otherwise the
    bootstrap's "expanded percentile" interval (Hesterberg 2015, doi:10.1080/00031305.2015.1089789), which makes up for the
    narrowness of the plain percentile interval with few rows.

    Args:
        strata: Arrays of values, one per row.
        draws: Source of chance, and the number of bootstrap means.
        bounds: Least and greatest possible value.
        shares: Whether a row can only count 0 or 1.
    """
    if not strata or any(not len(values) for values in strata):
        return _none("no rows")
    if shares and len(strata) == 1 and only_zeros_and_ones(strata[0]):
        return wilson(int(strata[0].sum()), len(strata[0]))
    return bootstrap_interval(strata, draws, bounds)


def only_zeros_and_ones(values: NDArray[Any]) -> bool:
    """Whether the values are what a share's must be."""
    return bool(((values == 0) | (values == 1)).all())


def bootstrap_interval(strata: Sequence[NDArray[Any]], draws: Draws, bounds: tuple[float, float]) -> Interval:
    """The bootstrap interval of `mean_interval`, for values (or differences) of any kind."""
    import numpy as np

    fewest = min(len(values) for values in strata)
    if fewest < LEAST_ROWS:
        return _none(f"fewer than {LEAST_ROWS} rows" + (" in a part" if len(strata) > 1 else ""))
    if all(np.ptp(values) == 0 for values in strata):
        return _none("every row has the same value")
    variances = [values.var(ddof=1) / len(values) for values in strata]
    # Degrees of freedom of a sum of means (Welch-Satterthwaite); n - 1 for one stratum.
    freedom = sum(variances) ** 2 / sum(v * v / (len(x) - 1) for v, x in zip(variances, strata, strict=True))
    tail = NormalDist().cdf(-t_quantile((1 + LEVEL) / 2, float(freedom)))
    means = np.sort(bootstrap_means(strata, draws))
    low, high = _quantile(means, tail), _quantile(means, 1 - tail)
    return Interval(max(bounds[0], low), min(bounds[1], high), "bootstrap")


def _quantile(rising: NDArray[Any], share: float) -> float:
    """Quantile of sorted values, between two of them by the distance: what numpy.quantile gives, in a tenth of its time."""
    place = share * (len(rising) - 1)
    below = int(place)
    above = min(below + 1, len(rising) - 1)
    return float(rising[below] + (place - below) * (rising[above] - rising[below]))


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval for a share (Wilson 1927).

    Args:
        successes: Number of rows that count 1.
        n: Number of rows, at least 1.
    """
    share, z2 = successes / n, _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return Interval(max(0.0, middle - half), min(1.0, middle + half), "wilson")


def bonett_price(wins: int, losses: int, n: int) -> Interval:
    """Interval for the difference of two shares on the same rows (Bonett and Price 2012, doi:10.3102/1076998611411918).

    The adjusted Wald interval, which also says something where few rows differ, or none.

    Args:
        wins: Rows in which only the second counts 1.
        losses: Rows in which only the first counts 1.
        n: Number of rows, at least 1.
    """
    only_second, only_first = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    middle = only_second - only_first
    half = _Z * math.sqrt((only_second + only_first - middle**2) / (n + 2))
    return Interval(max(-1.0, middle - half), min(1.0, middle + half), "bonett-price")


def t_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t by the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5).

    Args:
        probability: In (0, 1).
        freedom: Degrees of freedom; from 9 on, the error at 0.975 is below 0.001.
    """
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))
