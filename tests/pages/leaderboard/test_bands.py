"""Bands of a board's entries: paired, by intervals, mixed, and who has none."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from sevenllm_bench.catalog import SECTION_ROWS, SECTIONS
from sevenllm_bench.pages.leaderboard.bands import _largest_error, with_bands
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import PARTS, Entry, Facts, RankBand, Value

pytestmark = pytest.mark.usefixtures("own_cache")

FIRST_ID = {section: 1_000 * place for place, section in enumerate(SECTIONS)}


def entry(name, shift=0.0, seed=0, noise=0.05, rows=True, **changes):
    """A submission whose values hang together, by row, with those of the others."""
    shared, own = np.random.default_rng(99), np.random.default_rng(seed)
    scores = {
        section: shared.uniform(0.3, 0.6, count) + own.normal(shift, noise, count) for section, count in SECTION_ROWS.items()
    }
    means = {section: float(values.mean()) for section, values in scores.items()}
    error = math.sqrt(sum(values.var(ddof=1) / len(values) for values in scores.values())) / 6
    figures = {part: Value(means[part.partition(".")[0]], 0.01, 300) for part in PARTS}
    figures["headline"] = Value(sum(means.values()) / 6, error, 1300)
    by_row = {section: dict(enumerate(values.tolist(), FIRST_ID[section])) for section, values in scores.items()}
    made = Entry(name, figures=figures, row_scores=by_row if rows else {}, facts=Facts(encoder=False))
    return replace(made, **changes)


def bands(entries, current=None):
    return [one.band for one in with_bands(entries, current)]


def test_a_board_of_none_and_of_one():
    assert with_bands([]) == []
    assert bands([entry("a")]) == [RankBand(1, 1)]


def test_rows_tell_models_apart_that_intervals_do_not():
    """0.02 apart: in pairs, with rows of noise 0.05, the error is 0.0027; of two figures with errors of 0.01 each it is 0.014."""
    paired = [entry("a", 0.02, 1), entry("b", 0.0, 2)]
    assert bands(paired) == [RankBand(1, 1, True), RankBand(2, 2, True)]
    wide = [
        replace(one, row_scores={}, figures={**one.figures, "headline": replace(one.figures["headline"], error=0.01)})
        for one in paired
    ]
    assert bands(wide) == [RankBand(1, 2, False), RankBand(1, 2, False)]


def test_mixed_boards_are_in_order_and_marked():
    entries = [entry(f"m{place}", -0.004 * place, place, rows=place % 3 != 1) for place in range(12)]
    entries.sort(key=lambda one: -one.headline)
    found = bands(entries)
    assert [band.paired for band in found] == [bool(one.row_scores) for one in entries]
    assert any(not band.paired for band in found)
    for rank, (above, below) in enumerate(itertools.pairwise(found), 1):
        assert above.best <= below.best
        assert above.worst <= below.worst
        assert above.best <= rank <= above.worst
    assert found[0].worst < 12
    assert found[-1].best > 1


def test_who_has_no_rank_has_no_band_and_counts_for_none():
    """Two ranked ones among a partial, a refused, an encoder's and an older submission."""
    partial = entry("p", 0.1)
    partial = replace(partial, figures={**partial.figures, "headline": Value(0.9, 0.001, 5, "1,295 of 1,300 rows missing")})
    others = [partial, entry("r", 0.1, refused=("headline",)), entry("e", 0.1, facts=Facts(encoder=True)), entry("old", 0.1)]
    ranked = [entry("a", 0.05, 1), entry("b", 0.0, 2)]
    entries = [*others, *ranked]
    found = with_bands(entries, [one for one in entries if one.name != "old"])
    assert [one.name for one in found] == ["p", "r", "e", "old", "a", "b"]
    assert [one.band for one in found] == [None] * 4 + [RankBand(1, 1), RankBand(2, 2)]
    assert [replace(one, band=None) for one in found] == entries


def test_entries_over_other_rows_are_not_paired():
    """One with a row too few, one with another id: as without rows. What most have decides."""
    usual = [entry("a", 0.05, 1), entry("b", 0.0, 2)]
    short = entry("c", 0.01, 3)
    del short.row_scores["en_mcq"][FIRST_ID["en_mcq"]]
    other = entry("d", 0.02, 4)
    other.row_scores["zh_mcq"][999_999] = other.row_scores["zh_mcq"].pop(FIRST_ID["zh_mcq"])
    half = entry("e", 0.03, 5)
    half = replace(half, row_scores={"en_mcq": half.row_scores["en_mcq"]})
    assert [band.paired for band in bands([*usual, short, other, half])] == [True, True, False, False, False]


def test_exact_ties_share_a_band():
    one, twin, third = entry("a", 0.0, 1), entry("b", 0.0, 1), entry("c", -0.2, 2)
    assert bands([one, twin, third]) == [RankBand(1, 2), RankBand(1, 2), RankBand(3, 3)]


def test_the_largest_error_by_hand():
    """Means 0.5 in all: 0.25 x (4/299 + 2/49) = 0.01355, its root by 6: 0.0194. All right: no spread is possible."""
    half = Entry("a", figures={part: Value(0.5) for part in PARTS})
    assert _largest_error(half) == pytest.approx(math.sqrt(0.25 * (4 / 299 + 2 / 49)) / 6)
    assert _largest_error(half) == pytest.approx(0.0194, abs=1e-4)
    assert _largest_error(Entry("a")) == _largest_error(half)
    assert _largest_error(Entry("a", figures={part: Value(1.0) for part in PARTS})) == 0.0


@pytest.mark.parametrize("error", [None, 0.0, 0.5, 1e300])
def test_an_error_that_is_not_known_or_not_possible_is_the_largest_possible(error):
    """The largest error near means of 0.45 is 0.019: 0.02 apart isn't told, 0.15 apart is (z = 5.6)."""
    without = entry("a", rows=False)
    without = replace(without, figures={**without.figures, "headline": replace(without.figures["headline"], error=error)})
    near, far = entry("b", -0.02, 2), entry("c", -0.15, 3)
    assert bands([without, near, far]) == [RankBand(1, 2, False), RankBand(1, 2), RankBand(3, 3)]


def test_three_hundred_entries():
    """A board of fine steps: neighbours can't be told, but bands are far from 1-300."""
    entries = [entry(f"m{place}", 0.2 - 0.001 * place, place, noise=0.1) for place in range(300)]
    entries.sort(key=lambda one: -one.headline)
    found = bands(entries)
    widths = [band.worst - band.best + 1 for band in found]
    assert max(widths) < 150
    assert min(widths) > 5
    assert all(band.best <= rank <= band.worst for rank, band in enumerate(found, 1))


def test_the_board_has_bands(tmp_path):
    from leaderboard_files import write_many

    write_many(tmp_path / "in", 4)
    read = []

    def seen(entries, current):
        read.extend(with_bands(entries, current))
        return read

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sevenllm_bench.pages.leaderboard.board_pages.with_bands", seen)
        build_leaderboard([tmp_path / "in"], tmp_path / "out")
    ranked = [one for one in read if one.headline is not None and not one.is_encoder]
    assert ranked
    assert any(one.band is not None for one in ranked)
