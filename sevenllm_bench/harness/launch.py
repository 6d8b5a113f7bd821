"""lm-eval's own command line, with our tasks and models registered and without the index of lm-eval's other tasks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lm_eval.tasks
from lm_eval.tasks import TaskManager

from sevenllm_bench.harness import replay  # noqa: F401  (registers the model)
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
    cli_evaluate()
