"""The block `sevenllm` that our tasks add to a results file, in a task's `metadata`: written by the harness, read by `runs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sevenllm_bench.runs.untrusted import Fields
from sevenllm_bench.text.display import printable

#: The block's key in a task's metadata.
KEY = "sevenllm"

#: What a user can choose about every task, by `lm_eval --metadata` (see `harness.options`).
TASK_OPTIONS = (
    "dataset",
    "data_dir",
    "allow_modified",
    "rows",
    "prompt",
    "reasoning_end",
    "semantic_model",
    "semantic_force",
    "judge",
    "judge_budget_usd",
    "judge_concurrency",
    "judge_timeout",
    "judge_attempts",
    "judge_max_tokens",
    "judge_extra_body",
    "stress_seed",
)


@dataclass(frozen=True, slots=True)
class RunBlock:
    """What our tasks say of one task of a run.

    Attributes:
        signature: What identifies its figures (see `metrics.signature`).
        prompt: {"name", "version", "sha256"} of the prompt; empty where it isn't known.
        answers: How its answers were read ("read_as", with counts) how many look cut off ("look_cut_off"), and
            how many look like reasoning of a form that isn't known ("look_like_reasoning").
        embedded_texts: Texts embedded for semantic similarity, and how many the model cut; empty without one.
        judge: How answers were judged, with the reasons for unscored ones; empty without a judge.
        local: Arguments of the model that name a file or folder of the machine that it ran on ("pretrained", "peft").
        cost: What an encoder's answers cost (see `encoders.encoding_cost`); empty where it isn't known.
        notes: What a reader of an encoder's figures must know, a sentence each.
        further: Figures of an encoder task that are no mean over items.
    """

    signature: Mapping[str, Any] = field(default_factory=dict)
    prompt: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    embedded_texts: Mapping[str, Any] = field(default_factory=dict)
    judge: Mapping[str, Any] = field(default_factory=dict)
    local: tuple[str, ...] = ()
    cost: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    further: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The block in a results file; what is empty is left out."""
        signature = {**self.signature, "prompt": dict(self.prompt)}
        parts = {name: part for name, part in asdict(self).items() if part and name not in ("signature", "prompt")}
        return {"signature": signature, **parts}


def read_block(metadata: Fields) -> RunBlock:
    """The block in a task's metadata; what is missing or of the wrong type is empty, and wrong types are problems."""
    block = metadata.object(KEY)
    signature = block.object("signature")
    return RunBlock(
        signature={key: value for key, value in signature.values.items() if key != "prompt"},
        prompt=signature.object("prompt").values,
        answers=block.object("answers").values,
        embedded_texts=block.object("embedded_texts").values,
        judge=block.object("judge").values,
        local=_texts(block.values.get("local"), 60),
        cost=block.object("cost").values,
        notes=_texts(block.values.get("notes"), 400),
        further=block.object("further").values,
    )


def _texts(value: Any, longest: int) -> tuple[str, ...]:
    return tuple(printable(text, longest) for text in value[:100]) if isinstance(value, list) else ()
