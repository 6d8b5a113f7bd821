"""Short names: no two alike, never too long, the part that differs is kept, clusters stay whole."""

from __future__ import annotations

import unicodedata

import pytest
from hostile_texts import TEXTS
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.text.short_names import LEAST, short_names

_ALPHABET = st.sampled_from("aaaabbAB12-_/. é中文👩‍💻\u0301\u202e\u200b…")
_NAMES = st.lists(st.text(_ALPHABET, max_size=60), max_size=12)


@given(_NAMES, st.integers(LEAST, 40))
def test_no_two_are_alike_and_none_is_too_long(names: list[str], most: int) -> None:
    found = short_names(names, most)
    assert set(found) == set(names)
    assert all(len(shown) <= most for shown in found.values())
    assert len({unicodedata.normalize("NFKC", shown) for shown in found.values()}) == len(set(names))
    assert found == short_names(names, most)


@given(st.text("abc-/", max_size=60), st.text("abc-/", max_size=60), st.integers(LEAST, 40))
def test_the_part_that_differs_is_kept(before: str, after: str, most: int) -> None:
    found = short_names([f"{before}X{after}", f"{before}Y{after}"], most)
    assert "X" in found[f"{before}X{after}"]
    assert "Y" in found[f"{before}Y{after}"]


@given(st.lists(st.text("ab12/-", min_size=1, max_size=LEAST), unique=True, max_size=8))
def test_names_that_fit_stay_as_they_are(names: list[str]) -> None:
    assert short_names(names, LEAST) == {name: name for name in names}


def test_names_as_they_are_given() -> None:
    names = ["meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct-cti-2024-lora"]
    assert list(short_names(names, 28).values()) == ["…8B-Instruct", "…8B-Instruct-cti-2024-lora"]
    revisions = [f"org/{'long' * 10}-{number}-{'same' * 10}" for number in (1, 2, 10)]
    shown = list(short_names(revisions, 20).values())
    assert [text.strip("…aelmngos") for text in shown] == ["1-", "2-", "10-"]


def test_clusters_and_stand_ins_stay_whole() -> None:
    family = "👩‍👩‍👧‍👦"
    shown = short_names([family * 9 + "x", family * 9 + "y"], 20).values()
    assert all(text.replace(family, "").strip("…xy") == "" for text in shown)
    accents = short_names(["e\u0301" * 40, "e\u0301" * 39 + "z"], 15).values()
    assert all(not unicodedata.combining(text.lstrip("…")[0]) for text in accents)
    assert "\u202e" not in "".join(short_names(["a\u202e" * 30, "b"], 20).values())
    assert short_names(["a\u202eb", "ab"]) == {"a\u202eb": "a⟨U+202E⟩b", "ab": "ab"}


@pytest.mark.parametrize("most", [1, 28])
def test_hostile_names_are_short_too(most: int) -> None:
    found = short_names([text[:5_000] for text in TEXTS], most)
    assert all(len(shown) <= max(most, LEAST) for shown in found.values())
    assert len(set(found.values())) == len(TEXTS)


def test_names_that_look_the_same_get_numbers() -> None:
    assert list(short_names(["a b", "a  b", "a b "]).values()) == ["a b", "a b~2", "a b~3"]
