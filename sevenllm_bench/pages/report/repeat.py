"""How to repeat runs: commands, settings and signatures; what all of them share is said once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sevenllm_bench.figures.vocabulary import section_name, task_name
from sevenllm_bench.metrics.signature import signature_line
from sevenllm_bench.runs.command import command_of
from sevenllm_bench.runs.protocol import harness_words, words_of
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.unknown import Unknown

T = TypeVar("T")
#: Section or task in words, signature on one line, number of tasks that share it.
Signature = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A run's command, and what of its notes, settings and signatures not all runs have."""

    run: Run
    command: str
    notes: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Repeating:
    """The runs, and the notes, settings and signatures that all of several runs have."""

    runs: tuple[Repeated, ...]
    notes: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    signatures: tuple[Signature, ...]


def repeating(runs: Sequence[Run]) -> Repeating:
    """How to repeat runs.

    Args:
        runs: One or more, in the order in which they are shown.
    """
    commands = [command_of(run) for run in runs]
    notes = [tuple(command.notes) for command in commands]
    own_settings = [tuple(settings(run)) for run in runs]
    own_signatures = [tuple(signatures(run)) for run in runs]
    shared = _shared(notes), _shared(own_settings), _shared(own_signatures)
    return Repeating(
        tuple(
            Repeated(run, command.text, _without(note, shared[0]), _without(setting, shared[1]), _without(signed, shared[2]))
            for run, command, note, setting, signed in zip(runs, commands, notes, own_settings, own_signatures, strict=True)
        ),
        *shared,
    )


def _shared(lists: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
    if len(lists) < 2:
        return ()
    return tuple(one for one in lists[0] if all(one in other for other in lists[1:]))


def _without(found: Iterable[T], shared: Sequence[T]) -> tuple[T, ...]:
    return tuple(one for one in found if one not in shared)


def signatures(run: Run) -> list[tuple[str, str, int]]:
    """The signatures of a run's figures: section or task in words, signature on one line, number of tasks that share it."""
    found: dict[tuple[str, str], int] = {}
    for leaf in run.leaves.values():
        fields = {**leaf.signature, "prompt": dict(leaf.prompt), "fewshot": leaf.num_fewshot, "version": leaf.version}
        line = signature_line({name: value for name, value in fields.items() if value or value == 0})
        key = (section_name(f"{leaf.leaf.language}_{leaf.leaf.kind}"), line)
        found[key] = found.get(key, 0) + 1
    found |= {
        (task_name(name), signature_line({**task.signature, "prompt": dict(task.prompt), "version": task.version})): 1
        for name, task in run.encoder_tasks.items()
    }
    return [(section, line, count) for (section, line), count in found.items()]


def settings(run: Run) -> Iterable[tuple[str, str]]:
    """What else shaped a run, in words."""
    of = run.settings
    generation = {str(leaf.generation) for leaf in run.leaves.values() if not isinstance(leaf.generation, Unknown)}
    yield "model", run.model.identity.name
    yield "model type", run.model.source
    yield "model arguments", run.model.identity.noted or "none that may change an answer"
    yield "protocol", ", ".join(words_of(run.model, run.settings, run.tasks))
    yield "revision", f"{run.model.revision}" + (f", commit {run.model.sha}" if run.model.sha else "")
    yield "limit", "none" if of.limit is None else str(of.limit)
    yield "chat template", "none" if of.chat_template is None else str(of.chat_template)
    yield "system instruction", "none" if of.system_instruction is None else str(of.system_instruction)
    yield "generation", "; ".join(sorted(generation)) or "unknown"
    yield "data type", "none" if of.dtype is None else str(of.dtype)
    yield "versions", f"{harness_words(of.lm_eval)}, transformers {of.transformers}"
    yield "read from", run.path
    if run.older:
        yield "older runs there", f"{len(run.older)}, not read: {', '.join(run.older)}"
