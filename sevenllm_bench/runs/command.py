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
from sevenllm_bench.io.secrets import REMOVED, without_secrets
from sevenllm_bench.runs.command_words import option, path_word
from sevenllm_bench.runs.encoder_command import encoder_command_notes, encoder_words
from sevenllm_bench.runs.inspect_command import inspect_words
from sevenllm_bench.runs.inspect_record import SOURCE
from sevenllm_bench.runs.model_name import ENCODER_MODEL, ENCODER_RUN_MODEL
from sevenllm_bench.runs.protocol import harness_words
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.run_block import TASK_OPTIONS
from sevenllm_bench.runs.untrusted import Fields, Problems, read_json

#: A word that begins a line of the command as it is shown.
_OPTION = re.compile(r"--[a-z][a-z_-]*(?:=|$)")
#: Text that lm-eval reads as the same text from name=value; anything else is written as JSON.
_PLAIN = re.compile(r"(?!(?i:true|false|none|nan|infinity|inf)$)(?:\.{0,2}/)?[A-Za-z~](?:[\w./:@~ -]*[\w./:@~-])?", re.ASCII)
#: lm-eval's default for each seed.
_SEEDS = (("random_seed", 0), ("numpy_seed", 1234), ("torch_seed", 1234), ("fewshot_seed", 1234))


@dataclass(frozen=True, slots=True)
class Command:
    """How to repeat a run.

    Attributes:
        words: The program and its arguments; empty where the run can't be repeated from what is known.
        notes: What the command can't say.
    """

    words: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The command for a shell, in one line."""
        return shlex.join(self.words)

    @property
    def text(self) -> str:
        """The command for a shell, with a line per option, as one would write it."""
        lines = list(map(shlex.quote, self.words[:1]))
        for word in self.words[1:]:
            if _OPTION.match(word):
                lines.append(shlex.quote(word))
            else:
                lines[-1] += " " + shlex.quote(word)
        return " \\\n  ".join(lines)


def command_of(run: Run) -> Command:
    """The command for a run, with secrets in the model's arguments left out."""
    if run.origin == "predictions":
        rows = ("--dataset", "embedded") if run.source == "embedded" else ()
        return Command(
            ("sevenllm-bench", "score", path_word(run.path), *rows), ("Saved answers: how they were made isn't known.",)
        )
    if run.origin == "published":
        return Command((), run.notes)
    if run.model.source == ENCODER_RUN_MODEL:
        return Command(tuple(encoder_words(run)), tuple(encoder_command_notes(run)))
    if run.model.source == SOURCE:
        return Command(tuple(inspect_words(run)), ("Options of the model's provider beyond these are in the log.",))
    try:
        content = read_json(Path(run.path))
    except ResultsError as error:
        return Command((), (str(error),))
    fields = Fields(content, run.path, Problems())
    # lm-eval has no plug-ins for models, so that its own command doesn't know ours.
    ours = run.model.source in ("sevenllm-replay", ENCODER_MODEL)
    program = ["sevenllm-bench", "eval"] if ours else ["lm_eval"]
    words = [*program, *option("--model", run.model.source), *_model_arguments(run.model.arguments)]
    words += option("--tasks", _tasks(run.tasks))
    words += [*_template(fields), *_sampling(run, fields), *_metadata(run, fields), *_seeds(run)]
    words += ["--output_path", "results", "--log_samples"]
    return Command(tuple(words), tuple(_notes(run, fields)))


def _tasks(leaves: Iterable[str]) -> str:
    """The shortest name for a set of tasks."""
    found = set(leaves)
    if found == {leaf.name for leaf in LEAVES if leaf.is_official}:
        return "sevenllm"
    return "sevenllm_*" if found == {leaf.name for leaf in LEAVES} else ",".join(leaves)


def _model_arguments(arguments: Mapping[str, Any]) -> list[str]:
    if not arguments:
        return []
    shown = without_secrets(dict(arguments))
    if tuple(shown) == ("model_args",):  # as they were given, in one text
        return option("--model_args", str(shown["model_args"]))
    return option("--model_args", _pairs(shown))


def _pairs(values: Mapping[str, Any]) -> str:
    """Arguments as lm-eval reads them: name=value, or a JSON object where a value would be read as something else."""
    if all(value == REMOVED or isinstance(value, (bool, int)) or _PLAIN.fullmatch(str(value)) for value in values.values()):
        return ",".join(f"{name}={value}" for name, value in values.items())
    return json.dumps(values, ensure_ascii=False, default=str)


def _template(fields: Fields) -> list[str]:
    words = []
    if isinstance(fields.values.get("chat_template"), str):
        words.append("--apply_chat_template")
    instruction = fields.values.get("system_instruction")
    if isinstance(instruction, str):
        words += option("--system_instruction", instruction)
    if fields.values.get("fewshot_as_multiturn") is True:
        words.append("--fewshot_as_multiturn")
    return words


def _sampling(run: Run, fields: Fields) -> list[str]:
    config = fields.object("config")
    shots = {task.num_fewshot for task in run.tasks.values()}
    words = []
    if len(shots) == 1 and (number := shots.pop()):
        words += option("--num_fewshot", str(number))
    for name in ("batch_size", "limit"):
        value = config.values.get(name)
        if value is not None:
            words += option(f"--{name}", _number(value))
    generation = config.values.get("gen_kwargs")
    if generation:
        words += option("--gen_kwargs", json.dumps(generation, default=str) if isinstance(generation, dict) else str(generation))
    return words


def _number(value: Any) -> str:
    """A number as a command line has it: lm-eval records 3 rows as 3.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _metadata(run: Run, fields: Fields) -> list[str]:
    """The options of our tasks in force; lm-eval merges them with the model's arguments, which are left out here."""
    found: dict[str, Any] = {}
    for task in run.tasks:
        metadata = fields.object("configs").object(task).object("metadata").values
        found |= {name: metadata[name] for name in TASK_OPTIONS if name in metadata and name not in run.model.arguments}
    return option("--metadata", _pairs(found)) if found else []


def _seeds(run: Run) -> list[str]:
    seeds = run.settings.seeds
    if not isinstance(seeds, Mapping) or all(seeds.get(name, default) == default for name, default in _SEEDS):
        return []
    return option("--seed", ",".join(str(seeds.get(name, default)) for name, default in _SEEDS))


def _notes(run: Run, fields: Fields) -> Iterable[str]:
    if any(REMOVED in word for word in _model_arguments(run.model.arguments)):
        yield f"{REMOVED} stands for a key or password that the run was given."
    if len({task.num_fewshot for task in run.tasks.values()}) > 1:
        yield "Its tasks had different numbers of few-shot examples; repeat them task by task with --num_fewshot."
    if isinstance(fields.values.get("chat_template"), str):
        yield f"Chat template: sha256 {str(run.settings.chat_template)[:16]}; a template chosen by name must be named again."
    if run.settings.use_cache:
        yield f"The run used an answer cache ({run.settings.use_cache})."
    versions = [harness_words(run.settings.lm_eval), f"transformers {run.settings.transformers}"]
    yield f"Versions: {', '.join(versions)}."
