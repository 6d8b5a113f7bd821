"""What replies must look like: for the server as JSON schemas, for us as pydantic models."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from sevenllm_bench.catalog import Kind
from sevenllm_bench.text.leaf_values import leaf_values
from sevenllm_bench.text.unicode import encodable

_TEXT: dict[str, Any] = {"type": "string"}
#: Levels of objects and lists in an answer.
_MOST_LEVELS = 8


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": False}


def _format(name: str, properties: Mapping[str, Any], strict: bool = True) -> dict[str, Any]:
    schema = _object({"code": _TEXT, **properties})
    return {"type": "json_schema", "json_schema": {"name": name, "strict": strict, "schema": schema}}


_PICKED = {"type": "array", "items": _object({"task": _TEXT, "thought": _TEXT})}
SELECT_FORMAT = _format("tasks", {"extraction": _PICKED, "generation": _PICKED, "mcq": _PICKED})

_ROW = {"instruction": _TEXT, "input": _TEXT, "thought": _TEXT}
_OPTIONS = {"question": _TEXT, "input": _TEXT, "right": _TEXT, "wrong": {"type": "array", "items": _TEXT}, "thought": _TEXT}
#: An extraction's answer has keys of its own choice, which a strict schema can't have.
WRITE_FORMATS: dict[Kind, dict[str, Any]] = {
    "understanding": _format("row", {**_ROW, "answer": {"type": "object"}}, strict=False),
    "generation": _format("row", {**_ROW, "answer": _TEXT}),
    "mcq": _format("question", _OPTIONS),
}


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return encodable(text.strip())


Written = Annotated[str, AfterValidator(_not_blank)]


class _ReplyPart(BaseModel):
    """Keys that aren't asked for are left out: models add some."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PickedTask(_ReplyPart):
    """A task that the model picked, by the name that it gave."""

    task: Written
    thought: Written


def _nothing_as_empty(value: Any) -> Any:
    return [] if value is None else value


_Picked = Annotated[tuple[PickedTask, ...], BeforeValidator(_nothing_as_empty), Field(max_length=60)]


class PickedTasks(_ReplyPart):
    """The reply to the question which tasks fit."""

    extraction: _Picked = ()
    generation: _Picked = ()
    mcq: _Picked = ()

    @model_validator(mode="before")
    @classmethod
    def _names_a_list(cls, value: Any) -> Any:
        if isinstance(value, dict) and not {"extraction", "generation", "mcq"} & value.keys():
            raise ValueError('it has none of the lists "extraction", "generation" and "mcq"')
        return value


class WrittenExtraction(_ReplyPart):
    """A row of extraction."""

    instruction: Written
    input: Written
    thought: Written
    answer: dict[str, Any]

    @field_validator("answer")
    @classmethod
    def _has_values(cls, answer: dict[str, Any]) -> dict[str, Any]:
        answer = writable(answer)
        if not any(value.strip() for value in leaf_values(answer)):
            raise ValueError("it has no values")
        return answer


def writable(value: Any) -> Any:
    """A JSON value of a reply as it can be written: without lone surrogates, in keys and in values.

    Raises:
        ValueError: It is too deep, or has a number that JSON has no form for.
    """
    if _levels(value) > _MOST_LEVELS:
        raise ValueError(f"it has more than {_MOST_LEVELS} levels")
    if isinstance(value, dict):
        return {encodable(str(key)): writable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [writable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("it has a number that is none, or is infinite")
    return encodable(value) if isinstance(value, str) else value


class WrittenAnalysis(_ReplyPart):
    """A row of analysis."""

    instruction: Written
    input: Written
    thought: Written
    answer: Written


class WrittenQuestion(_ReplyPart):
    """A multiple-choice question; which letter an option gets is not the model's choice."""

    question: Written
    input: Written
    right: Written
    wrong: Annotated[tuple[Written, ...], Field(min_length=3, max_length=3)]
    thought: Written

    @model_validator(mode="after")
    def _options_differ(self) -> WrittenQuestion:
        plain = {unicodedata.normalize("NFKC", option).casefold().strip(" .。") for option in (self.right, *self.wrong)}
        if len(plain) < 4:
            raise ValueError("two options are the same")
        return self


WRITTEN: dict[Kind, type[WrittenExtraction] | type[WrittenAnalysis] | type[WrittenQuestion]] = {
    "understanding": WrittenExtraction,
    "generation": WrittenAnalysis,
    "mcq": WrittenQuestion,
}


def _levels(value: Any) -> int:
    level, items = 0, [value]
    while level <= _MOST_LEVELS and (items := [item for item in items if isinstance(item, dict | list)]):
        level += 1
        items = [part for item in items for part in (item.values() if isinstance(item, dict) else item)]
    return level
