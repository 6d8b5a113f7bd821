"""Exact search against sorting everything, with ties; memory is bounded."""

import numpy as np
import pytest

from sevenllm_bench.encoder_runs import exact_search
from sevenllm_bench.encoder_runs.exact_search import best, nearest
from sevenllm_bench.metrics.ranking import ranking

CHANCE = np.random.default_rng(0)


@pytest.mark.parametrize("depth", [1, 3, 10, 50, 100])
@pytest.mark.parametrize("values", [2, 5, 1_000_000])
def test_the_best_are_those_of_the_whole_ranking(values, depth):
    ids = CHANCE.permutation(1_300)[:60].tolist()
    scores = CHANCE.integers(0, values, 60) / 7
    found = best(scores, ids, depth)
    assert [document for document, _ in found] == ranking(dict(zip(ids, scores, strict=True)))[:depth]
    assert all(score == np.float32(scores[ids.index(document)]) for document, score in found)


def test_ties_go_by_document_id_as_text_descending():
    assert best(np.array([0.5, 0.5, 0.5, 0.1]), [7, 1001, 99, 3], 2) == [(99, 0.5), (7, 0.5)]
    assert best(np.array([0.5 + 1e-12, 0.5]), [1, 2], 2) == [(2, 0.5), (1, 0.5)], "equal as 32-bit floats"


def test_nothing_to_search():
    assert best(np.zeros(0), [], 5) == []
    assert nearest(np.zeros((2, 3)), np.zeros((0, 3)), [], 5) == [[], []]
    assert nearest(np.zeros((0, 3)), np.zeros((4, 3)), [1, 2, 3, 4], 5) == []


def test_blocks_change_nothing(monkeypatch):
    queries, documents = (CHANCE.normal(size=(count, 8)).astype(np.float32) for count in (13, 40))
    ids = list(range(1, 41))
    at_once = nearest(queries, documents, ids, 10)
    exact = queries.astype(np.float64) @ documents.astype(np.float64).T
    assert at_once == [best(row, ids, 10) for row in exact]
    monkeypatch.setattr(exact_search, "_QUERIES", 4)
    monkeypatch.setattr(exact_search, "_DOCUMENTS", 7)
    assert nearest(queries, documents, ids, 10) == at_once
