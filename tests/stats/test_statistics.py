"""Against scipy, against figures from textbooks, and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from sevenllm_bench.stats.intervals import bonett_price, bootstrap_interval, mean_interval, t_quantile, wilson
from sevenllm_bench.stats.paired import compare_paired, holm, least_p, mcnemar_p
from sevenllm_bench.stats.resampling import Draws, bootstrap_means, sign_flip_p


def draws(resamples):
    return Draws(0, resamples, "test")


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 50), (46, 50), (50, 50), (149, 1300)])
def test_wilson_against_scipy(successes, n):
    wanted = stats.binomtest(successes, n).proportion_ci(0.95, "wilson")
    found = wilson(successes, n)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


@pytest.mark.parametrize(("freedom", "wanted"), [(9, 2.262157), (20, 2.085963), (30, 2.042272), (120, 1.979930), (1e9, 1.959964)])
def test_t_quantile_against_printed_tables(freedom, wanted):
    assert t_quantile(0.975, freedom) == pytest.approx(wanted, abs=1e-3)
    assert stats.t.ppf(0.975, freedom) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(("wins", "losses"), [(0, 6), (3, 12), (10, 10), (1, 0), (121, 59), (60, 200)])
def test_mcnemar_against_scipy_binomial_test(wins, losses):
    assert mcnemar_p(wins, losses) == pytest.approx(stats.binomtest(wins, wins + losses).pvalue, rel=1e-9)


def test_mcnemar_against_a_published_figure():
    """Agresti, Categorical Data Analysis: approval of a prime minister, 150 changed one way and 86 the other, z = 4.17."""
    z = (150 - 86) / math.sqrt(150 + 86)
    assert z == pytest.approx(4.17, abs=0.005)
    assert mcnemar_p(86, 150) == pytest.approx(2 * stats.norm.sf(z), rel=0.2)


def test_sign_flips_by_hand():
    """1, 2, 3: of 8 sign patterns only all plus and all minus reach a sum of 6. 3, 3, -1: sums of 5 and more: 4 of 8."""
    assert sign_flip_p([np.array([1.0, 2.0, 3.0])], draws(100)) == 2 / 8
    assert sign_flip_p([np.array([3.0, 3.0, -1.0])], draws(100)) == 4 / 8
    assert sign_flip_p([np.array([0.0, 0.0])], draws(100)) == 1.0


def test_darwins_plants():
    """Fisher, The Design of Experiments, on Darwin's 15 pairs of plants: of 32,768 sign patterns 1,726 are as far off."""
    eighths = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], float)
    p = sign_flip_p([eighths], draws(200_000))
    assert p == pytest.approx(1726 / 32768, abs=0.0025)


def test_sign_flips_against_scipy():
    chance = np.random.default_rng(1)
    for n, shift in ((9, 0.3), (40, 0.15), (200, 0.05)):
        differences = chance.normal(shift, 0.3, n)
        wanted = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=20_000, random_state=2)
        assert sign_flip_p([differences], draws(20_000)) == pytest.approx(wanted.pvalue, abs=0.01)


def test_strata_count_alike_whatever_their_size():
    """Ten rows of +0.1 and thousand of -0.1: the mean of the two means is 0."""
    large, small = np.full(1000, -0.1), np.full(10, 0.1)
    both = compare_paired([np.zeros(1000), np.zeros(10)], [large, small], draws(500))
    assert both.difference == pytest.approx(0.0, abs=1e-12)
    assert (both.wins, both.losses, both.rows) == (10, 1000, 1010)


def test_bootstrap_means_have_the_right_spread():
    values = np.random.default_rng(3).beta(2, 3, 40)
    means = bootstrap_means([values], draws(40_000))
    assert means.mean() == pytest.approx(values.mean(), abs=0.002)
    assert means.std() == pytest.approx(stats.sem(values), rel=0.02)
    halves = bootstrap_means([values, values[:20]], draws(40_000))
    assert halves.std() == pytest.approx(math.hypot(stats.sem(values), stats.sem(values[:20])) / 2, rel=0.02)


def test_bootstrap_interval_against_students_t():
    """For values that are not skewed, the expanded percentile interval is about Student's."""
    values = np.random.default_rng(4).normal(0.5, 0.1, 25)
    low, high = stats.t.interval(0.95, 24, values.mean(), stats.sem(values))
    found = bootstrap_interval([values], draws(40_000), (0, 1))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.006)
    plain = stats.bootstrap((values,), np.mean, method="percentile", random_state=5).confidence_interval
    assert found.high - found.low > plain.high - plain.low


def test_no_interval_where_rows_cannot_tell():
    few = mean_interval([np.array([0.1, 0.4, 0.9])], draws(100))
    assert (few.low, few.method, few.why_not) == (None, "", "fewer than 10 rows")
    assert mean_interval([np.full(20, 0.3)], draws(100)).why_not == "every row has the same value"
    assert mean_interval([np.linspace(0, 1, 50), np.array([0.5])], draws(100)).why_not == "fewer than 10 rows in a part"
    assert mean_interval([], draws(100)).why_not == mean_interval([np.array([])], draws(100)).why_not == "no rows"


def test_shares_use_wilson_also_when_all_rows_are_right():
    found = mean_interval([np.ones(50)], draws(100), shares=True)
    assert (found.method, found.high) == ("wilson", 1.0)
    assert found.low == pytest.approx(0.9287, abs=1e-4)
    assert mean_interval([np.ones(50)], draws(100)).why_not == "every row has the same value"
    assert mean_interval([np.linspace(0, 1, 50)], draws(100), shares=True).method == "bootstrap"


def test_intervals_stay_in_range():
    values = np.array([0.0] * 11 + [0.9])
    found = mean_interval([values], draws(2_000))
    assert 0.0 <= found.low < values.mean() < found.high <= 1.0


def test_holm_by_hand():
    """0.01 × 4, 0.02 × 3, 0.03 × 2, 0.4 × 1; never smaller than the one before."""
    assert holm([0.03, 0.01, 0.4, 0.02]) == pytest.approx([0.06, 0.04, 0.4, 0.06])
    assert holm([0.5, 0.6, 0.9]) == [1.0, 1.0, 1.0]
    assert holm([]) == []


def test_holm_leaves_out_what_could_not_be_tested():
    assert holm([None, 0.02, None, 0.03]) == pytest.approx([None, 0.04, None, 0.04])


def test_holm_against_scipys_relative():
    """Under Holm, p is at most Bonferroni's and at least Benjamini-Hochberg's (scipy)."""
    p = np.random.default_rng(6).uniform(0, 0.2, 30)
    corrected = np.array(holm(list(p)))
    assert (corrected <= np.minimum(1, p * 30) + 1e-12).all()
    assert (corrected >= stats.false_discovery_control(p) - 1e-12).all()


@pytest.mark.parametrize("differing", range(1, 9))
def test_least_p_is_what_the_tests_give_when_all_rows_agree(differing):
    assert least_p(differing) == min(1.0, sign_flip_p([np.ones(differing)], draws(10))) == mcnemar_p(differing, 0)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_too_few_rows_give_no_test(n):
    found = compare_paired([np.zeros(n)], [np.full(n, 0.5)], draws(100))
    assert (found.p, found.test) == (None, "")
    assert "too few for a test" in found.why_not
    assert found.difference == 0.5


def test_six_rows_that_agree_are_enough_for_a_test():
    assert compare_paired([np.zeros(6)], [np.full(6, 0.5)], draws(100)).p == pytest.approx(2 / 64)


def test_equal_models():
    values = np.random.default_rng(7).random(30)
    found = compare_paired([values], [values.copy()], draws(100))
    assert (found.p, found.difference, found.wins, found.ties, found.losses) == (None, 0.0, 0, 30, 0)
    assert (found.effect, found.why_not) == (None, "no row differs (n = 30)")
    assert found.interval.why_not == "every row has the same value"
    assert found.detectable == 0.0


def test_paired_figures_by_hand():
    """Differences 0.2, 0.4, -0.1, 0.1: mean 0.15, standard deviation 0.2082, so d = 0.7206. Four times: 0.1862, 0.8057."""
    first, second = np.array([0.1, 0.2, 0.5, 0.4]), np.array([0.3, 0.6, 0.4, 0.5])
    found = compare_paired([first], [second], draws(100))
    assert found.detectable is None
    assert found.difference == pytest.approx(0.15)
    assert found.effect == pytest.approx(0.7206, abs=1e-4)
    assert (found.wins, found.ties, found.losses) == (3, 0, 1)
    found = compare_paired([np.tile(first, 4)], [np.tile(second, 4)], draws(100))
    assert found.effect == pytest.approx(0.8057, abs=1e-4)
    assert found.detectable == pytest.approx(2.8016 * 0.1862 / 4, abs=1e-3)


def test_letters_use_mcnemar():
    first, second = np.array([1.0] * 30 + [0.0] * 20), np.array([1.0] * 20 + [0.0] * 10 + [1.0] * 2 + [0.0] * 18)
    found = compare_paired([first], [second], draws(100), shares=True)
    assert (found.test, found.wins, found.losses) == ("mcnemar", 2, 10)
    assert found.p == pytest.approx(stats.binomtest(2, 12).pvalue)
    assert found.interval == bonett_price(2, 10, 50)
    assert compare_paired([first], [second], draws(100)).test == "permutation"


def test_difference_of_shares_by_hand():
    """2 wins, 10 losses of 50: 3/52 - 11/52 = -0.1538, half 1.96 x sqrt((14/52 - 0.1538^2) / 52) = 0.1346."""
    found = bonett_price(2, 10, 50)
    assert (found.low, found.high) == pytest.approx((-0.1538 - 0.1346, -0.1538 + 0.1346), abs=2e-4)
    assert bonett_price(0, 0, 50).low == -bonett_price(0, 0, 50).high < 0


def test_the_same_seed_gives_the_same_figures_and_another_one_does_not():
    values = np.random.default_rng(8).random(40)
    once, again, other = (mean_interval([values], Draws(seed, 500)) for seed in (1, 1, 2))
    assert once == again
    assert once != other
    assert mean_interval([values], Draws(1, 500, "other")) != once


def test_coverage_and_false_positives_in_a_small_simulation():
    """400 samples of 25 rows: the full simulation is in tests/perf/significance.py."""
    chance = np.random.default_rng(9)
    covered = found = 0
    for number in range(400):
        first, second = (np.where(chance.random(25) < 0.3, 0.0, chance.beta(2, 3, 25)) for _ in range(2))
        interval = bootstrap_interval([first], Draws(number, 500), (0, 1))
        covered += interval.low <= 0.7 * 0.4 <= interval.high
        found += sign_flip_p([second - first], Draws(number, 500)) <= 0.05
    assert 0.92 <= covered / 400 <= 0.98
    assert found / 400 <= 0.08
