"""lm-eval's own command line, with our tasks and models registered and without the index of lm-eval's other tasks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lm_eval.tasks
from lm_eval.tasks import TaskManager

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness import encoder_model, replay  # noqa: F401  (registers the models)
from sevenllm_bench.harness.model_errors import explain
from sevenllm_bench.harness.yamls import yaml_folder


class SEvenLLMTaskManager(TaskManager):
    """A task manager that knows our tasks and those of `--include_path`, and skips lm-eval's 14,000 others."""

    def __init__(self, include_path: str | Path | list[str | Path] | None = None, **kwargs: Any) -> None:
        """Index our folder, then the user's.

        Args:
            include_path: Further folders with task YAMLs.
            **kwargs: As for `TaskManager`; `include_defaults` is always False.
        """
        own: list[str | Path] = (
            [] if include_path is None else list(include_path) if isinstance(include_path, list) else [include_path]
        )
        super().__init__(include_path=[yaml_folder(), *own], **{**kwargs, "include_defaults": False})


def launch(arguments: Sequence[str]) -> None:
    """Run `lm_eval ARGUMENTS…` in this process.

    lm-eval has no hook for another task manager, so its name is rebound before the command line looks it up.
    """
    from lm_eval.__main__ import cli_evaluate

    lm_eval.tasks.TaskManager = SEvenLLMTaskManager
    sys.argv = ["lm_eval", *arguments]
    try:
        cli_evaluate()
    except Exception as error:
        explained = explain(error)
        if explained:
            raise explained from None
        if not isinstance(error, (ValueError, KeyError)) or not _is_of_the_command_line(error):
            raise
        unknown = "asks not found" in str(error)
        hint = " (this command knows SEvenLLM's tasks and those of --include_path; for others use lm_eval)" if unknown else ""
        raise ConfigError(f"lm_eval: {str(error).strip()}{hint}") from None


def _is_of_the_command_line(error: BaseException) -> bool:
    """Whether lm-eval raised it while reading its command line, so that a traceback doesn't help."""
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    name = frame.tb_frame.f_globals.get("__name__", "") if frame else ""
    return str(name).startswith(("lm_eval.config", "lm_eval._cli", "lm_eval.api.registry"))
