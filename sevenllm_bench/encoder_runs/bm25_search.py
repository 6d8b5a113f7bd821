"""Search by words: BM25 of bm25s over our own words, which keep Chinese words and indicators whole."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from sevenllm_bench.encoder_runs.exact_search import Documents, Ranked, best
from sevenllm_bench.encoder_runs.mteb_library import INSTALL_LINE
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.text.segment import jieba_version, words

#: The usual constants, bm25s's defaults.
K1, B = 1.5, 0.75


class WordSearch:
    """BM25 (Lucene's variant). A query's word counts as often as it comes; documents without a word of it aren't found.

    Attributes:
        seconds: Spent so far, indexing included.
        texts: Queries and documents read so far.
    """

    def __init__(self) -> None:
        """Start.

        Raises:
            ConfigError: bm25s is not installed.
        """
        if find_spec("bm25s") is None:
            raise ConfigError(f"BM25 needs bm25s, which is not installed: {INSTALL_LINE}")
        self.seconds = 0.0
        self.texts = 0

    def search(self, queries: Sequence[str], documents: Documents, depth: int) -> list[Ranked]:
        """The first `depth` documents for each query, see `Searcher`."""
        import bm25s

        began = time.perf_counter()
        read = [words(text) for _, text in documents]
        ids = [document for document, _ in documents]
        index = bm25s.BM25(k1=K1, b=B, method="lucene")
        if any(read):
            index.index(read, show_progress=False)
        known = {word for text in read for word in text}
        found = []
        for query in queries:
            asked = [word for word in words(query) if word in known]
            scores = index.get_scores(asked) if asked else np.zeros(len(ids))
            matching = np.flatnonzero(scores > 0)
            found.append(best(scores[matching], [ids[place] for place in matching.tolist()], depth))
        self.texts += len(queries) + len(documents)
        self.seconds += time.perf_counter() - began
        return found

    def describe(self) -> dict[str, Any]:
        """What identifies its scores, for signatures."""
        return {
            "kind": "bm25",
            "variant": "lucene",
            "k1": K1,
            "b": B,
            "words": f"sevenllm_bench.text.segment, jieba {jieba_version()}",
            "bm25s": version("bm25s"),
        }
