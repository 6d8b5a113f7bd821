"""Shares by hand: features are the letters of a text, and no letter is common."""

import numpy as np
import pytest

from sevenllm_bench.corpus.similarity import Features, pair_features
from sevenllm_bench.corpus.text_comparison import TextComparison, TextMatch, Threshold


def _letters(texts):
    hashes = [ord(letter) for text in texts for letter in text]
    owners = [place for place, text in enumerate(texts) for _ in text]
    return Features(np.array(hashes, dtype=np.uint32), np.array(owners, dtype=np.int64))


def _find(threshold, texts, parts, example_of, window=None):
    comparison = TextComparison(_letters, texts, [threshold] * len(texts), window)
    return list(comparison.find(parts, np.array(example_of)))


def test_a_text_that_is_spread_over_the_parts_of_an_example_is_found():
    found = _find(Threshold(0.5, 4), ["abcdefgh"], ["abcx", "yde", "abc", "de"], [0, 0, 1, 2])
    assert found == [TextMatch(0, 0, 5 / 8, (0, 1))]


def test_repeated_features_count_once():
    assert _find(Threshold(0.5, 4), ["abcdefgh"], ["aaaaabbbbb"], [0]) == []
    assert _find(Threshold(0.5, 4), ["aabbccdd"], ["ab", "cd"], [0, 1]) == []
    assert _find(Threshold(0.5, 4), ["aabbccdd"], ["abcd"], [0]) == [TextMatch(0, 0, 1.0, (0,))]


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("abcdefghijklmnopqrst", 10),  # half of 20
        ("abcdefgh", 5),  # half is 4, but 5 say something
        ("abcde", 4),  # four fifths
        ("abcd", None),  # too few to say something
    ],
)
def test_features_that_must_agree(text, needed):
    counts = [count for count in range(1, len(text) + 1) if _find(Threshold(0.5, 5), [text], [text[:count]], [0])]
    assert counts == ([] if needed is None else list(range(needed, len(text) + 1)))


def test_texts_that_are_too_short_are_known():
    assert TextComparison(_letters, ["abcd", "abcdefgh"], [Threshold(0.5, 5)] * 2).too_short() == {0}


@pytest.mark.parametrize(("least", "found"), [(0, True), (0.25, True), (0.26, False), (None, False)])
def test_a_part_that_is_taken_from_a_text(least, found):
    """Five of the part's six letters are a quarter of the text's twenty."""
    matches = _find(Threshold(0.5, 5, least), ["abcdefghijklmnopqrst"], ["zzz", "abcdeX"], [0, 0])
    assert matches == ([TextMatch(0, 0, 5 / 6, (1,))] if found else [])


@pytest.mark.parametrize(("between", "found"), [("", True), ("-" * 4, True), ("-" * 40, False)])
def test_features_must_lie_in_a_stretch(between, found):
    """Three times eight letters; without a window the distance makes no difference."""
    parts = [f"abcd{between}efgh"]
    assert bool(_find(Threshold(0.8, 4), ["abcdefgh"], parts, [0], window=3)) is found
    assert bool(_find(Threshold(0.8, 4), ["abcdefgh"], parts, [0])) is True


def test_the_densest_stretch_names_its_parts():
    parts = ["abcde", "-" * 200, "abcdefgh"]
    assert _find(Threshold(0.5, 4), ["abcdefgh"], parts, [0, 0, 0], window=3) == [TextMatch(0, 0, 1.0, (2,))]


def test_nothing_to_compare():
    assert _find(Threshold(0.5, 4), [], ["abc"], [0]) == []
    assert _find(Threshold(0.5, 4), ["abcdefgh"], [""], [0]) == []
    assert list(TextComparison(pair_features, [""], [Threshold(0.5, 4)]).find(["", "a"], np.array([0, 0]))) == []
