"""Families of tests: how many draws they need, what is drawn again, and whether a finding is possible."""

import numpy as np
import pytest
from scipy import stats

from sevenllm_bench.stats.family import STEPS, decide, enough_resamples
from sevenllm_bench.stats.paired import compare_paired, holm
from sevenllm_bench.stats.resampling import Draws


def family_of(differences, resamples, shares=False):
    """Each list of differences against zeros."""
    arrays = [[np.asarray(values, dtype=float)] for values in differences]
    found = [compare_paired([np.zeros(len(a))], [a], Draws(0, resamples), shares=shares) for (a,) in arrays]
    return found, arrays


@pytest.mark.parametrize(
    ("size", "resamples", "wanted"),
    [
        (0, 100, 100),
        (1, 100, 100),  # 5 * 1 / 0.05 = 100
        (2, 100, 10_000),  # 200 needed
        (362, 2_000, 50_000),  # 36,200 needed
        (362, 40_000, 40_000),
        (100, 10_000, 10_000),
        (501, 10_000, 200_000),  # 50,100 needed
        (1_000_000, 2_000, 200_000),
        (1_000_000, 300_000, 300_000),  # what was asked for is the least
    ],
)
def test_enough_draws(size, resamples, wanted):
    assert enough_resamples(size, resamples) == wanted


def test_the_family_of_the_issue_has_findings():
    """362 tests of 2,000 draws: the least corrected p is 362 / 2,001 = 0.18. With 50,000 it is 362 / 50,001 = 0.0072."""
    chance = np.random.default_rng(1)
    clear = [np.full(20, 0.1)] * 40
    equal = [chance.normal(0, 0.1, 20) for _ in range(322)]
    tests, differences = family_of([*clear, *equal], 2_000)
    assert min(holm([test.p for test in tests])) == pytest.approx(362 / 2_001)
    final, corrected, family = decide(tests, differences, 0, 2_000)
    assert (family.size, family.resamples, family.is_decidable) == (362, 50_000, True)
    assert family.least == pytest.approx(362 / 50_001)
    assert all(p <= 0.05 for p in corrected[:40])
    assert sum(p <= 0.05 for p in corrected[40:]) == 0
    # Twenty equal rows: p is 2 / 2^20, less than can be drawn.
    assert final[0].p == pytest.approx(1 / 50_001, rel=3)
    larger = [place for place, test in enumerate(tests) if test.p > 10 / 2_001]
    assert len(larger) > 300
    assert all(final[place] is tests[place] for place in larger)


def test_a_second_p_value_is_near_the_exact_one():
    """16 of 20 rows better, 4 worse, all by as much: the binomial test's p is 0.0118, below 10 / 501 = 0.02."""
    values = np.array([1.0] * 16 + [-1.0] * 4)
    tests, differences = family_of([values] * 30, 500)
    final, _, family = decide(tests, differences, 0, 500)
    assert family.resamples == 10_000
    exact = stats.binomtest(4, 20).pvalue
    assert tests[0].p <= 10 / 501
    assert final[0].p == pytest.approx(exact, abs=0.005)
    assert final[0].p != tests[0].p
    assert decide(tests, differences, 0, 500)[0] == final
    assert decide(tests, differences, 1, 500)[0] != final


def test_what_was_asked_for_is_kept_where_it_is_enough():
    tests, differences = family_of([np.full(20, 0.1)], 1_000)
    final, corrected, family = decide(tests, differences, 0, 1_000)
    assert final == tests
    assert corrected == [pytest.approx(1 / 1_001)]
    assert (family.size, family.resamples, family.least) == (1, 1_000, pytest.approx(1 / 1_001))


def test_exact_tests_need_no_draws():
    """Thirteen rows that differ: all sign patterns are counted, 2 / 2^13. Six wins of McNemar's test: 2 / 64."""
    tests, differences = family_of([np.full(13, 0.1)] * 50, 100)
    final, _, family = decide(tests, differences, 0, 100)
    assert final == tests
    assert (family.resamples, family.least) == (0, pytest.approx(50 * 2 / 2**13))
    letters, differences = family_of([[1.0] * 6 + [0.0] * 4] * 2, 100, shares=True)
    _, corrected, family = decide(letters, differences, 0, 100)
    assert (family.resamples, family.least, family.is_decidable) == (0, pytest.approx(4 / 64), False)
    assert corrected == [pytest.approx(4 / 64)] * 2


def test_a_family_without_tests():
    tests, differences = family_of([np.zeros(4)], 100)
    _, corrected, family = decide(tests, differences, 0, 100)
    assert (corrected, family.size, family.least, family.is_decidable) == ([None], 0, None, True)
    assert decide([], [], 0, 100)[1] == []


def test_drawing_again_finds_no_more_than_chance_allows():
    """Equal models: 400 families of 12 tests, 100 first draws. Holm promises at most 5 % with a finding."""
    chance, draws = np.random.default_rng(5), Draws(0, 100)
    found = 0
    for number in range(400):
        differences = [[chance.normal(0, 1, 15)] for _ in range(12)]
        tests = [compare_paired([np.zeros(15)], one, draws) for one in differences]
        _, corrected, family = decide(tests, differences, number, 100)
        assert family.resamples == STEPS[0]
        found += min(p for p in corrected if p is not None) <= 0.05
    assert 0 < found / 400 <= 0.1
