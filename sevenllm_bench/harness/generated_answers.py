"""What every generated task of ours does with stop strings before, and with responses after, a model has written."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from lm_eval.api.instance import Instance

from sevenllm_bench.answers.final_text import with_reasoning_marked, with_thought_marked
from sevenllm_bench.harness.options import TaskOptions
from sevenllm_bench.prompts import TEMPLATE_PARTS
from sevenllm_bench.text.unicode import encodable

logger = logging.getLogger("lm_eval.sevenllm")

_CUT = (
    "Answers look cut off (%s), which lowers scores; max_gen_toks may be too small. "
    "The count for each task is in the results under configs, metadata, sevenllm, answers."
)
_SUSPECT = (
    "Answers look like reasoning of a form that isn't known (%s), and are scored as they are. If they are, say what ends it: "
    "--metadata reasoning_end=TEXT. The count for each task is in the results under configs, metadata, sevenllm, answers."
)
_warned: set[str] = set()


def _warn_once(count: int, where: str, message: str) -> None:
    if count and message not in _warned:
        _warned.add(message)
        logger.warning(message, where)


def warn_of_readings(task: str, answers: int, cut: int, suspect: int) -> None:
    """Say once per process that answers look cut off, and that they look like reasoning of a form that isn't known.

    Args:
        task: The task's name.
        answers: How many answers were read.
        cut: How many of them look cut off.
        suspect: How many look like reasoning.
    """
    _warn_once(cut, f"{task}: {cut} of {answers}", _CUT)
    _warn_once(suspect, f"{task}: {suspect} of {answers}", _SUSPECT)


def set_stop_strings(generation: dict[str, Any] | None, options: TaskOptions, chat_template: bool) -> None:
    """Put the prompt's stop strings in the place of the YAML's; with a chat template, only the model's own end stops it.

    Args:
        generation: The task's generation arguments, which are changed; strings of `--gen_kwargs` are left alone.
        options: The task's options.
        chat_template: Whether a chat template is applied.
    """
    if generation and generation.get("until") == list(TEMPLATE_PARTS):  # the YAML's own
        if chat_template:
            del generation["until"]  # not an empty list, which some servers refuse: lm-eval then uses the model's own end
        else:
            generation["until"] = options.prompt.stop_strings


def mark_openings(instances: Iterable[Instance], options: TaskOptions) -> None:
    """Put what the prompts opened before the responses, see `scored_response`; the instances are changed."""
    for instance in instances:
        instance.resps = [scored_response(instance, response, options) for response in instance.resps]


def answers_of(instances: Iterable[Instance]) -> list[tuple[int, str]]:
    """The answers after lm-eval's filters, with the ids of their documents: equal ones once, in the order of the instances."""
    found = ((instance.doc["id"], response) for instance in instances for response in instance.filtered_resps.values())
    return list(dict.fromkeys(found))


def scored_response(instance: Instance, response: Any, options: TaskOptions) -> Any:
    """A response as it is scored and written into the samples file: with what its prompt opened."""
    if response is None:  # of a server that gave no text; lm-eval would write it as the text "None"
        return ""
    if not isinstance(response, str):
        return response
    prompt = str(getattr(instance.args[0], "prompt", instance.args[0]))  # chat messages are JSON, in a tuple of one
    # With think_end_token lm-eval left the reasoning out, and what the prompt opened is closed.
    if options.reasoning_end or not options.think_end_token:
        response = with_reasoning_marked(prompt, response, options.reasoning_end)
    # A lone surrogate would keep lm-eval from writing the samples file.
    return encodable(with_thought_marked(prompt, response))
