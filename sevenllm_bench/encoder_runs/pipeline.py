"""Retrieval as it is deployed: BM25, then a bi-encoder, then a cross-encoder, any of them optional."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.bm25_search import WordSearch
from sevenllm_bench.encoder_runs.exact_search import Documents, Ranked
from sevenllm_bench.encoder_runs.search_outcome import answers_of, encoder_notes
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_runs.vector_search import VectorSearch, fused, reranked_by_pairs, reranked_by_vectors
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.retrieval import DEPTH, corpus
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError

if TYPE_CHECKING:
    from sevenllm_bench.encoders.bi_encoder import BiEncoder
    from sevenllm_bench.encoders.cross_encoder import PairScorer

_MOST_DEPTH = 1_000


@dataclass(frozen=True, slots=True)
class PipelineStages:
    """Which stages there are, and how many documents each hands on for a query.

    What a stage doesn't hand on isn't found. The last stage's list is the answer, cut to 100.

    Attributes:
        bm25: Whether BM25 comes first.
        bm25_depth: Documents that it hands on, 1 to 1,000.
        bi_encoder: Orders what BM25 hands on; searches all documents where there is no BM25, or with `fusion`.
        bi_encoder_depth: Documents that it hands on, 1 to 1,000.
        fusion: Whether BM25 and the bi-encoder each search all documents and their lists become one, by reciprocal rank.
        cross_encoder: Orders what it is handed; it reads that many pairs for each query.
    """

    bm25: bool = True
    bm25_depth: int = DEPTH
    bi_encoder: EncoderChoice | None = None
    bi_encoder_depth: int = DEPTH
    fusion: bool = False
    cross_encoder: EncoderChoice | None = None

    def check(self) -> None:
        """Refuse stages that make no pipeline.

        Raises:
            ConfigError: Nothing searches, a depth is out of range, or there are not two lists to fuse.
        """
        if not self.bm25 and self.bi_encoder is None:
            raise ConfigError("a pipeline begins with BM25 or a bi-encoder, which search; a cross-encoder only orders")
        for name, depth in (("bm25_depth", self.bm25_depth), ("bi_encoder_depth", self.bi_encoder_depth)):
            if isinstance(depth, bool) or not isinstance(depth, int) or not 1 <= depth <= _MOST_DEPTH:
                raise ConfigError(f"{name}={depth}: a whole number from 1 to {_MOST_DEPTH:,} is needed")
        if self.fusion and not (self.bm25 and self.bi_encoder):
            raise ConfigError("fusion needs BM25 and a bi-encoder")


class PipelineSearch:
    """Runs the stages one after the other.

    Attributes:
        stages: Which ones.
        costs: What each of them cost, in their order: "stage", "seconds", "texts", "handed_on" (documents per query) and
            the counts of `EncodingCost`.
    """

    def __init__(self, stages: PipelineStages) -> None:
        """Load the models of all stages.

        Raises:
            ConfigError: See `PipelineStages.check`; a library or a model is not available, or of another kind.
        """
        stages.check()
        from sevenllm_bench.encoders.bi_encoder import BiEncoder
        from sevenllm_bench.encoders.cross_encoder import PairScorer

        self.stages = stages
        self.costs: list[dict[str, Any]] = []
        self._words = WordSearch() if stages.bm25 else None
        self._encoder: BiEncoder | None = BiEncoder(stages.bi_encoder) if stages.bi_encoder else None
        self._scorer: PairScorer | None = PairScorer(stages.cross_encoder) if stages.cross_encoder else None

    def search(self, queries: Sequence[str], documents: Documents, depth: int) -> list[Ranked]:
        """The first `depth` documents for each query, see `Searcher`."""
        lists: list[Ranked] | None = None
        if self._words:
            began = time.perf_counter()
            lists = self._words.search(queries, documents, self.stages.bm25_depth)
            self._count("bm25", began, lists, {"texts": self._words.texts})
        if self._encoder:
            began = time.perf_counter()
            lists = self._by_vectors(self._encoder, queries, documents, lists)
            self._count("bi-encoder", began, lists, self._encoder.cost.as_json())
        assert lists is not None  # by `check`
        if self._scorer:
            began = time.perf_counter()
            lists = reranked_by_pairs(self._scorer, queries, documents, lists)
            self._count("cross-encoder", began, lists, self._scorer.cost.as_json())
        return [ranked[:depth] for ranked in lists]

    def _by_vectors(
        self, encoder: BiEncoder, queries: Sequence[str], documents: Documents, lists: list[Ranked] | None
    ) -> list[Ranked]:
        depth = self.stages.bi_encoder_depth
        if lists is None or self.stages.fusion:
            found = VectorSearch(encoder).search(queries, documents, depth)
            return fused([lists, found], depth) if lists is not None else found
        return [ranked[:depth] for ranked in reranked_by_vectors(encoder, queries, documents, lists)]

    def _count(self, stage: str, began: float, lists: Sequence[Ranked], counts: Mapping[str, Any]) -> None:
        handed_on = sum(map(len, lists)) / max(1, len(lists))
        self.costs.append({**counts, "stage": stage, "seconds": time.perf_counter() - began, "handed_on": handed_on})

    def describe(self) -> dict[str, Any]:
        """What identifies the lists, for signatures."""
        parts = [part.describe() for part in (self._words, self._encoder, self._scorer) if part]
        stages = self.stages
        return {
            "kind": "pipeline",
            "stages": parts,
            **({"bm25_depth": stages.bm25_depth} if stages.bm25 else {}),
            **({"bi_encoder_depth": stages.bi_encoder_depth} if stages.bi_encoder else {}),
            **({"fusion": "reciprocal rank, constant 60"} if stages.fusion else {}),
        }

    def notes(self, task: EncoderTask, texts: Sequence[str]) -> list[str]:
        """What a reader must know of the models: texts cut, Chinese that they don't read."""
        found = encoder_notes(self._encoder, task, texts) if self._encoder else []
        return [*found, *(encoder_notes(self._scorer, task, texts, "pairs") if self._scorer else [])]

    def cost(self) -> dict[str, Any]:
        """The sums over the stages, and the stages."""
        names = ("seconds", "texts", "parameters", "long_texts")
        sums = {name: sum(cost.get(name, 0) for cost in self.costs) for name in names}
        most = max((cost.get("peak_memory_bytes", 0) for cost in self.costs), default=0)
        speed = sums["texts"] / sums["seconds"] if sums["seconds"] else 0.0
        return {**sums, "texts_per_second": speed, "peak_memory_bytes": most, "stages": self.costs}


def run_pipeline(task: EncoderTask, items: Sequence[Item], benchmark: Benchmark, stages: PipelineStages) -> TaskOutcome:
    """Answer a retrieval task by a pipeline, through MTEB.

    Args:
        task: A retrieval task.
        items: n of its items.
        benchmark: The rows that they are of.
        stages: The stages.

    Raises:
        ConfigError: The stages make no pipeline, or a library or a model is not available, or of another kind.
        DataError: There are no items.
    """
    searcher = PipelineSearch(stages)
    found = answers_of(task, items, benchmark, searcher)
    notes = (*searcher.notes(task, [text for _, text in corpus(task, benchmark)]), *found.notes)
    return TaskOutcome(task, items, found.answers, {**searcher.describe(), **found.method}, searcher.cost(), notes)
