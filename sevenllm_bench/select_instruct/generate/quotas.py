"""How the tasks of a text are spread over its excerpts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sevenllm_bench.catalog import KINDS, Kind
from sevenllm_bench.select_instruct.corpus_records import TaskChoice
from sevenllm_bench.select_instruct.settings.build_config import SelectSection


def most_per_text(settings: SelectSection) -> dict[Kind, int]:
    """Most tasks of each kind per text."""
    return {"understanding": settings.extraction, "generation": settings.generation, "mcq": settings.mcq}


def most_per_excerpt(settings: SelectSection, excerpts: int) -> dict[Kind, int]:
    """Most tasks of each kind that the model is asked for per excerpt.

    That is an even share of the text's and one more, so that a rich excerpt can give what a poor one doesn't.
    """
    return {kind: min(most, math.ceil(most / max(excerpts, 1)) + 1) for kind, most in most_per_text(settings).items()}


def spread(picked: Sequence[Sequence[TaskChoice]], settings: SelectSection) -> list[tuple[TaskChoice, ...]]:
    """The choices that are kept, by excerpt.

    Args:
        picked: What the model picked for each excerpt of one text, best first.
        settings: Most of each kind per text.

    Returns:
        For each kind the excerpts take turns, in their order: each keeps its best choice whose task no excerpt of the text
        has yet for that kind, until the text has its most or no choice is left.
    """
    kept: list[list[TaskChoice]] = [[] for _ in picked]
    most = most_per_text(settings)
    for kind in KINDS:
        queues = [[choice for choice in choices if choice.kind == kind] for choices in picked]
        taken: set[str] = set()
        while len(taken) < most[kind] and any(queues):
            for place, queue in enumerate(queues):
                choice = _next(queue, taken)
                if choice and len(taken) < most[kind]:
                    taken.add(choice.task)
                    kept[place].append(choice)
    return [tuple(choices) for choices in kept]


def _next(queue: list[TaskChoice], taken: set[str]) -> TaskChoice | None:
    while queue:
        choice = queue.pop(0)
        if choice.task not in taken:
            return choice
    return None
