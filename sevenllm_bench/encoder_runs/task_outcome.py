"""What an encoder answered to the items of one task, and how that came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """The answers to one task.

    Attributes:
        task: The task.
        items: n items.
        answers: n answers, JSON values as samples files hold them (each kind of task says which); None where there is none.
        method: How the answers were made, for the signature: kind of encoder, revision, how long texts were read, tokens
            read, similarity, versions of the libraries. Two runs whose methods differ in what isn't the model are not alike.
        cost: See `EncodingCost.as_json`; with `stages` where several models took part.
        notes: Anything that a reader of the results must know, a sentence each: texts cut, a language that the model doesn't
            know, ties.
    """

    task: EncoderTask
    items: Sequence[Item]
    answers: Sequence[Any]
    method: Mapping[str, Any] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
