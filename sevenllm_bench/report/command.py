"""The command that repeats a run, put together from what its results file says."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import LEAVES
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.results.checked import Fields, Problems, read_json
from sevenllm_bench.results.records import Run

#: What `--metadata` can say about our tasks. lm-eval merges it with the model's arguments, which are left out here.
METADATA = (
    "dataset",
    "data_dir",
    "allow_modified",
    "prompt",
    "semantic_model",
    "semantic_force",
    "judge",
    "judge_budget_usd",
    "judge_concurrency",
)
_SECRET = re.compile(r"(^|_)(api_?key|token|secret|password|passwd|authorization|auth)$", re.IGNORECASE)
#: lm-eval's default for each seed.
_SEEDS = (("random_seed", 0), ("numpy_seed", 1234), ("torch_seed", 1234), ("fewshot_seed", 1234))


@dataclass(frozen=True, slots=True)
class Command:
    """How to repeat a run.

    Attributes:
        text: The command, for a shell; empty where the run can't be repeated from what is known.
        notes: What the command can't say.
    """

    text: str
    notes: tuple[str, ...] = ()


def command_of(run: Run) -> Command:
    """The command for a run, with secrets in the model's arguments left out."""
    if run.origin == "predictions":
        return Command(f"sevenllm-bench score {shlex.quote(run.path)}", ("Saved answers: how they were made isn't known.",))
    try:
        content = read_json(Path(run.path))
    except ResultsError as error:
        return Command("", (str(error),))
    fields = Fields(content, run.path, Problems())
    words = ["lm_eval", "--model", run.model.source, *_model_arguments(run.model.arguments)]
    words += ["--tasks", _tasks(run.leaves)]
    words += [*_template(fields), *_sampling(run, fields), *_metadata(run, fields), *_seeds(run)]
    words += ["--output_path", "results", "--log_samples"]
    return Command(_lines(words), tuple(_notes(run, fields)))


def _tasks(leaves: Iterable[str]) -> str:
    """The shortest name for a set of tasks."""
    found = set(leaves)
    if found == {leaf.name for leaf in LEAVES if leaf.is_official}:
        return "sevenllm"
    return "sevenllm_*" if found == {leaf.name for leaf in LEAVES} else ",".join(leaves)


def _model_arguments(arguments: Mapping[str, Any]) -> list[str]:
    if not arguments:
        return []
    if tuple(arguments) == ("model_args",):
        return ["--model_args", re.sub(r"((?:api_?key|token|secret|password)=)[^,]*", r"\1SECRET", str(arguments["model_args"]))]
    shown = {name: "SECRET" if _SECRET.search(name) else value for name, value in arguments.items()}
    if any(isinstance(value, (dict, list)) or "," in str(value) for value in shown.values()):
        return ["--model_args", json.dumps(shown, ensure_ascii=False, default=str)]
    return ["--model_args", ",".join(f"{name}={value}" for name, value in shown.items())]


def _template(fields: Fields) -> list[str]:
    words = []
    if isinstance(fields.values.get("chat_template"), str):
        words.append("--apply_chat_template")
    instruction = fields.values.get("system_instruction")
    if isinstance(instruction, str):
        words += ["--system_instruction", instruction]
    if fields.values.get("fewshot_as_multiturn") is True:
        words.append("--fewshot_as_multiturn")
    return words


def _sampling(run: Run, fields: Fields) -> list[str]:
    config = fields.object("config")
    shots = {leaf.num_fewshot for leaf in run.leaves.values()}
    words = []
    if len(shots) == 1 and (number := shots.pop()):
        words += ["--num_fewshot", str(number)]
    for name in ("batch_size", "limit"):
        value = config.values.get(name)
        if value is not None:
            words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    generation = config.values.get("gen_kwargs")
    if generation:
        words += ["--gen_kwargs", json.dumps(generation, default=str) if isinstance(generation, dict) else str(generation)]
    return words


def _metadata(run: Run, fields: Fields) -> list[str]:
    """The options of our tasks in force; `dataset=embedded` where it was given stands among them."""
    found: dict[str, Any] = {}
    for task in run.leaves:
        metadata = fields.object("configs").object(task).object("metadata").values
        found |= {name: metadata[name] for name in METADATA if name in metadata and name not in run.model.arguments}
    return ["--metadata", ",".join(f"{name}={value}" for name, value in found.items())] if found else []


def _seeds(run: Run) -> list[str]:
    seeds = run.settings.seeds
    if not isinstance(seeds, Mapping) or all(seeds.get(name, default) == default for name, default in _SEEDS):
        return []
    return ["--seed", ",".join(str(seeds.get(name, default)) for name, default in _SEEDS)]


def _notes(run: Run, fields: Fields) -> Iterable[str]:
    if any(_SECRET.search(name) for name in run.model.arguments):
        yield "SECRET stands for what the run was given."
    if len({leaf.num_fewshot for leaf in run.leaves.values()}) > 1:
        yield "Its tasks had different numbers of few-shot examples; repeat them task by task with --num_fewshot."
    if isinstance(fields.values.get("chat_template"), str):
        yield f"Chat template: sha256 {str(run.settings.chat_template)[:16]}; a template chosen by name must be named again."
    if run.settings.use_cache:
        yield f"The run used an answer cache ({run.settings.use_cache})."
    versions = [f"lm-eval {run.settings.lm_eval}", f"transformers {run.settings.transformers}"]
    yield f"Versions: {', '.join(versions)}."


def _lines(words: list[str]) -> str:
    """The command with a line per option, as one would write it."""
    lines = [words[0]]
    for word in words[1:]:
        if word.startswith("--"):
            lines.append(word)
        else:
            lines[-1] += " " + shlex.quote(word)
    return " \\\n  ".join(lines)
