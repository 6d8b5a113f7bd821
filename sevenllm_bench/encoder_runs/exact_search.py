"""Exact search: the documents with the largest scores, ties broken by the rule of `metrics.ranking`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

#: Ranked documents of a query: (document id, score), the best first.
Ranked = list[tuple[int, float]]
Documents = Sequence[tuple[int, str]]

#: Queries and documents that are compared at once: bounds memory.
_QUERIES = 128
_DOCUMENTS = 8_192


class Searcher(Protocol):
    """What finds documents."""

    def search(self, queries: Sequence[str], documents: Documents, depth: int) -> list[Ranked]:
        """The first `depth` documents for each query, the best first; documents that don't match at all are left out."""


def best(scores: np.ndarray, ids: Sequence[int], depth: int) -> Ranked:
    """The documents with the largest scores, the best first.

    Scores are rounded to 32-bit floats, as trec_eval and MTEB keep them; equal ones go by document id as text, descending.

    Args:
        scores: Array (n,) of finite scores.
        ids: n document ids.
        depth: How many are wanted.
    """
    values = np.asarray(scores, dtype=np.float32)
    places = np.arange(len(values))
    if len(values) > depth:
        least = np.partition(values, len(values) - depth)[len(values) - depth]
        places = np.flatnonzero(values >= least)
    found = sorted(((float(values[place]), str(ids[place]), place) for place in places.tolist()), reverse=True)
    return [(int(ids[place]), score) for score, _, place in found[:depth]]


def nearest(queries: np.ndarray, documents: np.ndarray, ids: Sequence[int], depth: int) -> list[Ranked]:
    """The documents with the largest dot products, in blocks: a few hundred megabytes however many there are.

    Args:
        queries: Array (q, d).
        documents: Array (n, d).
        ids: n document ids.
        depth: How many are wanted for each query.
    """
    return [best(row, ids, depth) for block in _products(queries, documents) for row in block]


def _products(queries: np.ndarray, documents: np.ndarray) -> Iterator[np.ndarray]:
    """Dot products of some queries at a time with all documents; in 64 bits, so that the blocks' sizes change no order."""
    for start in range(0, len(queries), _QUERIES):
        some = queries[start : start + _QUERIES].astype(np.float64)
        block = np.empty((len(some), len(documents)), dtype=np.float32)
        for first in range(0, len(documents), _DOCUMENTS):
            part = documents[first : first + _DOCUMENTS].astype(np.float64)
            block[:, first : first + len(part)] = some @ part.T
        yield block
