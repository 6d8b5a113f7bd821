import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.corpus.similarity import Features
from sevenllm_bench.corpus.text_index import COMMON, TextIndex


def _features(*texts):
    hashes = [hash_ for text in texts for hash_ in text]
    owners = [place for place, text in enumerate(texts) for _ in text]
    return Features(np.array(hashes, dtype=np.uint32), np.array(owners, dtype=np.int64))


def _found(index, *hashes):
    """Pairs of a place among the hashes and a text."""
    places, entries = index.entries(np.array(hashes, dtype=np.uint32))
    return list(zip(places.tolist(), index.owners[entries].tolist(), strict=True))


def test_features_lead_to_their_texts():
    last = 2**32 - 1
    index = TextIndex(_features([5, 7, 5], [], [7, last], [2**31]), 4)
    assert index.sizes.tolist() == [2, 0, 2, 1]
    assert _found(index, 7, 1, last, 2**31, 7) == [(0, 0), (0, 2), (2, 2), (3, 3), (4, 0), (4, 2)]


def test_a_feature_of_many_texts_counts_for_none():
    index = TextIndex(_features(*[[1, 10 + place] for place in range(COMMON + 1)]), COMMON + 1)
    assert index.sizes.tolist() == [1] * (COMMON + 1)
    assert _found(index, 1, 12) == [(1, 2)]
    index = TextIndex(_features(*[[1]] * COMMON), COMMON)
    assert _found(index, 1) == [(0, place) for place in range(COMMON)]


def test_an_index_of_nothing_finds_nothing():
    assert _found(TextIndex(_features(), 0), 1, 2) == []
    assert _found(TextIndex(_features([], []), 2), 1) == []
    assert _found(TextIndex(_features([1]), 1)) == []


@given(st.lists(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 5)), max_size=COMMON), st.lists(st.integers(0, 9)))
def test_all_that_share_a_feature_are_found(texts, hashes):
    index = TextIndex(_features(*texts), len(texts))
    assert sorted(_found(index, *hashes)) == [
        (place, text) for place, hash_ in enumerate(hashes) for text in range(len(texts)) if hash_ in texts[text]
    ]
