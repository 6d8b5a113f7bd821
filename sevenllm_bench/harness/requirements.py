"""The preflight of a run: when its first task is built, before the model has generated anything."""

from __future__ import annotations

import functools
import logging

from sevenllm_bench.catalog import Kind, Language
from sevenllm_bench.encoders.sentence_embedder import embedder_for
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.options import TaskOptions
from sevenllm_bench.judge.judge_choice import JudgeChoice
from sevenllm_bench.judge.llm_judge import judge_for
from sevenllm_bench.metrics.registry import OPTIONAL_FOR
from sevenllm_bench.preflight import Check, check_cache, check_data, require_extra, run_checks

logger = logging.getLogger("lm_eval.sevenllm")


def require(options: TaskOptions, official: bool, language: Language, kind: Kind) -> None:
    """Stop with all problems at once when something that scoring needs is missing; each set of options is checked once.

    Args:
        options: The run's options.
        official: Whether the task runs on official rows.
        language: The task's language.
        kind: The task's kind; MCQ needs neither embedding model nor judge.

    Raises:
        ConfigError: Something is missing; every problem is listed, with what to do.
    """
    scored = kind in OPTIONAL_FOR
    if options.embedding and scored:
        options.embedding.check_language(language, options.semantic_force)
    _stop_with(_problems(options, official, scored))


def require_data(options: TaskOptions, official: bool) -> None:
    """The same for a task that needs the rows alone.

    Raises:
        ConfigError: They are missing.
    """
    _stop_with(_problems(options, official, False))


def _stop_with(problems: tuple[str, ...]) -> None:
    if problems:
        raise ConfigError("before anything is generated, this has to be fixed:\n" + "\n".join(f"- {line}" for line in problems))


@functools.lru_cache(maxsize=16)
def _problems(options: TaskOptions, official: bool, scored: bool) -> tuple[str, ...]:
    return tuple(finding.text for finding in run_checks(_checks(options, official, scored)) if not finding.ok)


def _checks(options: TaskOptions, official: bool, scored: bool) -> list[Check]:
    checks: list[Check] = []
    if official:
        checks.append(("data", lambda: check_data(options.data_dir, options.allow_modified)))
    if scored and (options.embedding or options.judge):
        checks.append(("cache", check_cache))
    if scored and options.embedding:
        model = options.embedding
        checks.append(("embedding model", lambda: embedder_for(model).model.label))
    if scored and options.judge:
        choice = options.judge
        checks.append(("judge", lambda: _check_judge(choice)))
    return checks


def _check_judge(choice: JudgeChoice) -> str:
    require_extra("openai", "judge")
    judge = judge_for(choice)
    problem = judge.check().problem
    if problem:  # a weak judge may grade others
        logger.warning("The judge %s gave a plain answer no grade from 1 to 5 (%s)", judge.choice.model, problem)
    return judge.choice.model
