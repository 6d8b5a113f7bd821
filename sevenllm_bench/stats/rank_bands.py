"""Rank bands: which ranks each of several systems may have, as far as the rows can tell.

Every pair of systems is tested, and the p-values are corrected by Holm over all pairs. The band of a system goes from
1 + the number of systems that are better by test to n - the number of systems that are worse by test. So the chance that any
band at all leaves out its system's true rank is at most 5 % (simultaneous intervals for ranks: Mogstad, Romano, Shaikh and
Wilhelm 2024, doi:10.1093/restud/rdad006; Al Mohamad, Goeman and van Zwet 2022, doi:10.1111/biom.13419). Holm over neighbours
in the order alone is no substitute: neighbours on a long board are never apart, though its first and its last are.

Systems with values over the same rows are tested in pairs: the sign-flip test of `stats.paired`, each stratum by itself, with
its p-value from the normal distribution instead of drawn patterns: thousands of pairs would need millions of draws. Over the
benchmark's rows the two agree to about 0.02, and where p is small, the normal one is the larger. Where one of a pair has no
rows, the two figures are taken as independent, with their standard errors: a wider test, since figures over the same rows
hang together.

Bands are widened until they are in order: no system has a better limit than one that stands above it. The price: a system
without rows widens the bands of those beside it, and with n systems the correction is for n (n - 1) / 2 tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.stats.paired import ALPHA

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Means that agree to so many decimal places are tied.
_PLACES = 9
#: With fewer differing rows, the limit of the sign-flip test's p-value is no good approximation, and a bound is taken.
_MANY = 200
#: A sum of values with random signs is beyond x with at most this factor of the normal distribution's chance, whatever the
#: values (Bentkus and Dzindzalieta 2015, doi:10.3150/14-BEJ603).
_BOUND = 3.178


@dataclass(frozen=True, slots=True)
class Ranked:
    """A system to be ranked.

    Attributes:
        mean: Its figure: the unweighted mean of the strata's means.
        error: Standard error of the figure.
        strata: Values by stratum, in the same order of rows for every system that has them; empty where there are none.
    """

    mean: float
    error: float
    strata: Sequence[NDArray[Any]] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """Where a system stands.

    Attributes:
        rank: 1 + the number of systems with a higher mean; equal means share a rank.
        best: The best rank that it may have.
        worst: The worst rank that it may have.
    """

    rank: int
    best: int
    worst: int


def rank_bands(systems: Sequence[Ranked]) -> list[Band]:
    """Rank and band of every system.

    Args:
        systems: The systems, in any order; those with rows have as many in each stratum.

    Returns:
        Their bands, in the order given. Nothing in them is random.
    """
    import numpy as np

    if not systems:
        return []
    means = np.array([round(system.mean, _PLACES) for system in systems])
    better = _better(systems, means)
    ranks = 1 + (means[None, :] > means[:, None]).sum(axis=1)
    best = 1 + better.sum(axis=0)
    worst = len(systems) - better.sum(axis=1)
    order = np.argsort(-means, kind="stable")
    # In order: nobody's limit is better than that of a system above, and tied systems have the same.
    best[order] = np.minimum.accumulate(best[order][::-1])[::-1]
    worst[order] = np.maximum.accumulate(worst[order])
    for rank in np.unique(ranks):
        tied = ranks == rank
        best[tied], worst[tied] = best[tied].min(), worst[tied].max()
    return [Band(int(rank), int(low), int(high)) for rank, low, high in zip(ranks, best, worst, strict=True)]


def _better(systems: Sequence[Ranked], means: NDArray[Any]) -> NDArray[Any]:
    """Whether the first is better than the second by test: n x n."""
    import numpy as np

    n = len(systems)
    p = _pair_p(systems, means)
    upper = np.triu_indices(n, 1)
    apart = np.zeros((n, n), dtype=bool)
    apart[upper] = _holm_finds(p[upper])
    return (apart | apart.T) & (means[:, None] > means[None, :])


def _holm_finds(p_values: NDArray[Any]) -> NDArray[Any]:
    """Which of the tests Holm's method rejects at `ALPHA`; `stats.paired.holm` for many."""
    import numpy as np

    order = np.argsort(p_values, kind="stable")
    passed = p_values[order] * np.arange(len(p_values), 0, -1) <= ALPHA
    found = np.zeros(len(p_values), dtype=bool)
    found[order[: int(np.argmin(passed)) if not passed.all() else len(passed)]] = True
    return found


def _pair_p(systems: Sequence[Ranked], means: NDArray[Any]) -> NDArray[Any]:
    """Two-sided p-values of all pairs, n x n; the lower triangle and the diagonal hold 1."""
    import numpy as np

    n = len(systems)
    errors = np.array([system.error for system in systems])
    p = np.ones((n, n))
    for place in range(n - 1):
        spread = np.sqrt(errors[place] ** 2 + errors[place + 1 :] ** 2)
        p[place, place + 1 :] = _normal_p(means[place] - means[place + 1 :], spread)
    with_rows = [place for place, system in enumerate(systems) if len(system.strata)]
    if len(with_rows) > 1:
        shares = np.stack([_shares(systems[place].strata) for place in with_rows])
        for at, place in enumerate(with_rows[:-1]):
            others = with_rows[at + 1 :]
            found, sums = _sign_flip_limit(shares[at + 1 :] - shares[at])
            # Rows that contradict the figures say nothing.
            p[place, others] = np.where(np.sign(sums) == np.sign(means[others] - means[place]), found, 1.0)
    return p


def _shares(strata: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """What each row adds to the figure."""
    import numpy as np

    return np.concatenate([np.asarray(values, dtype=float) / len(values) for values in strata]) / len(strata)


def _sign_flip_limit(differences: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """p-values of sign-flip tests without drawing, and the sums of the differences: pairs x rows to pairs, twice.

    The sum of values with random signs has mean 0 and the root of the sum of squares as its standard deviation, and comes
    near the normal distribution as the number of rows grows.
    """
    import numpy as np

    sums, counts = differences.sum(axis=1), np.count_nonzero(differences, axis=1)
    p = _normal_p(sums, np.sqrt(np.einsum("pr,pr->p", differences, differences)))
    least = np.minimum(1.0, 2.0 ** (1.0 - np.minimum(counts, 60)))
    return np.where(counts < _MANY, np.maximum(least, np.minimum(1.0, _BOUND * p)), p), sums


def _normal_p(distances: NDArray[Any], spreads: NDArray[Any]) -> NDArray[Any]:
    """Two-sided p-values of distances from 0; 1 where the distance is 0, 0 where only the spread is."""
    import numpy as np

    distances = np.abs(distances)
    z = np.divide(distances, spreads, out=np.where(distances > 1e-12, np.inf, 0.0), where=spreads > 1e-15)
    return np.where(distances > 1e-12, np.array([math.erfc(value / math.sqrt(2)) for value in z]), 1.0)
