"""An encoder runs a retrieval task, through MTEB."""

from __future__ import annotations

from collections.abc import Sequence

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.pipeline import PipelineStages, run_pipeline
from sevenllm_bench.encoder_runs.search_outcome import answers_of, encoder_notes
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_runs.vector_search import VectorSearch
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.retrieval import DEPTH, corpus
from sevenllm_bench.encoders.encoder_choice import EncoderChoice, LongTexts

#: What becomes of long texts in retrieval unless something else is asked for: MTEB's published figures are of cut texts.
RETRIEVAL_LONG_TEXTS: LongTexts = "cut"


def run_retrieval(
    task: EncoderTask, items: Sequence[Item], benchmark: Benchmark, choice: EncoderChoice, depth: int = DEPTH
) -> TaskOutcome:
    """Answer a retrieval task by an encoder.

    A bi-encoder searches all documents. A cross-encoder orders the first of BM25: it reads each query with each of them.

    Args:
        task: A retrieval task.
        items: n of its items.
        benchmark: The rows that they are of.
        choice: The encoder.
        depth: Documents for each query that a cross-encoder reads, 1 to 1,000.

    Raises:
        ConfigError: It is neither a bi-encoder nor a cross-encoder, can't be loaded, or a library is not installed.
        DataError: There are no items.
    """
    from sevenllm_bench.encoders.checkpoint_kind import require_kind

    if require_kind(choice, "bi-encoder", "cross-encoder") == "cross-encoder":
        outcome = run_pipeline(task, items, benchmark, PipelineStages(bm25_depth=depth, cross_encoder=choice))
        note = f"{choice.label} is a cross-encoder: it ordered the first {depth:,} documents of BM25."
        return TaskOutcome(task, items, outcome.answers, outcome.method, outcome.cost, (note, *outcome.notes))
    from sevenllm_bench.encoders.bi_encoder import BiEncoder

    encoder = BiEncoder(choice)
    found = answers_of(task, items, benchmark, VectorSearch(encoder))
    texts = [text for _, text in corpus(task, benchmark)]
    notes = (*encoder_notes(encoder, task, texts), *found.notes)
    return TaskOutcome(task, items, found.answers, {**encoder.describe(), **found.method}, encoder.cost.as_json(), notes)
