import numpy as np
import pytest

from sevenllm_bench.corpus.near_duplicates import NearIndex, near_groups, signature
from sevenllm_bench.corpus.similarity import normalised
from sevenllm_bench.data.embedded import embedded_split


@pytest.mark.parametrize("jaccard", [0.2, 0.5, 0.8])
def test_signatures_agree_as_often_as_the_jaccard_index_says(jaccard):
    """MinHash's property (Broder 1997); 40 pairs x 128 values: standard error 0.007 or less."""
    random = np.random.default_rng(0)
    agreements = []
    for _ in range(40):
        numbers = random.choice(2**32, size=1000, replace=False).astype(np.uint32)
        common, rest = numbers[: int(jaccard * 1000)], numbers[int(jaccard * 1000) :]
        one, other = (np.sort(np.concatenate([common, half])) for half in (rest[::2], rest[1::2]))
        agreements.append((signature(one) == signature(other)).mean())
    assert np.mean(agreements) == pytest.approx(jaccard, abs=0.025)


def test_near_groups_of_edited_texts():
    texts = list(dict.fromkeys(normalised(row.input) for row in embedded_split("test")))
    edited = [text[:-20] for text in texts]
    assert near_groups(texts) == list(range(len(texts)))
    assert near_groups(texts + edited) == [*range(len(texts))] * 2
    assert near_groups([]) == []
    assert near_groups(["", "a", "b"]) == [0, 1, 2]


def _set(*ranges):
    """A set of hashes: numbers of ranges, spread over 32 bits by an odd multiplier."""
    numbers = np.array([number for pair in ranges for number in range(*pair)], dtype=np.uint32)
    return np.sort(numbers * np.uint32(2654435761))


def test_index_counts_what_is_shared():
    index = NearIndex([_set((0, 100)), _set((50, 300)), _set(), _set((1000, 1400))])
    assert list(index.matches(_set((0, 100)))) == [(0, 100), (1, 50)]
    assert list(index.matches(_set((1100, 1200), (5000, 9000)))) == [(3, 100)]
    assert list(index.matches(_set((500, 600)))) == []
    assert list(index.matches(_set())) == []


def test_an_index_of_nothing_matches_nothing():
    assert list(NearIndex([]).matches(_set((0, 100)))) == []
    assert list(NearIndex([_set()]).matches(_set((0, 100)))) == []
