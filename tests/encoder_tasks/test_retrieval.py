"""Retrieval as a task: documents, queries, hits; scores against arithmetic by hand; hostile answers; the official counts."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.data.benchmark import Benchmark, load_benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.encoder_task import TASK_METRICS, EncoderTask, Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.incidents import incidents
from sevenllm_bench.encoder_tasks.retrieval import corpus, figures, items, left_out, query_of, score, scored_documents

ENGLISH = EncoderTask("retrieval", "en")
CHINESE = EncoderTask("retrieval", "zh")


def row(row_id, text, kind="generation", output="an analysis", language="en", source="embedded", instruction="Analyse"):
    return Row(row_id, "Threat Analysis", instruction, text, "", output, language, kind, source)


def made_benchmark(*rows):
    return Benchmark(rows[0].source, rows, "0" * 64)


def test_texts_that_differ_in_white_space_and_unicode_form_are_one_document():
    rows = made_benchmark(row(7, "A  worm\nspread"), row(3, "A worm spread "), row(5, "Ａ worm spread"), row(4, "Another"))
    assert corpus(ENGLISH, rows) == ((3, "A worm spread "), (4, "Another"))
    assert [(item.id, item.document["relevant"]) for item in items(ENGLISH, rows)] == [(3, [3]), (4, [4]), (5, [3]), (7, [3])]


def test_queries_by_kind():
    question = {"question": "Which worm?", "choice": dict(zip("ABCD", "wxyz", strict=True))}
    assert query_of(row(1, "t", "mcq", "A", instruction=question)) == "Which worm?"
    assert query_of(row(1, "t", "generation", "The worm spread.")) == "The worm spread."
    assert query_of(row(1, "t", "understanding", {"Worm": ["Ash", " "], "Count": 6, "none": {}})) == "Ash, 6"
    assert query_of(row(1, "t", "understanding", "plain")) == "plain"


def test_empty_queries_are_left_out_and_counted():
    rows = made_benchmark(row(1, "t"), row(2, "t", output=" \n"), row(3, "u", "understanding", {"Worm": [" "]}))
    assert [item.id for item in items(ENGLISH, rows)] == [1]
    assert left_out(ENGLISH, rows) == {"generation": 1, "understanding": 1}


def test_official_rows_come_in_pairs_and_other_rows_do_not():
    official = [row(1, "a", source="official"), row(301, "b", source="official"), row(300, "c", source="official")]
    assert incidents(official) == {1: 1, 301: 1, 300: 300}
    assert incidents([row(1, "a"), row(301, "b")]) == {1: 1, 301: 301}
    assert incidents([row(1, "a", source="official"), row(301, "b", source="official", language="zh")]) == {1: 1, 301: 301}
    assert items(ENGLISH, made_benchmark(*official))[0].document["relevant"] == [1, 301]


def test_equal_texts_join_incidents():
    rows = [row(2, "b", source="official"), row(302, "a", source="official"), row(5, "a", source="official")]
    assert set(incidents(rows).values()) == {2}


@pytest.mark.parametrize("task", [ENGLISH, CHINESE])
def test_embedded_rows(task):
    benchmark = load_benchmark("embedded")
    found, texts = items(task, benchmark), dict(corpus(task, benchmark))
    assert len(found) == len({item.id for item in found}) == 128
    assert len(texts) == 12
    for item in found:
        assert item.source == "embedded"
        assert [texts[document] for document in item.document["relevant"]] == [benchmark.by_id[item.id].input]
    assert json.loads(json.dumps([dict(item.document) for item in found]))[0]["row"] == found[0].id


@pytest.mark.data
def test_the_official_rows(data_dir):
    benchmark = load_benchmark("official", data_dir)
    for task, documents, pairs in ((ENGLISH, 644, 587), (CHINESE, 633, 565)):
        found = items(task, benchmark)
        assert Counter(item.group for item in found) == {"mcq": 50, "generation": 300, "understanding": 299}
        assert left_out(task, benchmark) == {"understanding": 1}
        assert len(corpus(task, benchmark)) == documents
        assert Counter(len(item.document["relevant"]) for item in found) == {1: 649 - pairs, 2: pairs}
        rows = [row for row in benchmark.rows if row.language == task.language]
        assert len(set(incidents(rows).values())) == 350, "300 reports that come twice, 50 texts of questions"


@pytest.mark.data
def test_the_rows_of_a_pair_are_about_the_same_report(data_dir):
    """BM25 of bm25s finds the row of the same report first among the 300 analyses, for nearly all rows of extraction."""
    bm25s = pytest.importorskip("bm25s")
    from sevenllm_bench.text.segment import words

    rows = load_benchmark("official", data_dir).by_id
    for first, least in ((601, 284), (1, 272)):
        texts = [words(rows[n + 300].input) for n in range(first, first + 300)]
        index = bm25s.BM25()
        index.index(texts, show_progress=False)
        known = {word for text in texts for word in text}
        places = []
        for n in range(300):
            scores = index.get_scores([word for word in words(rows[first + n].input) if word in known])
            places.append(int((scores > scores[n]).sum()) + 1)
        assert places.count(1) >= least


def item(relevant, group="mcq", number=1):
    return Item(number, group, "official", {"query": "q", "relevant": relevant, "row": number})


def test_scores_by_hand():
    answers = [{"ranked": [[9, 0.9], [1, 0.5], [2, 0.4]]}]
    (values,) = score([item([1, 2])], answers)
    assert set(values) == set(TASK_METRICS["retrieval"])
    assert values == pytest.approx(
        {
            "ndcg_at_10": (0.6309297536 + 0.5) / 1.6309297536,
            "recall_at_1": 0,
            "recall_at_5": 1,
            "recall_at_10": 1,
            "mrr_at_10": 0.5,
        }
    )


def test_the_order_in_the_file_does_not_count():
    pairs = [[9, 0.9], [1, 0.5], [1001, 0.5], [2, 0.4]]
    assert score([item([1])], [{"ranked": pairs}]) == score([item([1])], [{"ranked": pairs[::-1]}])
    assert score([item([1])], [{"ranked": pairs}])[0]["mrr_at_10"] == 1 / 3, "1001 before 1 where scores are equal"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        5,
        "ranked",
        [],
        {},
        {"ranked": None},
        {"ranked": "11"},
        {"ranked": {"1": 2}},
        {"ranked": [1, None, [], [1], [1, 2, 3], [[1], 1], [None, 1]]},
        {"ranked": [["1", 1.0], [1.0, 1.0], [True, 1.0], [1, "1"], [1, True], [1, None]]},
        {"ranked": [[1, float("nan")], [1, float("inf")], [1, 10**400], [1, 1e39]]},
    ],
)
def test_rubbish_scores_the_least(answer):
    (values,) = score([item([1])], [answer])
    assert values == dict.fromkeys(TASK_METRICS["retrieval"], 0.0)
    assert figures([item([1])], [answer])["by_group"]["mcq"]["hit_at_10"] == 0


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3), lambda s: st.lists(s)))
def test_no_answer_crashes(ranked):
    (values,) = score([item([1])], [{"ranked": ranked}])
    assert all(0 <= value <= 1 for value in values.values())
    figures([item([1])], [{"ranked": ranked}])


def test_documents_that_come_twice_count_once():
    assert score([item([1])], [{"ranked": [[1, 0.1], [2, 0.5], [1, 0.9]]}])[0]["mrr_at_10"] == 0.5


def test_rubbish_in_items_does_not_crash():
    for document in ({}, {"relevant": None}, {"relevant": ["1", None, [1]]}):
        broken = Item(1, "mcq", "official", document)
        assert score([broken], [{"ranked": [[1, 1.0]]}])[0]["ndcg_at_10"] == 0
        figures([broken], [{"ranked": [[1, 1.0]]}])


def test_figures_by_group_and_ties():
    asked = [item([1]), item([3, 4], "generation", 2), item([5], "generation", 3)]
    answers = [{"ranked": [[2, 0.5], [1, 0.5]]}, {"ranked": [[3, 0.9], [8, 0.1]]}, {"ranked": [[8, 0.2], [9, 0.2]]}]
    found = figures(asked, answers)
    assert list(found["by_group"]) == ["generation", "mcq"]
    generation = found["by_group"]["generation"]
    assert (generation["queries"], generation["hit_at_1"], generation["recall_at_1"]) == (2, 0.5, 0.25)
    assert generation["recall_at_1_ceiling"] == 0.75
    assert found["ties"]["queries"] == 1
    of_pair = 1 / 1.6309297536
    assert found["ties"]["ndcg_at_10_least"] == pytest.approx((0.6309297536 + of_pair) / 3)
    assert found["ties"]["ndcg_at_10_most"] == pytest.approx((1 + of_pair) / 3)
    assert figures([], []) == {"by_group": {}, "ties": {"queries": 0, "ndcg_at_10_least": 0, "ndcg_at_10_most": 0}}


def test_names():
    assert (ENGLISH.name, CHINESE.name) == ("sevenllm-en-retrieval", "sevenllm-zh-retrieval")
    assert encoder_task_by_name("sevenllm-zh-retrieval") == CHINESE


def test_of_a_list_that_is_too_long_the_beginning_counts():
    item = Item(1, "mcq", "embedded", {"query": "q", "relevant": [5], "row": 5})
    pairs = [[number, 1.0] for number in range(10, 1_009)]
    assert score([item], [{"ranked": [*pairs, [5, 2.0]]}])[0]["recall_at_1"] == 1.0
    assert score([item], [{"ranked": [*pairs, [9_999, 0.0], [5, 2.0]]}])[0]["recall_at_1"] == 0.0
    assert len(scored_documents({"ranked": [[number, 1.0] for number in range(200_000)]})) == 1_000
