"""One row to be written: the question for it, and the draft from the reply."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.catalog import task_by_name
from sevenllm_bench.data.rows import LETTERS
from sevenllm_bench.llm.types import Request
from sevenllm_bench.select_instruct.corpus_records import Draft, Excerpt, ModelCall, TaskChoice
from sevenllm_bench.select_instruct.generate.bound_reply import check_of, read_bound
from sevenllm_bench.select_instruct.generate.corpus_prompts import Asked, Material, ask_for_row
from sevenllm_bench.select_instruct.generate.model_calls import ModelCalls
from sevenllm_bench.select_instruct.generate.option_letters import without_own_letters
from sevenllm_bench.select_instruct.generate.reply_schemas import WRITE_FORMATS, WRITTEN, WrittenQuestion


@dataclass(frozen=True, slots=True)
class Writing:
    """One row to be written."""

    excerpt: Excerpt
    choice: TaskChoice
    asked: Asked
    request: Request

    @property
    def id(self) -> str:
        """The draft's id."""
        return draft_id(self.excerpt, self.choice)


def draft_id(excerpt: Excerpt, choice: TaskChoice) -> str:
    """The id of the draft for a choice."""
    task = task_by_name(choice.task)
    return f"{excerpt.id}/{choice.kind}/{task.slug if task else choice.task}"


def writing(excerpt: Excerpt, choice: TaskChoice, calls: ModelCalls, seed: int) -> Writing:
    """The question for the row of a choice; how its instruction is to be worded follows from the seed and the row's id."""
    style = keyed_number(seed, "style", draft_id(excerpt, choice))
    asked = ask_for_row(Material(excerpt.language, excerpt.title, excerpt.text), choice, style)
    check = check_of(asked.code, WRITTEN[choice.kind])
    return Writing(excerpt, choice, asked, calls.request(asked.messages, check, WRITE_FORMATS[choice.kind]))


def draft_of(one: Writing, reply: str, call: ModelCall, seed: int) -> Draft:
    """The draft that a good reply holds."""
    excerpt, choice = one.excerpt, one.choice
    return Draft(
        id=one.id,
        text_id=excerpt.text_id,
        origin=excerpt.origin,
        language=excerpt.language,
        kind=choice.kind,
        category=choice.task,
        excerpt=excerpt.text,
        calls=(*excerpt.calls, call),
        **written_fields(reply, one.asked.code, one.id, choice, seed),
    )


def written_fields(reply: str, code: str, id_: str, choice: TaskChoice, seed: int) -> dict[str, Any]:
    """The fields of a draft that the model writes; letters of options are given by us."""
    written = read_bound(reply, code, WRITTEN[choice.kind])
    if not isinstance(written, WrittenQuestion):
        fields = {"instruction": written.instruction, "input": written.input, "thought": written.thought}
        return {**fields, "choices": {}, "output": written.answer}
    right, *wrong = without_own_letters((written.right, *written.wrong))
    place = keyed_number(seed, "letter", id_) % len(LETTERS)
    options = [*wrong[:place], right, *wrong[place:]]
    return {
        "instruction": written.question,
        "input": written.input,
        "thought": written.thought,
        "choices": dict(zip(LETTERS, options, strict=True)),
        "output": LETTERS[place],
    }


def keyed_number(seed: int, purpose: str, id_: str) -> int:
    """A number that follows from the seed, what it is for, and an id."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{purpose}:{id_}".encode()).digest()[:8], "big")
