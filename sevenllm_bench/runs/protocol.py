"""How a run was made, apart from its model: what tells two runs of one model apart, as a key and in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from sevenllm_bench.catalog import leaf_of_task
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.runs.encoder_records import EncoderTaskRun
from sevenllm_bench.runs.inspect_record import SOURCE
from sevenllm_bench.runs.records import LeafRun, Model, Settings
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.text.display import printable

#: The tasks' own `max_gen_toks`.
_MOST_TOKENS = 2000
#: Arguments of models that change the prompt.
_OF_PROMPT = ("enable_thinking", "chat_template_args", "think_end_token", "add_bos_token")


def harness_words(version: object) -> str:
    """What evaluated a model, in words ("lm-eval 0.4.13", "inspect_ai 0.3.285"), from `Settings.lm_eval`."""
    shown = printable(version, 60)
    return shown if shown.startswith(SOURCE) else f"lm-eval {shown}"


def protocol_key(settings: Settings) -> str:
    """What of a run's settings another run must share to replace it, beside the model and `task_keys`."""
    names = ("limit", "chat_template", "system_instruction", "fewshot_as_multiturn", "seeds")
    return _key([getattr(settings, name) for name in names])


def task_keys(tasks: Mapping[str, LeafRun | EncoderTaskRun]) -> dict[str, str]:
    """What of each task another run must share to replace this one: shots, prompt, rows, generation."""
    return {name: _key([task.num_fewshot, task.prompt, *_rows(task), task.generation]) for name, task in tasks.items()}


def _rows(task: LeafRun | EncoderTaskRun) -> list[Any]:
    """What identifies a task's rows; audited ones are rows of the same file."""
    audit = dig(task.signature, "data", "audit")
    return [dig(task.signature, "data", "sha256"), *([f"audit {audit}"] if audit else [])]


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def words_of(model: Model, settings: Settings, leaves: Mapping[str, LeafRun | EncoderTaskRun]) -> list[str]:
    """`protocol_words` of a run."""
    names = ("limit", "chat_template", "system_instruction", "fewshot_as_multiturn")
    parts = ("num_fewshot", "prompt", "signature", "generation")
    tasks = {task: {name: getattr(leaf, name) for name in parts} for task, leaf in leaves.items()}
    return protocol_words(model.arguments, {name: getattr(settings, name) for name in names}, tasks)


def protocol_words(arguments: Any, settings: Mapping[str, Any], tasks: Mapping[str, Any]) -> list[str]:
    """A protocol in words: prompt, shots, and what isn't as usual, e.g. ["alpaca 1", "0-shot", "limit 5"].

    Args:
        arguments: The model's arguments.
        settings: `settings` of a manifest, or the same of a run; values may be of any type.
        tasks: Task to `num_fewshot`, `prompt`, `signature` and `generation`, likewise.
    """
    words = [_shared(tasks, "prompt", _prompt, "prompts differ"), _shared(tasks, "num_fewshot", _shots, "mixed shots")]
    for name, shown in (("chat_template", "chat template"), ("system_instruction", "system instruction")):
        value = settings.get(name)
        if isinstance(value, str) and value != "unknown":
            words.append(f"{shown} {printable(value, 9).removesuffix('…')}")
    if settings.get("fewshot_as_multiturn") is True and "0-shot" not in words:
        words.append("examples as turns")
    if (limit := finite(settings.get("limit"))) is not None:
        words.append(f"limit {limit:g}")
    given = arguments if isinstance(arguments, Mapping) else {}
    words += [f"{name}={printable(given[name], 40)}" for name in _OF_PROMPT if given.get(name) is not None]
    words += [_shared(tasks, "generation", _sampling, "mixed generation"), _one_of(set(_data(tasks)), "mixed rows")]
    return [word for word in words if word]


def _shared(tasks: Mapping[str, Any], key: str, in_words: Callable[[Any], str], mixed: str) -> str:
    """What all tasks say under `key`, in words; `mixed` where they differ."""
    said = (dig(task, key) for task in tasks.values())
    return _one_of({in_words(value) for value, _ in groupby(said)}, mixed)  # most are the same as the one before


def _one_of(different: set[str], mixed: str) -> str:
    return different.pop() if len(different) == 1 else mixed if different else ""


def _prompt(prompt: Any) -> str:
    if not isinstance(prompt, Mapping) or not prompt:
        return "unknown prompt"
    return f"{printable(prompt.get('name'), 30)} {printable(prompt.get('version'), 10)}"


def _shots(shots: Any) -> str:
    return f"{printable(shots, 12)}-shot" if isinstance(shots, int) else ""


def _sampling(generation: Any) -> str:
    """Generation arguments that aren't the tasks' own: sampling, and another room for the answer."""
    temperature, most = dig(generation, "temperature"), dig(generation, "max_gen_toks")
    words = []
    if dig(generation, "do_sample") is True or (isinstance(temperature, int | float) and temperature > 0):
        words.append(f"temperature {printable(temperature, 10)}")
    if isinstance(most, int) and most != _MOST_TOKENS:
        words.append(f"max_gen_toks {printable(most, 12)}")
    return ", ".join(words)


def _data(tasks: Mapping[str, Any]) -> Iterable[str]:
    """The rows, of tasks that have official ones, where they aren't the official file's."""
    last = None
    for name, task in tasks.items():
        data = dig(task, "signature", "data")
        if data == last:  # as of most tasks
            continue
        leaf, sha = leaf_of_task(name), dig(data, "sha256")
        if leaf and leaf.is_official and isinstance(sha, str):
            last = data
            audited = "audited rows" if dig(data, "audit") else ""
            yield audited if sha in (SHA256, SHA256_LF) else f"other rows {printable(sha[:8])}"
