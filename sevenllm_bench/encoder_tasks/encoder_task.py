"""The tasks that encoders can run: their names, versions and metrics; and an item of one, which is what a row is elsewhere.

Causal models run two kinds of them too, through lm-eval: answer ranking by log-likelihood, entities by their JSON answers.
Each task is scored by pure functions from items and answers, so that `verify` can compute every figure again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sevenllm_bench.catalog import LANGUAGES, Language

EncoderTaskKind = Literal["retrieval", "answer-ranking", "entities", "masked-terms", "vulnerable-code"]

#: Metrics of each kind, the main one first; every value is of one item.
TASK_METRICS: dict[EncoderTaskKind, tuple[str, ...]] = {
    "retrieval": ("ndcg_at_10", "recall_at_1", "recall_at_5", "recall_at_10", "mrr_at_10"),
    "answer-ranking": ("ranking_acc", "ranking_mrr"),
    "entities": ("span_f1", "span_f1_partial"),
    "masked-terms": ("top_1", "top_5", "top_10", "pseudo_log_likelihood"),
    "vulnerable-code": ("code_acc",),
}

#: The kinds of encoder that can run each kind of task (see `encoders.encoder_choice.EncoderKind`).
KINDS_OF_TASK: dict[EncoderTaskKind, tuple[str, ...]] = {
    "retrieval": ("bi-encoder", "cross-encoder"),
    "answer-ranking": ("bi-encoder", "cross-encoder", "masked-lm"),
    "entities": ("token-classifier",),
    "masked-terms": ("masked-lm",),
    "vulnerable-code": ("text-classifier",),
}

#: Interface and comparability of these tasks. The number moves when scores stop being comparable, the letter otherwise.
ENCODER_TASK_VERSION = "1-A"


@dataclass(frozen=True, slots=True)
class EncoderTask:
    """One task that encoders can run.

    Attributes:
        kind: What is asked.
        language: "en" or "zh"; None for code, whose names and comments are English.
    """

    kind: EncoderTaskKind
    language: Language | None = None

    @property
    def name(self) -> str:
        """Name in lm-eval, in MTEB and in results: "sevenllm-en-retrieval", "sevenllm-vulnerable-code"."""
        return "-".join(["sevenllm", *([self.language] if self.language else []), self.kind])

    @property
    def section(self) -> str:
        """Name of its section in figures: "en_retrieval", "vulnerable_code"."""
        return self.name.removeprefix("sevenllm-").replace("-", "_")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Its metrics, the main one first."""
        return TASK_METRICS[self.kind]


ENCODER_TASKS: tuple[EncoderTask, ...] = (
    *(
        EncoderTask(kind, language)
        for kind in ("retrieval", "answer-ranking", "entities", "masked-terms")
        for language in LANGUAGES
    ),
    EncoderTask("vulnerable-code"),
)
_BY_NAME = {task.name: task for task in ENCODER_TASKS}


def encoder_task_by_name(name: str) -> EncoderTask | None:
    """The task with this name exactly, or None."""
    return _BY_NAME.get(name)


@dataclass(frozen=True, slots=True)
class Item:
    """What a task asks once: a query, a row's candidates, a text with entities, a masked term, a function.

    Attributes:
        id: Number of the item in its task: the row's id where the task has one item per row.
        group: Its part of the task, of which figures are given apart: the kind of query, the programming language.
        source: "official" or "embedded" rows, or "own" for what is written for the task.
        document: What is asked and the reference, as JSON values; it goes into samples files. Kinds say what it holds.
    """

    id: int
    group: str
    source: str
    document: Mapping[str, Any] = field(hash=False)
