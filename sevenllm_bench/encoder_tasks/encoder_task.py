"""The tasks that encoders can run: their names, versions and metrics; and an item of one, which is what a row is elsewhere.

Causal models run some kinds of them too, through lm-eval: answer ranking by log-likelihood, entities by their JSON answers.
Others are for causal models alone (`LLM_TASKS`): multiple choice with its options in every order, and rows with noise.
Each task is scored by pure functions from items and answers, so that `verify` can compute every figure again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sevenllm_bench.catalog import LANGUAGES, Language
from sevenllm_bench.metrics.registry import ADDED_LATER, METRICS, OPTIONAL_FOR

EncoderTaskKind = Literal[
    "retrieval",
    "answer-ranking",
    "entities",
    "masked-terms",
    "vulnerable-code",
    "mcq-circular",
    "mcq-circular-logprob",
    "stress",
]

#: Metrics of each kind, the main one first; every value is of one item.
TASK_METRICS: dict[EncoderTaskKind, tuple[str, ...]] = {
    "retrieval": ("ndcg_at_10", "recall_at_1", "recall_at_5", "recall_at_10", "mrr_at_10"),
    "answer-ranking": ("ranking_acc", "ranking_mrr"),
    "entities": ("span_f1", "span_f1_partial"),
    "masked-terms": ("top_1", "top_5", "top_10", "pseudo_log_likelihood"),
    "vulnerable-code": ("code_acc",),
    "mcq-circular": ("circular_acc", "acc", "answered"),
    "mcq-circular-logprob": ("circular_acc", "acc"),
    "stress": ("stress_score", "value_f1", "value_f1_norm", "json_valid", "rouge_l_paper", "rouge_l"),
}
#: Of a stress task, the metrics of a row by what it asks for: those that compare with the reference, which noise leaves as it
#: is. What the text supports is left out, since the noise is in that text.
STRESS_METRICS: dict[str, tuple[str, ...]] = {
    kind: ("stress_score", *(name for name in METRICS[kind] if name not in ADDED_LATER)) for kind in OPTIONAL_FOR
}
#: The rotations of the options of a multiple-choice question: four options, so that each is once at each letter.
ROTATIONS = 4

#: The kinds of encoder that can run each kind of task (see `encoders.encoder_choice.EncoderKind`); none for others.
KINDS_OF_TASK: dict[EncoderTaskKind, tuple[str, ...]] = {
    "retrieval": ("bi-encoder", "cross-encoder"),
    "answer-ranking": ("bi-encoder", "cross-encoder", "masked-lm"),
    "entities": ("token-classifier",),
    "masked-terms": ("masked-lm",),
    "vulnerable-code": ("text-classifier",),
    "mcq-circular": (),
    "mcq-circular-logprob": (),
    "stress": (),
}

#: lm-eval's output type of each kind of task that it runs.
_OF_HARNESS: dict[EncoderTaskKind, str] = {
    "answer-ranking": "multiple_choice",
    "entities": "generate_until",
    "vulnerable-code": "multiple_choice",
    "mcq-circular": "generate_until",
    "mcq-circular-logprob": "multiple_choice",
    "stress": "generate_until",
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

    @property
    def output_types(self) -> tuple[str, ...]:
        """The output types that a run of it can have: "encoder" for what encoders answered, and lm-eval's own."""
        of_harness = _OF_HARNESS.get(self.kind)
        return (*(["encoder"] if KINDS_OF_TASK[self.kind] else []), *([of_harness] if of_harness else []))

    @property
    def documents_per_item(self) -> int:
        """How many documents of the harness make one item: the four rotations of a question, else 1."""
        return ROTATIONS if self.kind.startswith("mcq-circular") else 1


ENCODER_TASKS: tuple[EncoderTask, ...] = (
    *(
        EncoderTask(kind, language)
        for kind in ("retrieval", "answer-ranking", "entities", "masked-terms")
        for language in LANGUAGES
    ),
    EncoderTask("vulnerable-code"),
)
#: Those that encoders can't run. They run when they are named, and are in no figure of the benchmark.
LLM_TASKS: tuple[EncoderTask, ...] = tuple(
    EncoderTask(kind, language) for kind in ("mcq-circular", "mcq-circular-logprob", "stress") for language in LANGUAGES
)
#: All whose documents are items.
ITEM_TASKS = (*ENCODER_TASKS, *LLM_TASKS)
_BY_NAME = {task.name: task for task in ITEM_TASKS}


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


def metrics_of_item(task: EncoderTask, item: Item) -> tuple[str, ...]:
    """The metrics that an item of a task has: all of the task's, except where a row's depend on what it asks for."""
    if task.kind != "stress":
        return task.metrics
    asks = item.document.get("asks")
    return STRESS_METRICS.get(asks, task.metrics[:1]) if isinstance(asks, str) else task.metrics[:1]
