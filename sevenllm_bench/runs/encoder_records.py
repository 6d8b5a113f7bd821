"""Encoder tasks in a run, once read: what the results file says of one, and one sample per item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.runs.unknown import UNKNOWN, Unknown


@dataclass(frozen=True, slots=True)
class EncoderTaskRun:
    """One encoder task in a run, as the results file reports it; what it shares with a leaf has the same names there.

    Attributes:
        task: Its name.
        entry: The task.
        version: Task version.
        rows: Items evaluated.
        rows_in_all: Items that the task has.
        num_fewshot: Number of few-shot examples; 0 for encoders.
        output_type: "encoder" for what encoders answered, lm-eval's "multiple_choice" or "generate_until" otherwise.
        generation: The generation arguments of a causal model.
        prompt: {"name", "version", "sha256"} of the prompt; empty where there is none.
        signature: The signature of its figures, with how an encoder answered ("method").
        metrics: Metric name to the mean that the file reports.
        stderr: Metric name to the standard error that it reports.
        cost: What the answers cost, see `encoders.encoding_cost`; empty where it isn't known.
        notes: What a reader of the figures must know.
        further: Figures that are no mean over items.
        answers: How lm-eval's values became answers: of answer ranking {"scores": "log-likelihood per byte" or "as given"}.
        task_hash: lm-eval's hash over rows, prompts and targets; None where there is none.
        local: Arguments of the model that name a file or folder of the machine that it ran on.
    """

    task: str
    entry: EncoderTask
    version: str | Unknown = UNKNOWN
    rows: int | Unknown = UNKNOWN
    rows_in_all: int | Unknown = UNKNOWN
    num_fewshot: int | Unknown = UNKNOWN
    output_type: str | Unknown = UNKNOWN
    generation: Mapping[str, Any] | Unknown = UNKNOWN
    prompt: Mapping[str, Any] = field(default_factory=dict)
    signature: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    stderr: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    further: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    task_hash: str | None = None
    local: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemSample:
    """One item of an encoder task, answered once.

    Attributes:
        task: Name of the task.
        item: The item, as the samples file has it.
        answer: The answer as a JSON value (each kind of task says which); None where there is none.
        metrics: Metric name to value, as the samples file has them.
        response: What a causal model wrote, of entities; None for others.
        prompt: What a causal model was sent; None for encoders and where the file doesn't say. Of a question in several
            rotations, that of the first one that is there.
        rotations: Of such a question, each rotation that is there to what was sent in it; empty for others.
    """

    task: str
    item: Item
    answer: Any = field(hash=False)
    metrics: Mapping[str, float] = field(hash=False)
    response: str | None = None
    prompt: str | None = None
    rotations: Mapping[int, str | None] = field(default_factory=dict, hash=False)

    @property
    def id(self) -> int:
        """Id of the item."""
        return self.item.id
