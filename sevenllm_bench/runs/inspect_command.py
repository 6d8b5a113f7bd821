"""The command that repeats a run of Inspect, put together from what its log says."""

from __future__ import annotations

from typing import Any

from sevenllm_bench.io.secrets import without_secrets
from sevenllm_bench.prompts import DEFAULT_STYLE
from sevenllm_bench.runs.command_words import option
from sevenllm_bench.runs.records import Run
from sevenllm_bench.text.display import printable


def inspect_words(run: Run) -> list[str]:
    """The words of the command."""
    languages = {leaf.leaf.language for leaf in run.leaves.values()}
    task = "sevenllm" if len(languages) > 1 else f"sevenllm_{next(iter(languages), 'en')}"
    arguments: dict[str, Any] = without_secrets(dict(run.model.arguments))
    words = [
        "inspect",
        "eval",
        f"sevenllm_bench/{task}",
        *option("--model", printable(arguments.pop("model", run.model.name), 400)),
    ]
    for name, value in arguments.items():
        if isinstance(value, (str, int, float, bool)):
            words += ["-M", f"{printable(name, 80)}={printable(value, 400)}"]
    words += ["-T", "dataset=embedded"] if run.source == "embedded" else []
    prompts = {str(leaf.prompt.get("name")) for leaf in run.leaves.values()} - {DEFAULT_STYLE}
    words += ["-T", f"prompt={printable(min(prompts), 40)}"] if len(prompts) == 1 else []
    if isinstance(run.settings.limit, int | float):
        words += ["--limit", f"{run.settings.limit:g}"]
    return words
