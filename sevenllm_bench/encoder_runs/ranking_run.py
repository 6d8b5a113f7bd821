"""Answer ranking by an encoder, and by BM25 as the baseline without a model."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sevenllm_bench.encoder_runs.search_outcome import encoder_notes
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.answer_ranking import AS_GIVEN, PER_BYTE, answer_from_responses, figures, query_of
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.negative_mining import K1, B, bm25_scores
from sevenllm_bench.encoders.bi_encoder import BiEncoder
from sevenllm_bench.encoders.checkpoint_kind import require_kind
from sevenllm_bench.encoders.cross_encoder import PairScorer
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.masked_lm import MaskedLanguageModel

if TYPE_CHECKING:
    import numpy as np


def run_answer_ranking(task: EncoderTask, items: Sequence[Item], choice: EncoderChoice) -> TaskOutcome:
    """Score every candidate against its question: by cosine, by pair score, or by pseudo-log-likelihood per byte.

    Args:
        task: The task.
        items: Its items.
        choice: A bi-encoder, a cross-encoder or a masked language model.

    Raises:
        ConfigError: It is an encoder of another kind, or can't be loaded.
    """
    kind = require_kind(choice, "bi-encoder", "cross-encoder", "masked-lm")
    asked = [(query_of(item.document), candidate) for item in items for candidate in item.document["candidates"]]
    model: BiEncoder | PairScorer | MaskedLanguageModel
    values: Sequence[float] | np.ndarray
    if kind == "masked-lm":
        model = MaskedLanguageModel(choice)
        values = model.continuation_log_likelihoods([(query, f"\n{candidate}") for query, candidate in asked])
    else:
        model = BiEncoder(choice) if kind == "bi-encoder" else PairScorer(choice)
        pairs = [(query, candidate.strip()) for query, candidate in asked]
        values = model.pair_similarities(pairs) if isinstance(model, BiEncoder) else model.scores(pairs)
    answers = _by_item(items, [float(value) for value in values], per_byte=kind == "masked-lm")
    method = {**model.describe(), "scores": PER_BYTE if kind == "masked-lm" else AS_GIVEN}
    unit, read = ("texts", 0) if kind == "bi-encoder" else ("pairs", len(set(asked)))
    queries = [query_of(item.document) for item in items]
    notes = (*encoder_notes(model, task, queries, unit, read), *_tie_note(items, answers))
    return TaskOutcome(task, items, answers, method, model.cost.as_json(), notes)


def run_bm25_ranking(task: EncoderTask, items: Sequence[Item]) -> TaskOutcome:
    """Score the candidates by BM25, with the candidates of all items of the group as its collection.

    The negatives were mined by BM25, so this is the baseline that they are hardest for.

    Args:
        task: The task.
        items: Its items.
    """
    start = time.perf_counter()
    answers: dict[int, list[float]] = {}
    for group in sorted({item.group for item in items}):
        part = [item for item in items if item.group == group]
        texts = list(dict.fromkeys(text for item in part for text in item.document["candidates"]))
        place = {text: number for number, text in enumerate(texts)}
        scores = bm25_scores(texts, [query_of(item.document) for item in part])
        for item, found in zip(part, scores, strict=True):
            answers[item.id] = [found[place[text]] for text in item.document["candidates"]]
    ordered = [answers[item.id] for item in items]
    cost = {"texts": sum(len(answer) for answer in ordered), "seconds": time.perf_counter() - start}
    return TaskOutcome(
        task, items, ordered, {"kind": "bm25", "k1": K1, "b": B, "scores": AS_GIVEN}, cost, _tie_note(items, ordered)
    )


def _by_item(items: Sequence[Item], values: Sequence[float], per_byte: bool) -> list[list[float]]:
    answers, begin = [], 0
    for item in items:
        end = begin + len(item.document["candidates"])
        answers.append(answer_from_responses(item, list(values[begin:end]), per_byte))
        begin = end
    return answers


def _tie_note(items: Sequence[Item], answers: Sequence[Any]) -> tuple[str, ...]:
    ties = figures(items, answers)["ties"]
    return (f"{ties:,} of {len(items):,} references have the score of another candidate, which counts as wrong.",) if ties else ()
