"""Planted copies of benchmark rows must all be found, and nothing else."""

import json
import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.corpus.leaks import LeakGuard
from sevenllm_bench.corpus.similarity import normalised
from sevenllm_bench.data.embedded import embedded_split, load_embedded
from sevenllm_bench.data.rows import parse_row

#: ASCII punctuation, digits and letters to their full-width forms (U+FF01 to U+FF5E).
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _four_fifths(text: str) -> int:
    return len(text) * 4 // 5


def _foreign(row, share=0.25) -> str:
    """A text of a training row in the row's language, of a share of the row's length."""
    text = " ".join(other.input for other in load_embedded(row.language, "train"))
    return text[: int(share * len(row.input)) + 1]


#: What becomes of an incident text; each must still be told.
MUTATIONS = {
    "verbatim": lambda row: row.input,
    "upper case": lambda row: row.input.upper(),
    "lower case": lambda row: row.input.lower(),
    "no punctuation": lambda row: re.sub(r"[^\w\s]|_", "", row.input),
    "other punctuation": lambda row: re.sub(r"[^\w\s]", " ; ", row.input),
    "full width": lambda row: row.input.translate(FULL_WIDTH),
    "no spaces": lambda row: re.sub(r"\s+", "", row.input),
    "other spaces": lambda row: " \n\u3000".join(row.input.split()),
    "first four fifths": lambda row: row.input[: _four_fifths(row.input)],
    "last four fifths": lambda row: row.input[-_four_fifths(row.input) :],
    "something before": lambda row: _foreign(row) + row.input,
    "something after": lambda row: row.input + _foreign(row),
    "within a text three times as long": lambda row: _foreign(row, 1) + row.input + _foreign(row, 1),
    "shortened, upper case, no punctuation": lambda row: re.sub(r"\W", "", row.input[: _four_fifths(row.input)].upper()),
    "every fiftieth character dropped": lambda row: "".join(c for n, c in enumerate(row.input, 1) if n % 50),
}
#: These leave nothing but case, punctuation and spaces changed.
IDENTICAL = {"verbatim", "lower case", "full width", "no spaces", "other spaces"}


def _planted(rows, mutation):
    """Training rows with the mutated texts, that ask something else."""
    change = {"instruction": "Summarise the incident.", "kind": "generation", "source": "instruct"}
    return [replace(row, id=place, input=MUTATIONS[mutation](row), **change) for place, row in enumerate(rows)]


def _check(guard, rows, mutation):
    clean, leaks = guard.separate(_planted(rows, mutation))
    assert [row.id for row in clean] == []
    assert [leak.row_id for leak in leaks] == list(range(len(rows)))
    assert all(leak.what == "incident" and 0.5 <= leak.similarity <= 1 for leak in leaks)
    if mutation in IDENTICAL:
        assert {leak.how for leak in leaks} == {"identical"}
    return leaks


@pytest.fixture(scope="module")
def embedded_guard():
    return LeakGuard(embedded_split("test"))


@pytest.fixture(scope="module")
def official_guard(official_rows):
    return LeakGuard((*official_rows, *embedded_split("test")))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_embedded_texts_are_found(embedded_guard, language, mutation):
    rows = load_embedded(language, "test")
    leaks = _check(embedded_guard, rows, mutation)
    texts = {row.id: row.input for row in rows}
    assert all(texts[leak.benchmark_id] == rows[leak.row_id].input for leak in leaks)
    assert {leak.benchmark_source for leak in leaks} == {"embedded"}


@pytest.mark.data
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_all_1300_official_texts_are_found(official_guard, official_rows, mutation):
    leaks = _check(official_guard, official_rows, mutation)
    assert len(leaks) == 1300
    assert {leak.benchmark_source for leak in leaks} == {"official"}


@pytest.mark.data
def test_every_official_text_can_be_found_without_luck(official_guard):
    """What rare shingles assure: half of a text found means 0.2 of it in rare shingles, if at most 0.3 are common."""
    import numpy as np

    index = official_guard._incidents._index
    for hashes in index._texts:
        common = index._counts[np.searchsorted(index._values, hashes)] == 0
        assert common.mean() <= 0.3


def _shuffled(row, seed=0):
    options = list(row.choices.values())
    random.Random(seed).shuffle(options)
    return {"question": row.instruction["question"].upper(), "choice": dict(zip("ABCD", options, strict=True))}


#: An MCQ in training without the benchmark's incident text.
MCQ_MUTATIONS = {
    "no incident text": lambda row: replace(row, input=""),
    "placeholder": lambda row: replace(row, input="N/A"),
    "another incident text": lambda row: replace(row, input=load_embedded(row.language, "train")[0].input),
    "options in another order": lambda row: replace(row, input="", instruction=_shuffled(row)),
    "as one string": lambda row: replace(row, input="", instruction=json.dumps(row.instruction, ensure_ascii=False)),
}


@pytest.mark.parametrize("mutation", MCQ_MUTATIONS)
def test_embedded_mcq_without_their_text_are_found(embedded_guard, mutation):
    rows = [row for row in embedded_split("test") if row.kind == "mcq"]
    _, leaks = embedded_guard.separate(MCQ_MUTATIONS[mutation](row) for row in rows)
    assert [(leak.row_id, leak.benchmark_id, leak.what) for leak in leaks] == [(row.id, row.id, "question") for row in rows]


@pytest.mark.data
@pytest.mark.parametrize("mutation", MCQ_MUTATIONS)
def test_all_100_official_mcq_without_their_text_are_found(official_guard, official_rows, mutation):
    rows = [row for row in official_rows if row.kind == "mcq"]
    _, leaks = official_guard.separate(MCQ_MUTATIONS[mutation](row) for row in rows)
    assert len(leaks) == 100
    assert [leak.benchmark_id for leak in leaks] == [row.id for row in rows]
    assert {leak.what for leak in leaks} == {"question"}


# --- what must not be found ------------------------------------------------------------------------------------------


def test_other_fictional_incidents_are_no_leaks(embedded_guard):
    rows = (*embedded_split("train"), *embedded_split("fewshot"))
    clean, leaks = embedded_guard.separate(rows)
    assert (clean, leaks) == (list(rows), [])


@pytest.mark.data
def test_embedded_rows_are_no_leaks_of_official_ones(official_guard):
    rows = (*embedded_split("train"), *embedded_split("fewshot"))
    assert official_guard.separate(rows)[1] == []


BENCHMARK_ROW = (
    "Researchers at Example Labs describe a new version of the LockBit ransomware. The ransomware encrypts files with AES and "
    "RSA, deletes shadow copies and leaves a note. It reached a logistics firm in Lisbon through a stolen VPN account."
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "。",
        "N/A",
        "ransomware",
        "The group encrypts files with AES and RSA and asks for money within a week.",
        # The same family, the same phrases, another incident.
        "Researchers at Example Labs describe an attack by the LockBit group on a hospital in Oslo. The ransomware encrypts "
        "files with AES and RSA, as in earlier cases. A contractor's laptop without updates was the way in, and backups on "
        "tape let the hospital return to work within four days.",
    ],
)
def test_short_and_related_texts_are_no_leaks(text, embedded_record):
    guard = LeakGuard([parse_row(embedded_record | {"input": given}, "here") for given in (BENCHMARK_ROW, "", "N/A")])
    row = parse_row(embedded_record | {"input": text, "id": 7}, "here", source="instruct")
    assert guard.separate([row]) == ([row], [])


def test_another_mcq_with_the_same_options_is_no_leak(embedded_record):
    options = dict(zip("ABCD", ("May", "June", "July", "None of the above"), strict=True))

    def asking(question):
        instruction = {"question": question, "choice": options}
        return parse_row(embedded_record | {"instruction": instruction, "input": "", "output": "A"}, "here")

    guard = LeakGuard([asking("In which month was the vulnerability published by the vendor of the firewall?")])
    assert guard.separate([asking("When did the incident at the port authority become known to the press?")])[1] == []


def test_guard_without_rows_and_rows_without_leaks():
    rows = load_embedded("en", "train")
    assert LeakGuard([]).separate(rows) == (list(rows), [])
    assert LeakGuard(rows).separate([]) == ([], [])


# --- what a leak says ------------------------------------------------------------------------------------------------


def test_a_leak_names_the_row_most_alike(embedded_record):
    texts = [BENCHMARK_ROW[:150], BENCHMARK_ROW, BENCHMARK_ROW.upper()]
    guard = LeakGuard(parse_row(embedded_record | {"input": text, "id": place}, "here") for place, text in enumerate(texts))
    row = parse_row(embedded_record | {"input": BENCHMARK_ROW.lower(), "id": 7}, "here", source="instruct")
    (leak,) = guard.separate([row])[1]
    assert (leak.row_id, leak.benchmark_id, leak.how, leak.similarity) == (7, 1, "identical", 1.0)
    assert (leak.language, leak.category, leak.benchmark_source) == ("en", "Time Element Acquisition", "official")


LETTERS = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=400))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (LETTERS[40:160], 1),
        (LETTERS[100:220], 89 / 109),
        (LETTERS[134:254], 55 / 109),
        (LETTERS[136:256], None),  # 53 / 109
        # A short text: four fifths.
        (LETTERS[169:204], 20 / 24),
        (LETTERS[171:206], None),  # 18 / 24
        # Too short for shares.
        (LETTERS[50:80], None),  # 19 / 19
    ],
)
def test_similarity_of_incident_texts(text, wanted, embedded_record):
    """n letters have n - 11 windows of twelve; the benchmark's text ends at the 200th letter."""
    guard = LeakGuard([parse_row(embedded_record | {"input": LETTERS[:200]}, "here")])
    leaks = guard.separate([parse_row(embedded_record | {"input": text}, "here")])[1]
    assert [leak.similarity for leak in leaks] == ([] if wanted is None else [pytest.approx(wanted)])


@pytest.mark.parametrize(("begin", "wanted"), [(0, 1), (44, 69 / 113), (46, None)])
def test_similarity_of_questions(begin, wanted, embedded_record):
    """109 windows of the question and one for each option; of the other, the options and all windows from `begin` on."""
    options = dict(zip("ABCD", "abcd", strict=True))

    def asking(begin):
        instruction = {"question": LETTERS[begin : begin + 120], "choice": options}
        return parse_row(embedded_record | {"instruction": instruction, "input": "", "output": "A"}, "here")

    leaks = LeakGuard([asking(0)]).separate([asking(begin)])[1]
    assert [leak.similarity for leak in leaks] == ([] if wanted is None else [pytest.approx(wanted)])


def test_a_text_within_a_far_longer_one_is_found(embedded_record):
    """The Jaccard index is about 0.01: MinHash alone would find one in 150, rare shingles must."""
    guard = LeakGuard([*embedded_split("test"), parse_row(embedded_record | {"input": BENCHMARK_ROW}, "here")])
    parts = [row.input for row in (*load_embedded("en", "train"), *load_embedded("zh", "train"))]
    row = parse_row(embedded_record | {"input": "\n".join([*parts, BENCHMARK_ROW, *parts])}, "here")
    assert [(leak.benchmark_id, leak.similarity) for leak in guard.separate([row])[1]] == [(1, 1.0)]


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(20)), st.sets(st.integers(0, 19)))
def test_every_row_goes_one_way_in_any_order(order, planted):
    bench = load_embedded("zh", "test")
    train = load_embedded("zh", "train")
    rows = [replace((bench if place in planted else train)[place], id=place) for place in order]
    clean, leaks = LeakGuard(bench[:40]).separate(rows)
    assert [row.id for row in clean] == [place for place in order if place not in planted]
    assert [leak.row_id for leak in leaks] == [place for place in order if place in planted]


@pytest.mark.data
def test_official_texts_that_come_twice_name_the_first(official_guard, official_rows):
    first = {}
    for row in official_rows:
        first.setdefault(normalised(row.input), row.id)
    _, leaks = official_guard.separate(official_rows)
    assert [leak.benchmark_id for leak in leaks] == [first[normalised(row.input)] for row in official_rows]
