"""Rank bands: which ranks each of several systems may have, as far as the rows can tell.

Every pair of systems is tested, and the p-values are corrected by Holm over all pairs. The band of a system goes from
1 + the number of systems that are better by test to n - the number of systems that are worse by test. So the chance that any
band at all leaves out its system's true rank is at most 5 % (simultaneous intervals for ranks: Mogstad, Romano, Shaikh and
Wilhelm 2024, doi:10.1093/restud/rdad006; Al Mohamad, Goeman and van Zwet 2022, doi:10.1111/biom.13419). Holm over neighbours
in the order alone is no substitute: neighbours on a long board are never apart, though its first and its last are.

Systems with values over the same rows are tested in pairs: the sign-flip test of `stats.paired`, each stratum by itself, its
p-value approximated (`stats.sign_flip_tail`). Where one of a pair has no rows, the two figures are taken as independent, with
their standard errors: a wider test, since figures over the same rows hang together.

Bands are widened until they are in order: no system has a better limit than one that stands above it. The price: a system
without rows widens the bands of those beside it, and with n systems the correction is for n (n - 1) / 2 tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.stats.paired import ALPHA
from sevenllm_bench.stats.sign_flip_tail import normal_p, rough_p, tail_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Means that agree to so many decimal places are tied.
_PLACES = 9
#: Tests at most whose p-value is more than roughly approximated, so that a board of hundreds takes no second: all of a board
#: of 40. Rough ones are too large, and the bands wider.
_REFINED = 800
#: Tests looked at together.
_CHUNK = 100


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
        p[place, place + 1 :] = normal_p(means[place] - means[place + 1 :], spread)
    with_rows = [place for place, system in enumerate(systems) if len(system.strata)]
    if len(with_rows) > 1:
        shares = np.stack([_shares(systems[place].strata) for place in with_rows])
        firsts, seconds = np.triu_indices(len(with_rows), 1)
        of_rows = np.array(with_rows)
        p[of_rows[firsts], of_rows[seconds]] = _paired_p(shares, means[of_rows], n * (n - 1) // 2)
    return p


def _paired_p(shares: NDArray[Any], means: NDArray[Any], tests: int) -> NDArray[Any]:
    """p-values of all pairs of systems with rows, in the order of `numpy.triu_indices`.

    Args:
        shares: What each row adds to a system's figure: systems x rows.
        means: The systems' figures.
        tests: Number of tests in all.
    """
    import numpy as np

    p = np.concatenate([rough_p(shares[place + 1 :] - shares[place]) for place in range(len(shares) - 1)])
    firsts, seconds = np.triu_indices(len(shares), 1)
    # What is found in any case, and what can't be found, needs no better p-value.
    open_ones = np.flatnonzero((p > ALPHA / tests) & (p < 2 * ALPHA))
    open_ones = open_ones[np.argsort(p[open_ones], kind="stable")][:_REFINED]
    for start in range(0, len(open_ones), _CHUNK):
        chosen = open_ones[start : start + _CHUNK]
        p[chosen] = tail_p(shares[seconds[chosen]] - shares[firsts[chosen]])
    sums = shares.sum(axis=1)
    # Rows that contradict the figures say nothing.
    agree = np.sign(sums[firsts] - sums[seconds]) == np.sign(means[firsts] - means[seconds])
    return np.where(agree, p, 1.0)


def _shares(strata: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """What each row adds to the figure."""
    import numpy as np

    return np.concatenate([np.asarray(values, dtype=float) / len(values) for values in strata]) / len(strata)
