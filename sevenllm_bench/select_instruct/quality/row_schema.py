"""The form of a row: what each kind of task must hold, and bounds on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sevenllm_bench.catalog import task_by_name
from sevenllm_bench.data.rows import LETTERS
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.quality.draft_check import shown
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.text.display import hidden_character
from sevenllm_bench.text.leaf_values import keys_of, leaf_values

#: Levels of objects and lists in an answer, and values in it; official references have 4 and 46 at most.
_MOST_LEVELS, _MOST_VALUES = 6, 200
_MOST_KEY = 120


class SchemaCheck:
    """Each field is there, in the form that its kind of task has."""

    name = "schema"

    def problem(self, draft: Draft, settings: QualitySection) -> CheckFinding | None:
        """The first fault of form."""
        reason = next(_faults(draft), None)
        return CheckFinding(check=self.name, reason=reason) if reason else None


def _faults(draft: Draft) -> Iterator[str]:
    for field in ("instruction", "input", "thought"):
        if not getattr(draft, field).strip():
            yield f"the {field} is empty"
    task = task_by_name(draft.category)
    if task is None:
        yield f"{shown(draft.category)} is none of the 28 tasks"
    elif draft.kind != "mcq" and task.kind != draft.kind:
        yield f"{draft.category} is a task of {task.kind}, not of {draft.kind}"
    if draft.kind == "mcq":
        yield from _question_faults(draft)
    elif draft.choices:
        yield "only a multiple-choice question has options"
    elif draft.kind == "generation":
        if not isinstance(draft.output, str):
            yield "the output must be prose, not JSON"
        elif not draft.output.strip():
            yield "the output is empty"
    else:
        yield from _extraction_faults(draft.output)
    yield from _hidden_characters(draft)


def _hidden_characters(draft: Draft) -> Iterator[str]:
    """Controls, marks of direction and the like that the model wrote; those of the input may be copied."""
    values = [] if draft.kind == "mcq" else [*leaf_values(draft.output), *keys_of(draft.output)]
    output = "\n".join([*draft.choices.values(), *values])
    for part, text in (("instruction", draft.instruction), ("thought", draft.thought), ("output", output)):
        if hidden := hidden_character(text, draft.input):
            yield f"the {part} has a character that can't be seen or read: {hidden}"


def _question_faults(draft: Draft) -> Iterator[str]:
    if tuple(sorted(draft.choices)) != LETTERS:
        yield "a multiple-choice question has exactly the options A, B, C and D"
    if any(not text.strip() for text in draft.choices.values()):
        yield "an option is empty"
    if not isinstance(draft.output, str) or draft.output not in LETTERS:
        yield "the output must be one letter: A, B, C or D"


def _extraction_faults(output: Any) -> Iterator[str]:
    if not isinstance(output, dict | list):
        yield "the output must be a JSON object with values, not prose"
        return
    if _levels(output) > _MOST_LEVELS:
        yield f"the output has more than {_MOST_LEVELS} levels"
        return
    values = leaf_values(output)
    if not values:
        yield "the output has no values"
    elif len(values) > _MOST_VALUES:
        yield f"the output has {len(values)} values; {_MOST_VALUES} are allowed"
    if any(not value.strip() for value in values):
        yield "a value of the output is empty"
    if isinstance(output, list) and not all(isinstance(item, dict | list) for item in output):
        yield "the output must be an object with named values, not a list"
    key = next((key for key in _keys(output) if not key.strip() or len(key) > _MOST_KEY), None)
    if key is not None:
        yield "a key of the output is empty" if not key.strip() else f"a key of the output is too long: {shown(key)}"


def _levels(value: Any) -> int:
    """Levels of containers; counting ends above the most that are allowed."""
    level, items = 0, [value]
    while level <= _MOST_LEVELS and (items := [item for item in items if isinstance(item, dict | list)]):
        level += 1
        items = [part for item in items for part in (item.values() if isinstance(item, dict) else item)]
    return level


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)
