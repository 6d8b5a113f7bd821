"""Answers through Inspect: a model that answers each row from a function, and a log of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspect_ai import eval as run_tasks
from inspect_ai.model import ModelOutput, ModelUsage, get_model


def write_log(task, answer, folder: Path, log_format: str = "json", **arguments) -> Path:
    """Evaluate a task of ours with Inspect's own model for tests.

    Args:
        task: The task.
        answer: Row's id to text.
        folder: Where the log goes.
        log_format: "json" or "eval" (packed).
        **arguments: For Inspect.

    Returns:
        The log.
    """
    ids = {sample.input: sample.id for sample in task.dataset}

    def output(prompt, tools, tool_choice, config):
        # With a usage of its own, or Inspect would count tokens with a tokenizer that it downloads.
        written = ModelOutput.from_content("mockllm/model", answer(ids[prompt[0].text]))
        written.usage = ModelUsage()
        return written

    model = get_model("mockllm/model", custom_outputs=output, memoize=False)
    options = {"display": "none", "log_level": "error", "log_format": log_format, "log_dir": str(folder), **arguments}
    with _logging_kept():
        log = run_tasks(task, model=model, **options)[0]
    assert log.status == "success", log.error
    return Path(log.location.removeprefix("file://"))


@contextmanager
def _logging_kept() -> Iterator[None]:
    """Inspect takes the messages of the package whose tasks it runs from everybody else: not beyond this run."""
    loggers = [logging.getLogger(), logging.getLogger("sevenllm_bench")]
    before = [(logger.level, logger.propagate, list(logger.handlers)) for logger in loggers]
    try:
        yield
    finally:
        for logger, (level, propagates, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.propagate, logger.handlers = propagates, handlers
