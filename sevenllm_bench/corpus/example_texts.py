"""Everything that a training example shows to a model, as texts by the field that they are in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.data.rows import Row
from sevenllm_bench.text.leaf_values import keys_of, leaf_values

#: What trains a model: a row of SEvenLLM, or a conversation of another instruction set.
Example = Row | Conversation


#: Keys of JSON are a text of their own where they are together that long: shorter ones are names.
_LONG_KEYS = 40
#: Turns shorter than this are read in one, too, where there are more than so many: each shows too little of a text.
_SHORT_TURN, _FEW_TURNS = 400, 4


def texts_of(example: Example) -> Iterator[tuple[str, str]]:
    """Name and text of each field of an example; turns of a conversation are "turn 1" and so on."""
    for name, value in _fields(example):
        yield name, plain_text(value)
        keys = "\n".join(keys_of(_decoded(value) if isinstance(value, str) else value))
        if len(keys) >= _LONG_KEYS:
            yield f"keys of {name}", keys
    if isinstance(example, Conversation):
        short = [turn.text for turn in example.turns if len(turn.text) < _SHORT_TURN]
        if len(short) > _FEW_TURNS:
            yield "short turns", "\n".join(short)


def _fields(example: Example) -> Iterator[tuple[str, Any]]:
    if isinstance(example, Conversation):
        yield from ((f"turn {number}", turn.text) for number, turn in enumerate(example.turns, 1))
    else:
        yield from ((field, getattr(example, field)) for field in ("instruction", "input", "thought", "output"))


def questions_with_answers(example: Example) -> Iterator[tuple[str, str]]:
    """What is asked, and what is answered; for a conversation each turn of the user's with the next of the assistant's."""
    if isinstance(example, Row):
        yield plain_text(example.instruction), plain_text(example.output)
        return
    asked: list[str] = []
    for turn in example.turns:
        if turn.role == "user":
            asked.append(plain_text(turn.text))
        elif turn.role == "assistant":
            yield from ((question, plain_text(turn.text)) for question in asked)
            asked = []


def plain_text(value: Any) -> str:
    """A text as it is; of another value, or a text that is its JSON, the leaf values, each in a line."""
    if isinstance(value, str):
        value = _decoded(value)
    return value if isinstance(value, str) else "\n".join(leaf_values(value))


def _decoded(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, (dict, list)) else text
