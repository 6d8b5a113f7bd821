"""A draft as a row of the training file, in SEvenLLM-Instruct's format, and what that format and our rules ask of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sevenllm_bench.catalog import Kind, Language
from sevenllm_bench.data.embedded import FIRST_ID
from sevenllm_bench.data.rows import FIELDS, OPENINGS, Row, parse_row
from sevenllm_bench.data.validate import row_problems
from sevenllm_bench.errors import DataError
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft
from sevenllm_bench.select_instruct.delivery.verbatim_values import written_as_in

#: Name of the check, in findings.
FORMAT = "format"

#: What stands between the opening words of an instruction and what is asked (format of the official file).
_AFTER_OPENING: dict[tuple[Language, Kind], str] = {
    ("en", "understanding"): " and return the results in json format: ",
    ("en", "generation"): " and return the result in text format: ",
    ("zh", "understanding"): "，返回json格式结果：",
    ("zh", "generation"): "，返回文本格式结果：",
}
_OPENING_OF = {ask: opening + _AFTER_OPENING[ask] for opening, ask in OPENINGS.items()}
_FULL_STOP: dict[Language, str] = {"en": ".", "zh": "。"}
#: Ends of prose that a full stop may follow; after others ("!", a colon) it would change what is said.
_MAY_BE_FOLLOWED = ")]）】》"


def as_delivered(draft: Draft) -> Draft:
    """The draft as it goes into the file: what differs from the format in its writing alone is adapted.

    Values of an extraction that differ from the input in case, white space or Unicode form only are written as the input
    writes them; prose without an end gets a full stop.
    """
    if draft.kind == "understanding":
        return draft.model_copy(update={"output": _each_value(draft.output, lambda value: written_as_in(value, draft.input))})
    if draft.kind == "generation" and isinstance(draft.output, str):
        return draft.model_copy(update={"output": _with_full_stop(draft.output.strip(), draft.language)})
    return draft


def training_record(draft: Draft, number: int) -> dict[str, Any]:
    """The line of the training file, with the id `number`.

    An extraction's output is a JSON string, an MCQ's instruction a JSON string of its question and options.
    """
    instruction, output = instruction_of(draft), draft.output
    return {
        "id": number,
        "category": draft.category,
        "instruction": instruction if isinstance(instruction, str) else _json(instruction),
        "input": draft.input,
        "thought": draft.thought,
        "output": _json(output) if draft.kind == "understanding" else output,
    }


def instruction_of(draft: Draft) -> str | dict[str, Any]:
    """What the row asks: the format's opening words and the instruction, or for an MCQ its question and options."""
    if draft.kind == "mcq":
        return {"question": draft.instruction, "choice": draft.choices}
    return _OPENING_OF[draft.language, draft.kind] + draft.instruction


def delivered_row(draft: Draft, number: int) -> Row:
    """The row that reading the file gives.

    Raises:
        DataError: The draft fits no row.
    """
    record = {**training_record(draft, number), "instruction": instruction_of(draft), "output": draft.output}
    return parse_row({name: record[name] for name in FIELDS}, draft.id, source="instruct")


def format_problems(draft: Draft) -> tuple[CheckFinding, ...]:
    """What keeps a draft (as `as_delivered` gives it) out of the file: the format's rules, and those of `data.validate`."""
    try:
        row = delivered_row(draft, FIRST_ID)
    except DataError as problem:
        return (_finding(str(problem).removeprefix(f"{draft.id}: ")),)
    return tuple(map(_finding, _row_findings(draft, row)))


def _row_findings(draft: Draft, row: Row) -> Iterator[str]:
    if (row.language, row.kind) != (draft.language, draft.kind):
        yield f"reads as {row.language} {row.kind}, not {draft.language} {draft.kind}: ask in the language of the text"
        return
    where = f"row {row.id} ({row.category}): "
    yield from (line.removeprefix(where) for line in row_problems(row))


def _finding(reason: str) -> CheckFinding:
    return CheckFinding(check=FORMAT, reason=reason)


def _each_value(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with every text in it changed; keys stay."""
    if isinstance(value, dict):
        return {key: _each_value(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each_value(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _with_full_stop(text: str, language: Language) -> str:
    ends_open = text and (text[-1].isalnum() or text[-1] in _MAY_BE_FOLLOWED)
    return text + _FULL_STOP[language] if ends_open else text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
