"""Masked terms by a masked language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sevenllm_bench.encoder_runs.search_outcome import encoder_notes
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoders.checkpoint_kind import require_kind
from sevenllm_bench.encoders.checkpoint_tokenizer import load_tokenizer, token_spans
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.masked_lm import MaskedLanguageModel, TermAnswer
from sevenllm_bench.text.segment import jieba_version


def run_masked_terms(task: EncoderTask, items: Sequence[Item], choice: EncoderChoice) -> TaskOutcome:
    """Ask a masked language model for every term.

    A term with a token that is the tokenizer's unknown one has no answer: to expect an unknown token is not to know the term.

    Args:
        task: The task.
        items: Its items.
        choice: A masked language model.

    Raises:
        ConfigError: It is another kind of encoder, or can't be loaded.
    """
    require_kind(choice, "masked-lm")
    model = MaskedLanguageModel(choice)
    spans = [(str(item.document["text"]), int(item.document["start"]), int(item.document["end"])) for item in items]
    unknown = _have_unknown_tokens(load_tokenizer(choice), spans)
    found = model.term_answers(spans)
    answers = [None if lost else _answer(answer) for answer, lost in zip(found, unknown, strict=True)]
    notes = encoder_notes(model, task, [text for text, _, _ in spans])
    if lost := answers.count(None):
        notes.append(
            f"{lost:,} of {len(items):,} terms have tokens that are unknown to the model, or none; they score the least."
        )
    if model.unaligned:
        notes.append(f"{model.unaligned:,} of {len(items):,} terms share a token with the text around them, which is masked too.")
    method = {**model.describe(), "words": f"jieba {jieba_version()}" if task.language == "zh" else "white space"}
    return TaskOutcome(task, items, answers, method, model.cost.as_json(), tuple(notes))


def _answer(found: TermAnswer) -> dict[str, Any] | None:
    if not found.tokens:
        return None
    return {"rank": found.rank, "pseudo_log_likelihood": found.pseudo_log_likelihood, "tokens": found.tokens}


def _have_unknown_tokens(tokenizer: Any, spans: Sequence[tuple[str, int, int]]) -> list[bool]:
    """Whether each term has a token that is the tokenizer's unknown one."""
    if tokenizer.unk_token_id is None:
        return [False] * len(spans)
    return [
        any(
            token == tokenizer.unk_token_id and left < end and right > start
            for token, left, right in token_spans(tokenizer, text)
        )
        for text, start, end in spans
    ]
