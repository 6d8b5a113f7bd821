"""Shares of tokens by arithmetic, and that the choice is a function of seed and ids alone."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.corpus.mixture import mixture


def mixed(sizes, weights, seed=1):
    """Examples of each source, by tokens, mixed: tokens by source, and how often each comes."""
    flat = [(size, source) for source, own in sizes.items() for size in own]
    tokens, sources = [size for size, _ in flat], [source for _, source in flat]
    places = mixture(tokens, list(range(len(flat))), sources, weights, seed)
    got = Counter()
    for place in places:
        got[sources[place]] += tokens[place]
    return got, Counter(places), places


def lengths(count, seed):
    """Token counts as those of instruction sets: most short, some long."""
    draw = random.Random(seed)
    return [min(4096, int(draw.lognormvariate(5.5, 0.8)) + 8) for _ in range(count)]


def test_by_hand():
    """100 tokens at weight 4 ask for 25 of the other: of examples of 10, two (20) are as near as three (30)."""
    got, times, places = mixed({"main": [50, 30, 20], "other": [10] * 9}, {"main": 4.0, "other": 1.0})
    assert got["main"] == 100
    assert got["other"] in (20, 30)
    assert set(times.values()) == {1}
    assert places == sorted(places)


def test_a_small_source_is_repeated():
    """60 at weight 1 ask for 60 of 25: each twice (50), and one of them (5 or 20) once more."""
    got, times, places = mixed({"main": [60], "small": [5, 20]}, {"main": 1.0, "small": 1.0})
    assert sorted(times[place] for place in (1, 2)) in ([2, 2], [2, 3])
    assert got["small"] in (50, 55, 70)
    assert places[:3] == [0, 1, 2]


@pytest.mark.parametrize("count", [300, 3000, 30_000])
@pytest.mark.parametrize("share", [0.8, 0.5, 0.95])
def test_two_sources_have_their_shares_within_a_hundredth(count, share):
    got, _, _ = mixed({"corpus": lengths(3000, 1), "general": lengths(count, 2)}, {"corpus": share, "general": 1 - share})
    assert got["corpus"] / got.total() == pytest.approx(share, abs=0.01 * min(share, 1 - share))
    assert (got["corpus"] if share >= 0.5 else got["general"]) == sum(lengths(3000, 1))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(1, 500), min_size=1, max_size=40), min_size=1),
    st.data(),
)
def test_every_source_is_within_half_an_example_or_has_one(sizes, data):
    weights = {name: data.draw(st.floats(0.01, 10)) for name in sizes}
    got, times, _ = mixed(sizes, weights)
    main = max(sizes, key=lambda name: (weights[name], -list(weights).index(name)))
    assert got[main] == sum(sizes[main])
    for name, own in sizes.items():
        wanted = sum(sizes[main]) * weights[name] / weights[main]
        assert abs(got[name] - wanted) <= max(own) / 2 + 1e-6 or got[name] in own
    starts = {name: sum(len(own) for own in list(sizes.values())[:place]) for place, name in enumerate(sizes)}
    for name, own in sizes.items():
        often = [times[starts[name] + place] for place in range(len(own))]
        assert max(often) - min(often) <= 1


def test_another_seed_takes_others_and_the_order_makes_no_difference():
    sizes, sources = [10] * 60, ["main"] * 20 + ["other"] * 40
    weights = {"main": 0.8, "other": 0.2}
    first = mixture(sizes, list(range(60)), sources, weights, 1)
    assert first != mixture(sizes, list(range(60)), sources, weights, 2)
    order = random.Random(3).sample(range(60), 60)
    again = mixture(sizes, order, [sources[place] for place in order], weights, 1)
    assert sorted(order[place] for place in again) == first
