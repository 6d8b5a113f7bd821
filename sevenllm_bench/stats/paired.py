"""Two models on the same rows: difference, interval, test, effect size, and whether one can tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.stats.intervals import LEAST_ROWS, Interval, bonett_price, bootstrap_interval, only_zeros_and_ones
from sevenllm_bench.stats.resampling import Draws, sign_flip_p, sign_flip_ps

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALPHA = 0.05
#: z for a two-sided test at 5 % plus z for 80 % power: the usual factor of a detectable difference.
_DETECTABLE = 1.959964 + 0.841621


@dataclass(frozen=True, slots=True)
class Paired:
    """What two models' values on the same rows say.

    Attributes:
        rows: Number of rows.
        difference: Mean of the second less mean of the first.
        interval: 95 % interval of the difference: paired bootstrap over rows; for a share, Bonett and Price's.
        wins: Rows in which the second model is better.
        ties: Rows in which they are equal.
        losses: Rows in which the second model is worse.
        effect: Mean difference in standard deviations of the differences (Cohen's d for paired values); None for several
            strata, or where no row differs.
        p: Two-sided p-value, not corrected; None where no test could reach `ALPHA`.
        test: "mcnemar" (exact), "permutation", or empty.
        why_not: Why there is no test.
        detectable: Difference that a test at 5 % finds in 4 of 5 cases, given this spread; None with fewer than
            `LEAST_ROWS` rows in a stratum, too few to know the spread.
    """

    rows: int
    difference: float
    interval: Interval
    wins: int
    ties: int
    losses: int
    effect: float | None
    p: float | None
    test: str = ""
    why_not: str = ""
    detectable: float | None = None


def compare_paired(
    first: Sequence[NDArray[Any]],
    second: Sequence[NDArray[Any]],
    draws: Draws,
    width: float = 1.0,
    shares: bool = False,
) -> Paired:
    """Compare two models on the same rows.

    One stratum of a share: McNemar's exact test. Otherwise the sign-flip permutation test.

    Args:
        first: The first model's values, an array per stratum, none empty.
        second: The second model's values in the same order.
        draws: Source of chance, and the number of bootstrap means and of sign patterns.
        width: Greatest possible difference.
        shares: Whether a row can only count 0 or 1.
    """
    import numpy as np

    strata = [b - a for a, b in zip(first, second, strict=True)]
    every = np.concatenate(strata)
    wins, losses = int((every > 0).sum()), int((every < 0).sum())
    binary = shares and len(strata) == 1 and only_zeros_and_ones(np.concatenate([*first, *second]))
    interval = bonett_price(wins, losses, len(every)) if binary else bootstrap_interval(strata, draws, (-width, width))
    p, why_not = paired_p(strata, binary, draws)
    return Paired(
        rows=len(every),
        difference=float(np.mean([values.mean() for values in strata])),
        interval=interval,
        wins=wins,
        ties=len(every) - wins - losses,
        losses=losses,
        effect=_effect(strata),
        p=p,
        test="" if why_not else "mcnemar" if binary else "permutation",
        why_not=why_not,
        detectable=_detectable(strata),
    )


def paired_p(strata: Sequence[NDArray[Any]], binary: bool, draws: Draws) -> tuple[float | None, str]:
    """The p-value for paired differences, or why there is none.

    Args:
        strata: Arrays of differences, none empty.
        binary: One stratum with differences of -1, 0 and 1: McNemar's test.
        draws: Source of chance, and the number of sign patterns.
    """
    if why_not := _why_no_test(strata):
        return None, why_not
    wins, losses = _signs(strata)
    return (mcnemar_p(wins, losses) if binary else sign_flip_p(strata, draws)), ""


def paired_ps(tests: Sequence[Sequence[NDArray[Any]]], draws: Draws) -> list[tuple[float | None, str]]:
    """What `paired_p` gives for each of several tests that aren't binary; those over as many rows share their draws.

    Args:
        tests: The strata of each.
        draws: Source of chance, and the number of sign patterns.
    """
    why_not = [_why_no_test(strata) for strata in tests]
    drawn = iter(sign_flip_ps([strata for strata, why in zip(tests, why_not, strict=True) if not why], draws))
    return [(None if why else next(drawn), why) for why in why_not]


def _signs(strata: Sequence[NDArray[Any]]) -> tuple[int, int]:
    """Number of differences above and below 0."""
    wins, losses = (sum(int((sign * values > 0).sum()) for values in strata) for sign in (1, -1))
    return wins, losses


def _why_no_test(strata: Sequence[NDArray[Any]]) -> str:
    """Why no test of these differences could reach `ALPHA`; empty where one could."""
    rows, differing = sum(len(values) for values in strata), sum(_signs(strata))
    if not differing:
        return f"no row differs (n = {rows:,})"
    if least_p(differing) > ALPHA:
        differ = "1 row differs" if differing == 1 else f"{differing} rows differ"
        return f"only {differ} of {rows:,}, too few for a test: p can't be below {least_p(differing):.2g}"
    return ""


def least_p(differing: int) -> float:
    """The least two-sided p-value that a paired test can give with so many differing rows: all on one side."""
    return min(1.0, 2.0 ** (1 - differing))


def mcnemar_p(wins: int, losses: int) -> float:
    """McNemar's exact test, two-sided: a binomial test of the rows on which only one model is right."""
    n, fewer = wins + losses, min(wins, losses)
    below = sum(math.comb(n, k) for k in range(fewer + 1))
    return min(1.0, 2 * below / 2**n)


def _effect(strata: Sequence[NDArray[Any]]) -> float | None:
    if len(strata) != 1 or len(strata[0]) < 2:
        return None
    spread = float(strata[0].std(ddof=1))
    return float(strata[0].mean()) / spread if spread > 1e-12 else None


def _detectable(strata: Sequence[NDArray[Any]]) -> float | None:
    if min(len(values) for values in strata) < LEAST_ROWS:
        return None
    variance = sum(float(values.var(ddof=1)) / len(values) for values in strata)
    return _DETECTABLE * math.sqrt(variance) / len(strata)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values corrected for their number by Holm's step-down method (Holm 1979).

    Tests that couldn't have reached `ALPHA` whatever the outcome (None) are no part of the family, since no false finding can
    come from them (Tarone 1990).

    Args:
        p_values: The family; None where there is no test.

    Returns:
        Corrected p-values, at most 1, in the same order; None stays None.
    """
    tested = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(tested):
        largest = max(largest, min(1.0, p * (len(tested) - rank)))
        corrected[place] = largest
    return corrected
