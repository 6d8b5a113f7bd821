"""The command that repeats a run of `sevenllm-bench encoders`, put together from what its results file says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sevenllm_bench.runs.command_words import option, path_word
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.text.display import printable

#: Arguments of a pipeline, as the results name them, and the options that say them.
_PIPELINE = ("bi_encoder", "cross_encoder", "bm25_depth", "bi_encoder_depth", "long_texts", "batch_size", "device")
_RUN = ("kind", "long_texts", "batch_size", "device")


def encoder_words(run: Run) -> list[str]:
    """The words of the command; empty where MTEB ran the task, whose own call isn't known."""
    arguments = run.model.arguments
    if arguments.get("kind") == "mteb":
        return []
    words = ["sevenllm-bench", "encoders"]
    if "bm25" in arguments:
        words += ["pipeline", *([] if arguments["bm25"] else ["--no-bm25"]), *(["--fusion"] if arguments.get("fusion") else [])]
        words += _options(arguments, _PIPELINE)
        languages = {task.entry.language for task in run.encoder_tasks.values()}
        words += ["--language", str(languages.pop())] if len(languages) == 1 else []
    else:
        name, revision = printable(arguments.get("pretrained"), 400), arguments.get("revision")
        words += ["run", path_word(f"{name}@{printable(revision, 100)}" if revision else name), *_options(arguments, _RUN)]
        words += [word for task in run.encoder_tasks for word in ("--task", task)]
    if isinstance(run.settings.limit, int | float):
        words += ["--limit", f"{run.settings.limit:g}"]
    names = {dig(task.signature, "data", "name") for task in run.encoder_tasks.values()}
    words += ["--dataset", "embedded"] if names == {"sevenllm-bench embedded"} else []
    return [*words, "-o", "results"]


def encoder_command_notes(run: Run) -> Iterable[str]:
    """What the command can't say."""
    if run.model.arguments.get("kind") == "mteb":
        yield "MTEB ran it: mteb.evaluate with our task, and `sevenllm-bench encoders import-mteb`."
    if any(sample.item.source == "file" for sample in run.item_samples):
        yield "It was run on a file of functions: name it with --code."


def _options(arguments: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    given = ((name, arguments.get(name)) for name in names)
    return [
        word
        for name, value in given
        if value not in (None, "", False)
        for word in option(f"--{name.replace('_', '-')}", printable(value, 400))
    ]
