"""Measures of a ranked list, as trec_eval and MTEB have them: nDCG, recall, reciprocal rank, hits; binary relevance."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np


def score_of(value: float) -> float:
    """A score as trec_eval keeps it: a 32-bit float, so that scores which differ beyond that are ties; may be infinite."""
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def ranking(scores: Mapping[int, float] | Iterable[tuple[int, float]]) -> list[int]:
    """Documents, the best first.

    The rule of trec_eval (`te_trec_eval.c`) and of MTEB since its issue 5092: by score as a 32-bit float, then, among equal
    scores, by document id as text, both descending. So 99 comes before 1001.

    Args:
        scores: Document id to finite score, each document once.
    """
    pairs = scores.items() if isinstance(scores, Mapping) else scores
    return [document for _, _, document in sorted(((score_of(s), str(d), d) for d, s in pairs), reverse=True)]


def ndcg_at(ranked: Sequence[int], relevant: Collection[int], k: int) -> float:
    """Normalized discounted cumulative gain of the first k documents, from 0 to 1; 0 where nothing is relevant.

    Args:
        ranked: Documents, the best first, each once.
        relevant: The documents that count, all alike.
        k: How many documents are looked at, at least 1.
    """
    gain = sum(1 / math.log2(place + 1) for place, document in enumerate(ranked[:k], 1) if document in relevant)
    most = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))
    return gain / most if most else 0.0


def recall_at(ranked: Sequence[int], relevant: Collection[int], k: int) -> float:
    """Share of the relevant documents among the first k, from 0 to 1; at most k / relevant. Arguments as in `ndcg_at`."""
    return sum(document in relevant for document in ranked[:k]) / len(relevant) if relevant else 0.0


def reciprocal_rank_at(ranked: Sequence[int], relevant: Collection[int], k: int) -> float:
    """1 / place of the first relevant document; 0 where none is among the first k. Arguments as in `ndcg_at`."""
    return next((1 / place for place, document in enumerate(ranked[:k], 1) if document in relevant), 0.0)


def hit_at(ranked: Sequence[int], relevant: Collection[int], k: int) -> float:
    """1 where a relevant document is among the first k, else 0. Arguments as in `ndcg_at`."""
    return float(any(document in relevant for document in ranked[:k]))
