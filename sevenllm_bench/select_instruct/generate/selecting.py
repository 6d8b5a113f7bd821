"""One excerpt, the question which tasks fit it, and the tasks that a reply names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sevenllm_bench.catalog import Kind
from sevenllm_bench.llm.types import Request
from sevenllm_bench.select_instruct.corpus_records import Excerpt, SourceText, TaskChoice
from sevenllm_bench.select_instruct.generate.bound_reply import check_of, read_bound
from sevenllm_bench.select_instruct.generate.corpus_prompts import Asked, Material, ask_for_tasks
from sevenllm_bench.select_instruct.generate.excerpts import cut
from sevenllm_bench.select_instruct.generate.model_calls import ModelCalls
from sevenllm_bench.select_instruct.generate.quotas import most_per_excerpt
from sevenllm_bench.select_instruct.generate.reply_schemas import SELECT_FORMAT, PickedTask, PickedTasks
from sevenllm_bench.select_instruct.generate.task_names import task_meant
from sevenllm_bench.select_instruct.settings.build_config import SelectSection


@dataclass(frozen=True, slots=True)
class Selecting:
    """One excerpt and the question about it."""

    excerpt: Excerpt
    asked: Asked
    request: Request


@dataclass(frozen=True, slots=True)
class Picked:
    """What a reply picks for an excerpt.

    Attributes:
        choices: With names of the catalogue, no task twice for a kind.
        refused: Names that are none of the catalogue's, nor nearly so.
        repaired: Choices whose name was nearly one of the catalogue's.
    """

    choices: tuple[TaskChoice, ...] = ()
    refused: tuple[str, ...] = ()
    repaired: int = 0


def selecting(text: SourceText, settings: SelectSection, calls: ModelCalls) -> list[Selecting]:
    """The questions about a text, one for each excerpt."""
    excerpts = cut(text, settings)
    most = most_per_excerpt(settings, len(excerpts))
    found = []
    for excerpt in excerpts:
        material = Material(excerpt.language, excerpt.title, excerpt.text)
        asked = ask_for_tasks(material, (most["understanding"], most["generation"], most["mcq"]))
        request = calls.request(asked.messages, check_of(asked.code, PickedTasks), SELECT_FORMAT)
        found.append(Selecting(excerpt, asked, request))
    return found


def picked_by(one: Selecting, reply: str) -> Picked:
    """What a good reply picks; the kind of a task is the catalogue's, whatever list it is in."""
    tasks = read_bound(reply, one.asked.code, PickedTasks)
    named = [*_named((*tasks.extraction, *tasks.generation), None), *_named(tasks.mcq, "mcq")]
    choices: dict[tuple[Kind, str], TaskChoice] = {}
    for _, choice, _ in named:
        if choice:
            choices.setdefault((choice.kind, choice.task), choice)
    refused = tuple(name for name, choice, _ in named if choice is None)
    return Picked(tuple(choices.values()), refused, sum(repaired for _, _, repaired in named))


def _named(tasks: Sequence[PickedTask], kind: Kind | None) -> Iterator[tuple[str, TaskChoice | None, bool]]:
    for picked in tasks:
        task, repaired = task_meant(picked.task)
        choice = TaskChoice(kind=kind or task.kind, task=task.name, thought=picked.thought) if task else None
        yield picked.task, choice, repaired
