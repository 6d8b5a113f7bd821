import numpy as np
import pytest

from sevenllm_bench.corpus.near_duplicates import near_groups, signature
from sevenllm_bench.corpus.normalisation import normalised
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


def test_the_signature_of_a_long_text_takes_little_memory():
    """The signature of a union is the least of both, value by value."""
    import tracemalloc

    random = np.random.default_rng(0)
    hashes = np.unique(random.integers(0, 2**32, 1_000_000, dtype=np.uint32))
    parts = [signature(part) for part in np.array_split(hashes, 100)]
    tracemalloc.start()
    whole = signature(hashes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (whole == np.min(parts, axis=0)).all()
    assert peak < 20_000_000


def test_near_groups_of_edited_texts():
    texts = list(dict.fromkeys(normalised(row.input) for row in embedded_split("test")))
    edited = [text[:-20] for text in texts]
    assert near_groups(texts) == list(range(len(texts)))
    assert near_groups(texts + edited) == [*range(len(texts))] * 2
    assert near_groups([]) == []
    assert near_groups(["", "a", "b"]) == [0, 1, 2]
