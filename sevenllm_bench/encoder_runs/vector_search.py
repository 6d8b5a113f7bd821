"""Search by a bi-encoder and reranking by encoders; each distinct text is read once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sevenllm_bench.encoder_runs.exact_search import Documents, Ranked, best, nearest

if TYPE_CHECKING:
    from sevenllm_bench.encoders.bi_encoder import BiEncoder
    from sevenllm_bench.encoders.cross_encoder import PairScorer


class VectorSearch:
    """All documents by their cosine with the query, without an index.

    Attributes:
        encoder: The bi-encoder.
    """

    def __init__(self, encoder: BiEncoder) -> None:
        """Use a loaded encoder."""
        self.encoder = encoder

    def search(self, queries: Sequence[str], documents: Documents, depth: int) -> list[Ranked]:
        """The first `depth` documents for each query, see `Searcher`.

        Where long texts count by the best of their windows, all similarities are held at once: 8 bytes × queries × documents.
        """
        ids = [document for document, _ in documents]
        texts = [text for _, text in documents]
        if self.encoder.choice.long_texts == "max":
            return [best(row, ids, depth) for row in self.encoder.similarities(queries, texts)]
        read, asked = self.encoder.vectors(texts, "document"), self.encoder.vectors(queries, "query")
        return nearest(asked, read, ids, depth)


def reranked_by_vectors(
    encoder: BiEncoder, queries: Sequence[str], documents: Documents, lists: Sequence[Ranked]
) -> list[Ranked]:
    """The documents of each list by their cosine with the query.

    Args:
        encoder: The bi-encoder; it reads the documents that are in a list.
        queries: q queries.
        documents: All documents.
        lists: q lists of documents.
    """
    texts = dict(documents)
    if encoder.choice.long_texts == "max":
        pairs = [(query, texts[d]) for query, ranked in zip(queries, lists, strict=True) for d, _ in ranked]
        return _with_scores(lists, encoder.pair_similarities(pairs))
    wanted = sorted({document for ranked in lists for document, _ in ranked})
    place = {document: number for number, document in enumerate(wanted)}
    read = encoder.vectors([texts[document] for document in wanted], "document").astype(np.float64)
    asked = encoder.vectors(queries, "query").astype(np.float64)
    scores = [read[[place[d] for d, _ in ranked]] @ asked[q] for q, ranked in enumerate(lists) if ranked]
    return _with_scores(lists, np.concatenate(scores) if scores else np.zeros(0))


def reranked_by_pairs(scorer: PairScorer, queries: Sequence[str], documents: Documents, lists: Sequence[Ranked]) -> list[Ranked]:
    """The documents of each list by the cross-encoder's score of query and text; arguments as in `reranked_by_vectors`."""
    texts = dict(documents)
    pairs = [(query, texts[d]) for query, ranked in zip(queries, lists, strict=True) for d, _ in ranked]
    return _with_scores(lists, scorer.scores(pairs))


def fused(lists: Sequence[Sequence[Ranked]], depth: int, constant: int = 60) -> list[Ranked]:
    """Lists of several searchers as one, by reciprocal rank fusion: the sum of 1 / (constant + place).

    Args:
        lists: For each searcher the q lists that it found.
        depth: How many documents of each are kept.
        constant: 60 as in the paper (Cormack, Clarke and Büttcher, SIGIR 2009).
    """
    found = []
    for of_query in zip(*lists, strict=True):
        scores: dict[int, float] = {}
        for ranked in of_query:
            for place, (document, _) in enumerate(ranked, 1):
                scores[document] = scores.get(document, 0.0) + 1 / (constant + place)
        found.append(best(np.array(list(scores.values())), list(scores), depth))
    return found


def _with_scores(lists: Sequence[Ranked], scores: np.ndarray) -> list[Ranked]:
    """The lists by other scores, which are those of all their documents one after the other."""
    found, start = [], 0
    for ranked in lists:
        part = scores[start : start + len(ranked)]
        found.append(best(part, [document for document, _ in ranked], len(ranked)))
        start += len(ranked)
    return found
