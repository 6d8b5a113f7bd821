"""Draws shared by the number of rows: what they are, that they repeat, and that strata are drawn independently."""

import numpy as np
import pytest

from sevenllm_bench.stats.resampling import Draws, bootstrap_means, sign_flip_p


def test_every_draw_takes_as_many_rows_as_there_are():
    (counts,) = Draws(1, 500).counts(30)
    assert counts.shape == (500, 30)
    assert set(counts.sum(axis=1)) == {30}
    # A row is drawn 30 times with chance 1/30: on average once, and not at all in (29/30)^30 = 36.2 % of the draws.
    assert counts.mean() == 1.0
    assert (counts == 0).mean() == pytest.approx((29 / 30) ** 30, abs=0.015)


def test_signs_are_even_and_independent():
    (signs,) = Draws(1, 4_000).signs(11)
    assert signs.shape == (4_000, 11)
    assert set(np.unique(signs)) == {0, 1}
    correlations = np.corrcoef(signs.T.astype(float))
    # Standard error 1/sqrt(4000) = 0.016.
    assert np.abs(correlations - np.eye(11)).max() < 0.08
    assert signs.mean(axis=0) == pytest.approx(np.full(11, 0.5), abs=0.04)


def test_the_same_rows_have_the_same_draws_and_others_their_own():
    one, same, seed, name = Draws(1, 50), Draws(1, 50), Draws(2, 50), Draws(1, 50, "more")
    (wanted,) = one.counts(20)
    assert (next(same.counts(20)) == wanted).all()
    assert (next(one.counts(20)) == wanted).all()
    for other in (seed.counts(20), name.counts(20), one.counts(20, 1)):
        assert (next(other) != wanted).any()
    assert (next(seed.signs(20)) != next(one.signs(20))).any()


def test_what_was_drawn_before_moves_nothing(monkeypatch):
    (wanted,) = Draws(1, 50).counts(20)
    monkeypatch.setattr("sevenllm_bench.stats.resampling._KEPT", 2_000)  # one block of 50 x 20 at most besides another
    draws = Draws(1, 50)
    for rows in (10, 20, 30, 20, 39):
        next(draws.counts(rows))
        next(draws.signs(rows))
    assert (next(draws.counts(20)) == wanted).all()


def test_blocks_hold_all_draws(monkeypatch):
    monkeypatch.setattr("sevenllm_bench.stats.resampling._CHUNK", 100)
    blocks = list(Draws(1, 23).counts(30))
    assert [len(block) for block in blocks] == [3, 3, 3, 3, 3, 3, 3, 2]
    again = list(Draws(1, 23).counts(30))
    assert all((a == b).all() for a, b in zip(blocks, again, strict=True))
    assert (blocks[0] != blocks[1]).any()
    assert [len(block) for block in Draws(1, 3).signs(500)] == [1, 1, 1]


def test_strata_of_the_same_size_are_drawn_independently():
    """Opposite values in two strata: with the same draws the means would cancel; independent ones spread by sqrt(2) / 2."""
    values = np.random.default_rng(2).random(40)
    one = bootstrap_means([values], Draws(1, 20_000))
    both = bootstrap_means([values, 1 - values], Draws(1, 20_000))
    assert both.std() == pytest.approx(one.std() / 2**0.5, rel=0.03)


def test_signs_of_the_differences_do_not_matter_to_p():
    differences = np.random.default_rng(3).normal(0.1, 0.3, 60)
    assert sign_flip_p([differences], Draws(1, 999)) == sign_flip_p([-differences], Draws(1, 999))
