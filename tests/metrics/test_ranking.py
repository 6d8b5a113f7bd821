"""Measures of ranked lists against pytrec_eval and MTEB's own functions, ties included, and by hand."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.metrics.ranking import hit_at, ndcg_at, ranking, recall_at, reciprocal_rank_at, score_of

pytrec_eval = pytest.importorskip("pytrec_eval")

DOCUMENTS = st.integers(min_value=1, max_value=1_300)
#: Few values, so that ties are frequent; two of them are equal as 32-bit floats only.
SCORES = st.sampled_from([-1.0, 0.0, 0.25, 0.25 + 1e-12, 0.5, 0.7]) | st.floats(-2, 2, allow_nan=False)


def by_hand():
    return ranking({5: 0.9, 10: 0.8, 99: 0.5, 1001: 0.5, 7: 0.1}), {99, 7}


def test_a_list_by_hand():
    ranked, relevant = by_hand()
    assert ranked == [5, 10, 99, 1001, 7], "99 before 1001: as text, descending"
    assert ndcg_at(ranked, relevant, 10) == pytest.approx((1 / 2 + 1 / math.log2(6)) / (1 + 1 / math.log2(3)))
    assert [recall_at(ranked, relevant, k) for k in (1, 2, 3, 5)] == [0, 0, 0.5, 1]
    assert [reciprocal_rank_at(ranked, relevant, k) for k in (2, 3)] == [0, 1 / 3]
    assert [hit_at(ranked, relevant, k) for k in (2, 3)] == [0, 1]


def test_nothing_ranked_or_nothing_relevant():
    for measure in (ndcg_at, recall_at, reciprocal_rank_at, hit_at):
        assert measure([], {1}, 10) == 0
        assert measure([1], set(), 10) == 0


def test_scores_are_32_bit_floats_as_in_trec_eval():
    assert ranking({1: 0.25 + 1e-12, 2: 0.25}) == [2, 1]
    assert ranking({1: 0.25 + 1e-6, 2: 0.25}) == [1, 2]
    assert score_of(1e300) == math.inf


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(DOCUMENTS, SCORES, min_size=1, max_size=40), st.sets(DOCUMENTS, min_size=1, max_size=6), st.data())
def test_the_measures_are_those_of_pytrec_eval(scores, others, data):
    relevant = others | data.draw(st.sets(st.sampled_from(sorted(scores)), max_size=4))
    names = {"ndcg_cut.1,5,10", "recall.1,5,10", "success.1,5,10", "recip_rank"}
    evaluator = pytrec_eval.RelevanceEvaluator({"q": {str(d): 1 for d in relevant}}, names)
    expected = evaluator.evaluate({"q": {str(d): s for d, s in scores.items()}})["q"]
    ranked = ranking(scores)
    for k in (1, 5, 10):
        assert ndcg_at(ranked, relevant, k) == pytest.approx(expected[f"ndcg_cut_{k}"], abs=1e-9)
        assert recall_at(ranked, relevant, k) == pytest.approx(expected[f"recall_{k}"], abs=1e-9)
        assert hit_at(ranked, relevant, k) == pytest.approx(expected[f"success_{k}"], abs=1e-9)
    assert reciprocal_rank_at(ranked, relevant, len(ranked)) == pytest.approx(expected["recip_rank"], abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(DOCUMENTS, st.sampled_from([0.0, 0.25, 0.5]), min_size=1, max_size=30), st.sets(DOCUMENTS, min_size=1))
def test_ties_at_the_reciprocal_rank_are_broken_as_mteb_does(scores, relevant):
    metrics = pytest.importorskip("mteb._evaluators.retrieval_metrics")
    expected = metrics.mrr({"q": {str(d): 1 for d in relevant}}, {"q": {str(d): s for d, s in scores.items()}}, [1, 10])
    ranked = ranking(scores)
    assert [reciprocal_rank_at(ranked, relevant, k) for k in (1, 10)] == [expected["MRR@1"][0], expected["MRR@10"][0]]
