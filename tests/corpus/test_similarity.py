import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.corpus.near_duplicates import signature
from sevenllm_bench.corpus.similarity import counted, overlap, pair_features, shingle_features, shingles

TEXTS = st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a", 1),
        ("abcdefghijkl", 1),
        ("abcdefghijklm", 2),
        ("攻击者使用", 2),  # windows of four characters
        ("aaaaaaaaaaaaaaaaaaaa", 1),
        ("攻击abcdef", 1),
    ],
)
def test_number_of_shingles(text, count):
    assert len(shingles(text)) == count


@given(TEXTS)
def test_as_many_shingles_as_distinct_windows(text):
    """One window of at least twelve bytes from each character on, counted with slices."""
    content = text.replace(" ", "").encode("utf-8", "surrogatepass").translate(bytes.maketrans(b"013457i", b"oleastl"))
    begins = [place for place in range(len(content) - 11) if content[place] & 0xC0 != 0x80]
    windows = {content[place : place + 12] for place in begins} if len(content) >= 12 else ({content} if content else set())
    assert len(shingles(text)) == len(windows)


@given(st.sets(st.integers(0, 50)), st.sets(st.integers(0, 50)))
def test_overlap_is_the_size_of_the_intersection(one, other):
    arrays = [np.array(sorted(values), dtype=np.uint32) for values in (one, other)]
    assert overlap(*arrays) == len(one & other)


def test_features_of_several_texts_are_those_of_each():
    texts = ["the loader reads its configuration", "", "攻击者使用钓鱼邮件", "a b", "样本 go 语言"]
    for features in (shingle_features, pair_features):
        found = features(texts)
        for place, text in enumerate(texts):
            assert found.hashes[found.owners == place].tolist() == features([text]).hashes.tolist()


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", 0),
        ("one", 0),
        ("one two", 1),
        ("one two three four five six", 5 + 4 + 3 + 2),
        ("攻击者", 3),
        ("攻击 go", 3),
    ],
)
def test_number_of_pairs(text, pairs):
    """n words have n - d pairs at each distance d from 1 to 4."""
    assert pair_features([text]).hashes.size == pairs


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("red fox", "fox red", True),
        ("red fox", "red box", False),
        ("攻击", "击攻", True),
        ("r3d fox", "red f0x", True),
        ("redfox a", "red foxa", False),
    ],
)
def test_pairs_are_the_same_in_either_order(one, other, same):
    assert (pair_features([one]).hashes.tolist() == pair_features([other]).hashes.tolist()) is same


def test_windows_of_words_shuffled_keep_most_pairs():
    """Words 0 1 2 | 3 4 5 | ... as 2 1 0 | 5 4 3 | ...: by enumeration."""
    numbers = list(range(60))
    moved = [number for begin in range(0, 60, 3) for number in reversed(numbers[begin : begin + 3])]
    pairs = {frozenset((a, b)) for n, a in enumerate(numbers) for b in numbers[n + 1 : n + 5]}
    after = {frozenset((a, b)) for n, a in enumerate(moved) for b in moved[n + 1 : n + 5]}
    one, other = (counted(pair_features([" ".join(f"word{n:02}x" for n in order)]).hashes)[0] for order in (numbers, moved))
    assert (one.size, other.size, overlap(one, other)) == (len(pairs), len(after), len(pairs & after))
    assert len(pairs & after) > 0.7 * len(pairs)


@given(st.lists(st.integers(0, 9)))
def test_counted(values):
    distinct, counts = counted(np.array(values, dtype=np.int64))
    assert dict(zip(distinct.tolist(), counts.tolist(), strict=True)) == Counter(values)
    assert distinct.tolist() == sorted(set(values))


def test_shingles_and_signatures_are_the_same_in_every_process():
    code = (
        "from sevenllm_bench.corpus.near_duplicates import signature; from sevenllm_bench.corpus.similarity import shingles;"
        "print(signature(shingles('a text of some length, 攻击者使用钓鱼邮件')).tolist())"
    )
    outputs = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in "12"
    }
    assert outputs == {f"{signature(shingles('a text of some length, 攻击者使用钓鱼邮件')).tolist()}\n".encode()}
