"""Items, scores and figures of answer ranking; expected values by arithmetic, by hand, and from the official counts."""

import json
import math
import runpy
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks import answer_ranking
from sevenllm_bench.encoder_tasks.encoder_task import Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.item_document import from_item_document, to_item_document

MINING = Path(__file__).parents[1] / "perf" / "mine_negatives.py"
#: Upper 0.1 % of chi-squared with 9 degrees of freedom.
CHI_SQUARED_9 = 27.88


def items_of(language, benchmark=None):
    task = encoder_task_by_name(f"sevenllm-{language}-answer-ranking")
    return answer_ranking.items(task, benchmark or load_benchmark("embedded"))


def one_item(candidates=("a", "bb", "ccc"), answer=1, number=7):
    document = {"question": "q", "text": "t", "task": "T", "candidates": list(candidates), "candidate_rows": [], "answer": answer}
    return Item(number, "generation", "own", document)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_embedded_rows_each_have_ten_candidates_of_other_incidents(language):
    """112 rows of each language: 28 tasks of 4."""
    rows = load_benchmark("embedded").by_id
    items = items_of(language)
    assert len(items) == 112
    assert [item.id for item in items] == sorted({item.id for item in items})
    for item in items:
        document = item.document
        assert len(set(document["candidates"])) == 10
        assert document["candidate_rows"][document["answer"]] == item.id
        others = [rows[number] for number in document["candidate_rows"] if number != item.id]
        assert {(row.language, row.kind) for row in others} == {(language, item.group)}
        assert rows[item.id].input not in {row.input for row in others}
        assert document["candidates"] == [rows[number].reference_text for number in document["candidate_rows"]]
        assert from_item_document(to_item_document(item), "here") == item


def test_questions_with_options_are_no_part_of_it():
    rows = load_benchmark("embedded").by_id
    assert {rows[item.id].kind for item in items_of("en")} == {"understanding", "generation"}


def test_an_extraction_reference_is_its_json_text():
    item = next(item for item in items_of("zh") if item.group == "understanding")
    assert json.loads(item.document["candidates"][item.document["answer"]]) == load_benchmark("embedded").by_id[item.id].output


def test_the_fixed_negatives_of_embedded_rows_are_what_is_mined():
    mine = runpy.run_path(str(MINING))
    assert mine["as_text"](mine["content_of"]("embedded")) == (mine["FOLDER"] / "embedded.json").read_text(encoding="utf-8")


@pytest.mark.data
def test_the_fixed_negatives_of_official_rows_are_what_is_mined(data_dir):
    mine = runpy.run_path(str(MINING))
    content = mine["content_of"]("official", data_dir)
    assert mine["as_text"](content) == (mine["FOLDER"] / "official.json").read_text(encoding="utf-8")
    assert content["left_out"] == {"may answer": 4, "same incident": 28, "repeats": 3}
    assert content["filled"] == {"rows": 72, "negatives": 308}


@pytest.mark.data
def test_official_counts_and_places(data_dir):
    """300 extraction and 300 analysis rows of each language (table 2 of the paper); the reference in every place alike."""
    benchmark = load_benchmark("official", data_dir)
    places = Counter()
    for language in ("en", "zh"):
        items = items_of(language, benchmark)
        assert Counter(item.group for item in items) == {"understanding": 300, "generation": 300}
        places.update(item.document["answer"] for item in items)
    assert sum((places[place] - 120) ** 2 / 120 for place in range(10)) < CHI_SQUARED_9


def test_the_place_of_the_reference_is_even():
    rows = load_benchmark("embedded").rows
    places = Counter()
    for number in range(5_000):
        row = rows[number % len(rows)]
        object.__setattr__(changed := row.__class__(**{name: getattr(row, name) for name in row.__slots__}), "id", number)
        places[answer_ranking.shuffled(changed, rows[:9]).index(changed)] += 1
    assert sum((places[place] - 500) ** 2 / 500 for place in range(10)) < CHI_SQUARED_9


def test_no_official_text_is_in_the_package():
    for source in ("official", "embedded"):
        text = (Path(answer_ranking.__file__).parent / "negatives" / f"{source}.json").read_text(encoding="utf-8")
        content = json.loads(text)
        assert text.isascii()
        assert all(len(others) == len(set(others)) == 9 for others in content["negatives"].values())
        assert all(isinstance(number, int) for others in content["negatives"].values() for number in others)


@pytest.mark.parametrize(
    ("answer", "rank"),
    [
        ([1, 3, 2], 1),
        ([3, 2, 1], 2),
        ([9, 2, 4.5], 3),
        ([2, 2, 1], 2),  # a tie counts against the model
        ([0, 0, 0], 3),
        ([-math.inf, -5, -math.inf], 1),
        ([math.nan, 5, 1], 3),
        ([1, math.nan, 0], 3),
        ([1, None, 0], 3),
        ([5, 9], 3),
        ([], 3),
        (None, 3),
        ("123", 3),
        ([True, True, False], 3),
        ([10**400, 2, 1], 3),
        ({"0": 1}, 3),
    ],
)
def test_the_rank_counts_candidates_with_at_least_the_references_score(answer, rank):
    assert answer_ranking.score([one_item()], [answer]) == [{"ranking_acc": float(rank == 1), "ranking_mrr": 1 / rank}]


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_any_answer_is_scored(answer):
    (value,) = answer_ranking.score([one_item()], [answer])
    assert value["ranking_mrr"] in (1.0, 1 / 2, 1 / 3)
    assert json.dumps(answer_ranking.figures([one_item()], [answer]))


@pytest.mark.parametrize(
    "document", [{}, {"candidates": 5, "answer": "x"}, {"candidates": ["a"], "answer": True}, {"candidates": ["a"], "answer": 3}]
)
def test_hostile_items_score_nothing(document):
    item = Item(1, "generation", "own", document)
    assert answer_ranking.score([item], [[1.0]]) == [{"ranking_acc": 0.0, "ranking_mrr": 0.0}]
    assert answer_ranking.figures([item], [[1.0]])["unusable"] == 1


def test_figures_count_ties_and_lengths_by_group_and_task():
    items = [one_item(number=1), one_item(number=2), one_item(number=3)]
    found = answer_ranking.figures(items, [[0, 3, 9], [2, 2, 1], None])
    assert found["chance"] == 0.1
    assert (found["ties"], found["unusable"]) == (1, 1)
    assert found["chosen"] == {"longest": 1, "shortest": 0}
    wanted = {"items": 3, "ranking_acc": 0.0, "ranking_mrr": pytest.approx((1 / 2 + 1 / 2 + 1 / 3) / 3), "ties": 1}
    assert found["groups"] == {"generation": wanted}
    assert found["tasks"] == {"T": wanted}


def test_log_likelihoods_are_divided_by_bytes():
    """Three, six and one byte: a Chinese character has three."""
    item = one_item(["网", "安全", "a"])
    values = [(-3.0, False), (-4.5, True), (-2.0, False)]
    assert answer_ranking.answer_from_responses(item, values, per_byte=True) == [-1.0, -0.75, -2.0]
    assert answer_ranking.answer_from_responses(item, values, per_byte=False) == [-3.0, -4.5, -2.0]


def test_responses_of_a_samples_file_are_read_as_those_in_memory():
    item = one_item()
    in_memory = [(-1.5, False), (-2.5, False), (-0.5, True)]
    in_file = [["-1.5", "False"], ["-2.5", "False"], ["-0.5", "True"]]
    for per_byte in (True, False):
        ours = answer_ranking.answer_from_responses(item, in_file, per_byte)
        assert ours == answer_ranking.answer_from_responses(item, in_memory, per_byte)
    assert answer_ranking.answer_from_responses(item, [["x"], [], None], False) != [0, 0, 0]
    assert all(math.isnan(value) for value in answer_ranking.answer_from_responses(item, [["x"], [], None], False))
    assert answer_ranking.answer_from_responses(item, "abc", True) == []
    assert answer_ranking.answer_from_responses(item, [1], True) == []
