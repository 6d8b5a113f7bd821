"""Approximate p-values of sign-flip tests: against drawn patterns, all patterns, and the binomial test."""

import itertools

import numpy as np
import pytest
from scipy import stats

from sevenllm_bench.stats.resampling import Draws, sign_flip_p
from sevenllm_bench.stats.sign_flip_tail import normal_p, rough_p, tail_p


def shares_of(strata):
    return np.concatenate([values / len(values) for values in strata]) / len(strata)


def differences_like_the_benchmarks(shift, seed):
    """Four sections of 300 with many small differences, two of 50 in which eight letters differ."""
    chance = np.random.default_rng(seed)
    prose = [np.where(chance.random(300) < 0.2, 0.0, chance.normal(shift, 0.2, 300)) for _ in range(4)]
    letters = [np.array([1.0] * 6 + [-1.0] * 2 + [0.0] * 42)] * 2
    return [*prose, *letters]


@pytest.mark.parametrize("shift", [-0.03, -0.02, -0.01, 0.0])
def test_p_values_are_those_of_drawn_signs(shift):
    """100,000 draws: an error of 0.0007 at p = 0.05, and of 3 % at p = 0.01."""
    strata = differences_like_the_benchmarks(shift, 1)
    drawn = sign_flip_p(strata, Draws(1, 100_000))
    (p,) = tail_p(shares_of(strata)[None, :])
    assert p == pytest.approx(drawn, rel=0.06, abs=0.02 if drawn > 0.1 else 0.0003)


def test_small_p_values_where_the_normal_ones_are_too_large():
    """Two large values among 300 small ones: the sum of signs is beyond 2.6 standard deviations less often than a normal one."""
    chance = np.random.default_rng(3)
    values = np.concatenate([[1.0, 1.0], chance.uniform(0.02, 0.05, 300) * np.where(np.arange(300) < 185, 1, -1)])
    drawn = sign_flip_p([values], Draws(1, 100_000))
    (p,), (rough,) = tail_p(values[None, :]), rough_p(values[None, :])
    assert p == pytest.approx(drawn, rel=0.15)
    assert rough > 1.5 * drawn


@pytest.mark.parametrize(("wins", "losses"), [(1, 0), (6, 0), (14, 0), (13, 1), (30, 10), (60, 40), (110, 80), (130, 65)])
def test_few_differing_rows_have_no_smaller_p_than_the_exact_test(wins, losses):
    """Equal differences are the worst case; the binomial test is exact for them."""
    differences = np.array([[0.01] * wins + [-0.01] * losses + [0.0] * 5])
    exact = stats.binomtest(wins, wins + losses).pvalue
    assert exact <= tail_p(differences)[0] <= 1
    assert exact <= rough_p(differences)[0] <= 1


def test_all_patterns_of_twelve_unlike_values():
    """The bound holds for every sum that signs can give: 2^12 of them, each with its exact p-value."""
    values = np.array([0.9, 0.8, 0.5, 0.45, 0.4, 0.3, 0.25, 0.2, 0.1, 0.1, 0.05, 0.01])
    signed = np.array(list(itertools.product([-1, 1], repeat=12)))[::37] * values
    sums = np.abs(np.array(list(itertools.product([-1, 1], repeat=12))) @ values)
    exact = [(sums >= abs(row.sum()) - 1e-12).mean() for row in signed]
    assert (tail_p(signed) >= np.array(exact) - 1e-12).all()


def test_many_equal_differences():
    """From 200 rows on, a sum of equal steps is taken for one without steps: p may be a fifth too small, as a half step is."""
    differences = np.array([[0.01] * wins + [-0.01] * (400 - wins) for wins in (216, 226, 236)])
    exact = [stats.binomtest(wins, 400).pvalue for wins in (216, 226, 236)]
    assert tail_p(differences) == pytest.approx(exact, rel=0.25)


def test_all_rows_on_one_side():
    differences = np.full((1, 300), 0.01)
    assert 0 < tail_p(differences)[0] < 1e-40
    assert tail_p(np.zeros((1, 5)))[0] == 1.0
    assert len(tail_p(np.zeros((0, 5)))) == 0


def test_normal_p_values_are_scipys():
    distances, spreads = np.array([0.0, 0.5, -2.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.5, 0.0, 0.0])
    wanted = [1.0, 2 * stats.norm.sf(0.5), 2 * stats.norm.sf(4), 0.0, 1.0]
    assert list(normal_p(distances, spreads)) == pytest.approx(wanted)
