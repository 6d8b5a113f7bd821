"""One-sided tests against counts by hand, scipy, and the share of false findings that a level promises."""

import math

import numpy as np
import pytest
from scipy import stats

from sevenllm_bench.stats.intervals import wilson
from sevenllm_bench.stats.one_sided import detectable, first_of_orders, greater_mean


def test_two_groups_agree_with_scipys_permutation_of_welchs_t():
    rng = np.random.default_rng(3)
    first, second = rng.normal(0.5, 1, 40), rng.normal(0, 2, 25)
    theirs = stats.ttest_ind(
        first, second, equal_var=False, alternative="greater", method=stats.PermutationMethod(n_resamples=9999, rng=1)
    )
    ours = greater_mean(first, second, 0, 9999)
    assert ours.p == pytest.approx(theirs.pvalue, abs=0.015)  # both drawn: 3 standard errors of p = 0.1
    assert ours.effect == pytest.approx(first.mean() - second.mean())
    assert ours.error == pytest.approx(math.sqrt(stats.sem(first) ** 2 + stats.sem(second) ** 2))
    assert ours.interval.low < ours.effect < ours.interval.high


def test_the_second_group_above_the_first_is_no_evidence():
    low, high = np.arange(20.0), np.arange(20.0) + 100
    assert greater_mean(low, high, 0, 999).p == 1.0
    assert greater_mean(high, low, 0, 999).p == 0.001


def test_the_first_of_two_orders_is_a_coin_thrown_for_each_unit():
    # All 12 units prefer the first of two orders: 1 pattern of 4,096; 10 of 12: (1 + 12 + 66) of 4,096.
    units = [np.array([2.0, 1.0])] * 12
    assert first_of_orders(units, 0, 19_999).p == pytest.approx(1 / 4096, abs=3e-4)
    assert first_of_orders(units, 0, 999).effect == pytest.approx(1)
    units[:2] = [np.array([1.0, 5.0])] * 2
    assert first_of_orders(units, 0, 19_999).p == pytest.approx(79 / 4096, abs=3e-3)


def test_units_of_any_size_count_alike():
    big = [np.array([1.0, 2.0])] * 10 + [np.array([1e6, -1e6])] * 2
    assert first_of_orders(big, 0, 999).effect == pytest.approx(-8 / 12)


@pytest.mark.parametrize("same", [0.0, -3.5e7])
def test_without_a_difference_there_is_no_test(same):
    values = np.full(30, same)
    assert "no row differs" in greater_mean(values, values, 0, 99).why_not
    found = first_of_orders([np.full(6, same)] * 30, 0, 99)
    assert found.p is None
    assert found.why_not == "0 units, 30 more have the same value in every order; this test needs 10"


def test_few_rows_are_no_test():
    few, enough = np.arange(9.0), np.arange(10.0)
    assert greater_mean(few, enough, 0, 99).why_not == "9 rows in a group; this test needs 10"
    assert first_of_orders([np.array([1.0, 0.0])] * 9, 0, 99).p is None
    assert greater_mean(enough, enough, 0, 99).p is not None


def test_what_is_found_with_80_percent():
    # z(0.95) + z(0.8) = 1.6449 + 0.8416
    assert detectable(2.0, 0.05) == pytest.approx(2 * (1.6449 + 0.8416), abs=1e-3)


def test_a_level_of_5_percent_gives_5_percent_of_false_findings():
    """200 draws without an effect: 99.9 % of such counts are in the interval that is asked for."""
    rng, found = np.random.default_rng(11), [0, 0]
    for seed in range(200):
        skewed = rng.gamma(2, 1, 40), rng.gamma(2, 1, 20)
        found[0] += greater_mean(*skewed, seed, 99).p <= 0.05
        found[1] += first_of_orders(list(rng.gamma(1, 1, (12, 6))), seed, 99).p <= 0.05
    for count in found:
        assert 1 <= count <= 22, wilson(count, 200)  # binomial(200, 0.05): P(0) and P(> 22) are below 0.001
