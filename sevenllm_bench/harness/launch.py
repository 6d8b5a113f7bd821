"""lm-eval's own command line, with our tasks and models registered and without the index of lm-eval's other tasks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lm_eval.__main__
import lm_eval.tasks
from lm_eval.tasks import TaskManager

from sevenllm_bench.errors import ConfigError, nearest, unknown_options
from sevenllm_bench.harness import encoder_model, replay  # noqa: F401  (registers the models)
from sevenllm_bench.harness.model_errors import explain
from sevenllm_bench.harness.yamls import encoder_task_names, group_names, leaf_names, llm_task_names, variant_names, yaml_folder

PROGRAM = "sevenllm-bench eval"
EXAMPLES = f"""\
examples:
  {PROGRAM} --model hf --model_args pretrained=ORG/NAME --tasks sevenllm \\
      --output_path results --log_samples
  {PROGRAM} --model hf --model_args pretrained=ORG/NAME --tasks 'sevenllm_*' \\
      --metadata dataset=embedded --limit 5
  {PROGRAM} run --help     # every option
  {PROGRAM} ls subtasks    # the tasks
"""


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


class SEvenLLMCommandLine(lm_eval.__main__.HarnessCLI):
    """lm-eval's command line under the name that was typed, with examples of tasks that it knows."""

    def __init__(self) -> None:
        """Name the parsers."""
        super().__init__()
        for parser in (self._parser, *self._subparsers.choices.values()):
            parser.prog = parser.prog.replace("lm-eval", PROGRAM)
            parser.usage = parser.usage and parser.usage.replace("lm-eval", PROGRAM)
            parser.epilog = EXAMPLES
            for action in parser._actions:
                action.help = action.help and action.help.replace("'lm-eval ls", f"'{PROGRAM} ls")
        self._error = self._parser.error
        self._parser.error = self._error_with_hint

    def _error_with_hint(self, message: str) -> None:
        """lm-eval's message, and the command or the options nearest to those that it doesn't know."""
        words, commands = sys.argv[1:], self._subparsers.choices  # the first may be a "run" that lm-eval put there
        odd = [word for word in words[:2] if word not in commands and not word.startswith("-")]
        near = [f"did you mean {found}?" for word in odd if (found := nearest(word, commands))]
        hints = unknown_options(words, commands.get(next(iter(words), ""), self._parser)._option_string_actions)
        self._error("; ".join([message, *near, *hints]))


def launch(arguments: Sequence[str]) -> None:
    """Run `lm_eval ARGUMENTS…` in this process.

    lm-eval has no hook for another task manager or parser, so their names are rebound before the command line looks them up.
    """
    lm_eval.tasks.TaskManager = SEvenLLMTaskManager
    lm_eval.__main__.HarnessCLI = SEvenLLMCommandLine
    sys.argv = ["lm_eval", *arguments]
    try:
        lm_eval.__main__.cli_evaluate()
    except Exception as error:
        explained = explain(error)
        if explained:
            raise explained from None
        if not isinstance(error, (ValueError, KeyError)) or not _is_of_the_command_line(error):
            raise
        raise ConfigError(f"lm_eval: {str(error).strip()}{_hint(str(error))}") from None


def _hint(message: str) -> str:
    """What to add to lm-eval's message where it doesn't know a task: the nearest of ours, and where other tasks are known."""
    _, found, names = message.partition("asks not found:")
    if not found:
        return ""
    known = [*leaf_names(), *group_names(), *variant_names(), *encoder_task_names(), *llm_task_names()]
    near = [task for name in names.split(",") if (task := nearest(name.strip(), known))]
    mean = f"; did you mean {' and '.join(dict.fromkeys(near))}?" if near else ""
    return f"{mean} (this command knows SEvenLLM's tasks and those of --include_path; for others use lm_eval)"


def _is_of_the_command_line(error: BaseException) -> bool:
    """Whether lm-eval raised it while reading its command line, so that a traceback doesn't help."""
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    name = frame.tb_frame.f_globals.get("__name__", "") if frame else ""
    return str(name).startswith(("lm_eval.config", "lm_eval._cli", "lm_eval.api.registry"))
