"""Options that reach a task through `lm_eval --metadata key=value`, which lm-eval merges with the model's arguments."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.data.benchmark import ROW_CHOICES, SOURCES
from sevenllm_bench.encoders.sentence_embedder import EmbeddingModel, model_from
from sevenllm_bench.errors import ConfigError, nearest, unknown_name
from sevenllm_bench.judge.judge_choice import MODEL_VARIABLE as JUDGE_VARIABLE
from sevenllm_bench.judge.judge_choice import JudgeChoice, extra_body_text
from sevenllm_bench.noise.noisy_text import MOST_SEED
from sevenllm_bench.prompts import DEFAULT_STYLE, PromptStyle, style_by_name
from sevenllm_bench.runs.run_block import TASK_OPTIONS

logger = logging.getLogger("lm_eval.sevenllm")

#: Options of the judge that are numbers: the name of each in `JudgeChoice`, and its type.
_JUDGE_NUMBERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "judge_budget_usd": ("budget_usd", float),
    "judge_concurrency": ("concurrency", int),
    "judge_timeout": ("timeout_s", float),
    "judge_attempts": ("max_attempts", int),
    "judge_max_tokens": ("max_tokens", int),
}
_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no", "none", ""}


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What a user can choose about every SEvenLLM task.

    Attributes:
        dataset: "official", or "embedded" to run every leaf on this project's own rows.
        data_dir: Folder of the official file, or None.
        allow_modified: Whether to go on with an official file whose hash differs.
        prompt: How rows are put to the model.
        embedding: The model of the semantic metrics, or None for none.
        semantic_force: Whether an English-only embedding model may be used for Chinese.
        judge: The LLM judge, or None for none.
        reasoning_end: What ends a model's reasoning, for a form that isn't known; empty for the known ones.
        think_end_token: Whether lm-eval was told what ends the reasoning (a model argument), and leaves it out itself.
        rows: "all", or "audited" for the rows that the audit found sound.
        stress_seed: Seed of the noise of stress tasks, from 0 to 2**31 - 1.
    """

    dataset: str
    data_dir: str | None
    allow_modified: bool
    prompt: PromptStyle
    embedding: EmbeddingModel | None = None
    semantic_force: bool = False
    judge: JudgeChoice | None = None
    reasoning_end: str = ""
    think_end_token: bool = False
    rows: str = "all"
    stress_seed: int = 0


def read_options(metadata: Mapping[str, Any]) -> TaskOptions:
    """Read our options from a task's metadata; keys that are not ours are left alone.

    Raises:
        ConfigError: One of ours has a value that doesn't exist.
    """
    _warn_of_near_misses(metadata)
    dataset = str(metadata.get("dataset", "official"))
    if dataset not in SOURCES:
        raise ConfigError(unknown_name("dataset", dataset, SOURCES))
    rows = str(metadata.get("rows") or "all")
    if rows not in ROW_CHOICES:
        raise ConfigError(unknown_name("choice of rows", rows, ROW_CHOICES))
    if rows == "audited" and dataset != "official":
        raise ConfigError("rows=audited chooses among the official rows; leave out dataset=embedded, or rows=audited")
    data_dir = metadata.get("data_dir")
    return TaskOptions(
        dataset=dataset,
        data_dir=str(data_dir) if data_dir else None,
        allow_modified=_flag("allow_modified", metadata.get("allow_modified", False)),
        prompt=style_by_name(metadata.get("prompt", DEFAULT_STYLE)),
        embedding=model_from(metadata.get("semantic_model")),
        semantic_force=_flag("semantic_force", metadata.get("semantic_force", False)),
        judge=_judge(metadata),
        reasoning_end=str(metadata.get("reasoning_end") or ""),
        think_end_token=metadata.get("think_end_token") is not None,
        rows=rows,
        stress_seed=_seed(metadata.get("stress_seed", 0)),
    )


def _seed(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= MOST_SEED):
        raise ConfigError(f"stress_seed must be a whole number from 0 to {MOST_SEED}, found {value!r:.60}")
    return int(text)


def _judge(metadata: Mapping[str, Any]) -> JudgeChoice | None:
    model = str(metadata.get("judge") or os.environ.get(JUDGE_VARIABLE) or "").strip()
    if model.lower() in ("", "none"):
        return None
    numbers = {option: metadata[option] for option in _JUDGE_NUMBERS if metadata.get(option) is not None}
    try:
        given = {_JUDGE_NUMBERS[option][0]: _JUDGE_NUMBERS[option][1](value) for option, value in numbers.items()}
    except (TypeError, ValueError):
        found = ", ".join(f"{option}={value!r}" for option, value in numbers.items())
        raise ConfigError(
            "judge_budget_usd and judge_concurrency must be numbers, and so must judge_timeout, judge_attempts and "
            f"judge_max_tokens; found {found}"
        ) from None
    return JudgeChoice(model, extra_body=extra_body_text(metadata.get("judge_extra_body")), **given)


@functools.cache
def _warn(key: str, near: str) -> None:
    logger.warning("--metadata %s: not an option of SEvenLLM tasks, and ignored; did you mean %s?", key, near)


def _warn_of_near_misses(metadata: Mapping[str, Any]) -> None:
    """Say once what looks like a slip: keys can't be refused, since the model's arguments are among them."""
    for key in metadata:
        near = nearest(key, TASK_OPTIONS, cutoff=0.75)
        if near and key not in TASK_OPTIONS:
            _warn(key, near)


def _flag(name: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ConfigError(f"{name} must be true or false, found {value!r}")
    return text in _TRUE
