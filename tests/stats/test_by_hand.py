"""Intervals, tests and resampling by hand: every constant and every edge."""

from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from sevenllm_bench.stats.intervals import (
    LEAST_ROWS,
    bonett_price,
    bootstrap_interval,
    mean_interval,
    only_zeros_and_ones,
    t_quantile,
    wilson,
)
from sevenllm_bench.stats.paired import ALPHA, compare_paired, holm, least_p, mcnemar_p, paired_p
from sevenllm_bench.stats.resampling import EXACT_UP_TO, Draws, bootstrap_means, generator, sign_flip_p


def draws(resamples):
    return Draws(3, resamples)


@pytest.mark.parametrize(
    ("z", "terms"),
    [
        (1, (2 / 4, 24 / 96, 24 / 384, -528 / 92160)),
        (2, (10 / 4, 294 / 96, 1098 / 384, 169950 / 92160)),
        (3, (30 / 4, 1656 / 96, 11592 / 384, 3557520 / 92160)),
    ],
)
def test_the_four_terms_of_the_expansion(z, terms):
    """Abramowitz and Stegun 26.7.5 at half a degree of freedom: z + 2 g1 + 4 g2 + 8 g3 + 16 g4, g by hand."""
    wanted = z + sum(2**power * term for power, term in enumerate(terms, 1))
    assert t_quantile(NormalDist().cdf(z), 0.5) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("freedom", [9, 19, 49, 299])
def test_the_quantile_is_students(freedom):
    assert t_quantile(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-3)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (7, 50), (1, 1)])
def test_wilson_is_that_of_scipy(successes, n):
    wanted = stats.binomtest(successes, n).proportion_ci(0.95, "wilson")
    found = wilson(successes, n)
    assert (found.low, found.high, found.method) == (pytest.approx(wanted.low), pytest.approx(wanted.high), "wilson")


def test_bonett_and_prices_interval_by_hand():
    """3 wins and 1 loss in 18 rows: 4/20 and 2/20; 0.1 ± 1.959964 √((0.3 - 0.01) / 20)."""
    found = bonett_price(3, 1, 18)
    half = 1.959963984540054 * ((0.3 - 0.01) / 20) ** 0.5
    assert (found.low, found.high, found.method) == (pytest.approx(0.1 - half), pytest.approx(0.1 + half), "bonett-price")
    assert bonett_price(1, 0, 1).high == 1.0
    assert bonett_price(0, 1, 1).low == -1.0


def test_where_there_is_no_interval():
    ten = np.arange(10) / 10
    assert mean_interval([], draws(100)).why_not == "no rows"
    assert mean_interval([ten, np.array([])], draws(100)).why_not == "no rows"
    assert mean_interval([ten[:9]], draws(100)).why_not == "fewer than 10 rows"
    assert mean_interval([ten, ten[:9]], draws(100)).why_not == "fewer than 10 rows in a part"
    assert mean_interval([np.full(12, 0.5)], draws(100)).why_not == "every row has the same value"
    assert mean_interval([ten], draws(100)).method == "bootstrap"
    assert mean_interval([ten, np.full(10, 0.5)], draws(100)).method == "bootstrap"
    assert LEAST_ROWS == 10


def test_shares_have_wilsons_interval_and_other_values_none():
    ones = np.array([1.0] * 9 + [0.0])
    assert mean_interval([ones], draws(100), shares=True) == wilson(9, 10)
    assert mean_interval([ones[:3]], draws(100), shares=True).method == "wilson"
    assert mean_interval([ones], draws(100)).method == "bootstrap"
    assert mean_interval([ones, ones], draws(100), shares=True).method == "bootstrap"
    assert mean_interval([np.array([0.5, *ones])], draws(100), shares=True).method == "bootstrap"
    assert not only_zeros_and_ones(np.array([0, 1, 0.5]))
    assert only_zeros_and_ones(np.array([0.0, 1.0]))


def test_the_bootstrap_interval_is_near_students():
    """For normal values, mean ± t s/√n; the seed leaves an error of some percent of the half width."""
    values = np.random.default_rng(1).normal(0.5, 0.1, 40)
    found = bootstrap_interval([values], draws(20_000), (0.0, 1.0))
    half = stats.t.ppf(0.975, 39) * values.std(ddof=1) / 40**0.5
    assert found.low == pytest.approx(values.mean() - half, abs=half / 12)
    assert found.high == pytest.approx(values.mean() + half, abs=half / 12)


def test_the_interval_of_several_strata_takes_welchs_degrees_of_freedom():
    strata = [np.random.default_rng(seed).normal(0.5, spread, n) for seed, spread, n in ((1, 0.02, 60), (2, 0.2, 12))]
    variances = [x.var(ddof=1) / len(x) for x in strata]
    freedom = sum(variances) ** 2 / sum(v * v / (len(x) - 1) for v, x in zip(variances, strata, strict=True))
    half = stats.t.ppf(0.975, freedom) * sum(variances) ** 0.5 / 2
    found = bootstrap_interval(strata, draws(20_000), (0.0, 1.0))
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.08)


def test_an_interval_keeps_to_the_bounds():
    values = np.array([1.0] * 11 + [0.9])
    found = bootstrap_interval([values], draws(1_000), (0.0, 1.0))
    assert found.high == 1.0
    assert bootstrap_interval([1 - values], draws(1_000), (0.0, 1.0)).low == 0.0
    assert mean_interval([values * 4 + 1], draws(1_000), (1.0, 5.0)).high == 5.0


def test_bootstrap_means_spread_like_means():
    """Standard deviation s/√n with the sample's s, although a resampled mean varies by (n - 1)/n less."""
    values = np.array([0.0, 0.0, 1.0, 1.0])
    means = bootstrap_means([values], draws(40_000))
    assert len(means) == 40_000
    assert means.mean() == pytest.approx(0.5, abs=0.01)
    assert means.std() == pytest.approx(values.std(ddof=1) / 2, rel=0.02)
    two = bootstrap_means([values, values + 1], draws(40_000))
    assert two.mean() == pytest.approx(1.0, abs=0.01)
    assert two.std() == pytest.approx(values.std(ddof=1) / 2 / 2**0.5, rel=0.02)


def test_many_rows_are_drawn_in_parts(monkeypatch):
    monkeypatch.setattr("sevenllm_bench.stats.resampling._CHUNK", 100)
    values = np.arange(30) / 30
    assert len(bootstrap_means([values], draws(1_001))) == 1_001
    assert bootstrap_means([values], draws(1_001)).mean() == pytest.approx(values.mean(), abs=0.01)
    in_parts = sign_flip_p([values - 0.3], draws(1_001))
    monkeypatch.setattr("sevenllm_bench.stats.resampling._CHUNK", 4_000_000)
    assert in_parts == pytest.approx(sign_flip_p([values - 0.3], draws(20_000)), abs=0.02)
    assert (in_parts * 1_002) == pytest.approx(round(in_parts * 1_002))


def test_every_sign_pattern_of_few_rows():
    """Three differences of 1: 2 of 8 patterns are as far from 0. 1, 1, -1 and 0: 8 of 8 have |sum| 1 or 3, all as far."""
    assert sign_flip_p([np.ones(3)], draws(10)) == 2 / 8
    assert sign_flip_p([np.array([1.0, 1.0, -1.0, 0.0])], draws(10)) == 1.0
    assert sign_flip_p([np.array([3.0, 1.0, 1.0])], draws(10)) == 2 / 8
    assert sign_flip_p([np.array([2.0, 1.0, -1.0])], draws(10)) == 6 / 8
    assert sign_flip_p([np.zeros(4)], draws(10)) == 1.0
    assert sign_flip_p([np.ones(EXACT_UP_TO)], draws(10)) == 2 / 2**13


def test_strata_weigh_alike_in_the_permutation_test():
    """One row of 1 in a stratum of 2, against two of 0.6 in one of 4: |±0.5 ±0.15 ±0.15| ≥ 0.8 in 2 of 8 patterns."""
    strata = [np.array([1.0, 0.0]), np.array([0.6, 0.6, 0.0, 0.0])]
    assert sign_flip_p(strata, draws(10)) == 2 / 8
    assert sign_flip_p([np.array([1.0, 0.0]), np.array([0.6, -0.6, 0.0, 0.0])], draws(10)) == 6 / 8


def test_drawn_patterns_count_the_observed_one():
    values = np.ones(40)
    assert sign_flip_p([values], draws(999)) == 1 / 1000
    mixed = np.array([1.0, -1.0] * 10)
    assert sign_flip_p([mixed], draws(99)) == 1.0
    signs = np.array([1.0] * 14 + [-1.0] * 6)
    exact = stats.binomtest(14, 20).pvalue
    assert sign_flip_p([signs], draws(40_000)) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize(("differing", "p"), [(0, 1.0), (1, 1.0), (2, 0.5), (5, 1 / 16), (6, 1 / 32)])
def test_the_least_p(differing, p):
    assert least_p(differing) == p
    assert ALPHA == 0.05


def test_where_there_is_no_test():
    zeros, five, six = np.zeros(8), np.array([1.0] * 5 + [0.0] * 3), np.array([1.0] * 6 + [0.0] * 2)
    assert paired_p([zeros], True, draws(10)) == (None, "no row differs (n = 8)")
    assert paired_p([five], True, draws(10)) == (None, "only 5 rows differ of 8, too few for a test: p can't be below 0.062")
    assert paired_p([six], True, draws(10)) == (1 / 32, "")
    assert paired_p([six], False, draws(10)) == (1 / 32, "")
    assert paired_p([five, -five], True, draws(10))[0] == mcnemar_p(5, 5) == 1.0


def test_two_models_by_hand():
    """Differences 0.1 … 1.0 of ten rows: mean 0.55, standard deviation 0.3028; nine wins and one loss where one is turned."""
    first, second = np.zeros(10), np.arange(1, 11) / 10
    second[0] = -0.1
    found = compare_paired([first], [second], draws(2_000))
    mean, spread = (5.5 - 0.2) / 10, np.std(second, ddof=1)
    assert (found.rows, found.wins, found.ties, found.losses) == (10, 9, 0, 1)
    assert found.difference == pytest.approx(mean)
    assert found.effect == pytest.approx(mean / spread)
    assert found.detectable == pytest.approx((1.959964 + 0.841621) * spread / 10**0.5)
    assert (found.test, found.why_not) == ("permutation", "")
    assert found.p == pytest.approx(4 / 1024)
    assert found.interval.method == "bootstrap"


def test_an_interval_of_differences_has_the_width_of_the_scale():
    first, second = np.ones(12), np.array([5.0] * 11 + [1.0])
    assert compare_paired([first], [second], draws(500), width=4.0).interval.high == 4.0
    assert compare_paired([second], [first], draws(500), width=4.0).interval.low == -4.0


def test_shares_have_an_exact_test_and_ties():
    first, second = np.array([0.0] * 8 + [1.0] * 4), np.array([1.0] * 8 + [1.0] * 3 + [0.0])
    found = compare_paired([first], [second], draws(100), shares=True)
    assert (found.wins, found.ties, found.losses, found.test) == (8, 3, 1, "mcnemar")
    assert found.p == pytest.approx(stats.binomtest(1, 9).pvalue)
    assert found.interval == bonett_price(8, 1, 12)
    half = compare_paired([first], [second * 0.5], draws(100), shares=True)
    assert half.test == "permutation"
    several = compare_paired([first, first], [second, second], draws(100), shares=True)
    assert (several.test, several.effect) == ("permutation", None)


def test_what_few_or_equal_rows_can_not_say():
    nine = np.arange(9) / 9
    few = compare_paired([np.zeros(9)], [nine], draws(100))
    assert (few.detectable, few.interval.why_not) == (None, "fewer than 10 rows")
    same = compare_paired([np.zeros(12)], [np.full(12, 0.25)], draws(100))
    assert same.effect is None
    one = compare_paired([np.zeros(1)], [np.ones(1)], draws(100))
    assert (one.effect, one.p, one.test) == (None, None, "")
    parts = compare_paired([np.zeros(10), np.zeros(20)], [np.arange(10) / 10, np.arange(20) / 20], draws(100))
    variance = np.var(np.arange(10) / 10, ddof=1) / 10 + np.var(np.arange(20) / 20, ddof=1) / 20
    assert parts.detectable == pytest.approx((1.959964 + 0.841621) * variance**0.5 / 2)


def test_holm_by_hand():
    """0.01, 0.04, 0.03 of three: 0.03; then 0.03 x 2 = 0.06; then max(0.06, 0.04)."""
    assert holm([0.01, 0.04, None, 0.03]) == pytest.approx([0.03, 0.06, None, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_generators_depend_on_seed_and_names():
    draws = {int(generator(*names).integers(1 << 60)) for names in [(0,), (1,), (0, "a"), (0, "b"), (0, "a", "b"), (0, "\ud800")]}
    assert len(draws) == 6
    assert generator(0, "a").integers(1 << 60) == generator(0, "a").integers(1 << 60)


def test_too_few_rows_differ():
    """Five rows that differ: 2 / 2^5 = 0.0625 at least; six: 0.03125."""
    values = np.array([1.0, 1.0, 1.0, -1.0, -1.0, 0.0, 0.0])
    assert paired_p([values], True, draws(100)) == (None, "only 5 rows differ of 7, too few for a test: p can't be below 0.062")
    assert paired_p([values[5:]], True, draws(100)) == (None, "no row differs (n = 2)")
    six = paired_p([np.array([1.0] * 6)], True, draws(100))
    assert six == (pytest.approx(0.03125), "")


def test_the_effect_of_two_rows():
    """Differences 0 and 1: mean 0.5, sample deviation sqrt(0.5)."""
    two = compare_paired([np.array([0.0, 0.0])], [np.array([0.0, 1.0])], draws(100))
    assert abs(two.effect) == pytest.approx(0.5 / 0.5**0.5)
    assert compare_paired([np.array([0.0])], [np.array([1.0])], draws(100)).effect is None


def test_a_skewed_sample_keeps_its_skew():
    """One 1 in 20: no resampled mean is below 0.05 - 0.05 * sqrt(20 / 19) = -0.0013, and some are above 0.15."""
    means = bootstrap_means([np.array([0.0] * 19 + [1.0])], draws(2_000))
    assert means.min() == pytest.approx(0.05 - 0.05 * (20 / 19) ** 0.5)
    assert means.max() > 0.15
