"""One line of SEvenLLM-Instruct to one typed row: what can be repaired is repaired and counted, the rest is left out.

Facts about the format: `instruction` is a string, for MCQ a JSON *string* of {"question", "choice"}; `output` is a JSON
string for extraction, text for generation, a letter for MCQ.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sevenllm_bench.answers.final_text import as_text
from sevenllm_bench.answers.json_in_text import values_in_fences
from sevenllm_bench.answers.json_values import nesting, read_value
from sevenllm_bench.answers.letter import read_letter
from sevenllm_bench.catalog import Kind, Language, task_by_name
from sevenllm_bench.corpus.source.labels import OTHER, category_of
from sevenllm_bench.data.rows import FIELDS, LETTERS, OPENINGS, Row, language_of
from sevenllm_bench.text.near_json import MAX_DEPTH

_NOT_JSON = object()


class LeftOut(Exception):  # noqa: N818  (a finding, not a failure)
    """A line that gives no row.

    Attributes:
        reason: Why.
        row_id: The id on the line, if it is a number.
        broken: Whether the line is damaged or no row at all, which a genuine file has few of; not merely empty or unclear.
    """

    def __init__(self, reason: str, row_id: int | None = None, broken: bool = False) -> None:
        """Keep what is known of the line."""
        super().__init__(reason)
        self.reason, self.row_id, self.broken = reason, row_id, broken


@dataclass(slots=True)
class Notes:
    """What was normalised while reading.

    Attributes:
        counts: Kind of change: rows it was made in.
        labels: Labels that are no task name: label, then "category" (what it was mapped to) and "rows".
    """

    counts: Counter[str] = field(default_factory=Counter)
    labels: dict[str, dict[str, str | int]] = field(default_factory=dict)

    def label(self, label: str, category: str) -> None:
        """Count a label that is no task name."""
        entry = self.labels.setdefault(label[:100], {"category": category, "rows": 0})
        entry["rows"] = int(entry["rows"]) + 1


def read_record(line: bytes, notes: Notes) -> tuple[Row, int | None]:
    """The row on a line, and its id if it has one (`Row.id` is 0 without).

    Raises:
        LeftOut: The line gives no row; the reason is in it.
    """
    record = decode(line, ("instruction", "output"))
    row_id = record.get("id")
    row_id = row_id if isinstance(row_id, int) and not isinstance(row_id, bool) else None
    try:
        return _row(record, row_id or 0, notes), row_id
    except LeftOut as problem:
        problem.row_id = row_id
        raise


def decode(line: bytes, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON object on a line.

    Raises:
        LeftOut: There is none with these keys, or one that is nested too deeply to be worked with.
    """
    try:
        text = line.decode("utf-8")
        record = json.loads(text)
    except UnicodeDecodeError:
        raise LeftOut("not UTF-8", broken=True) from None
    except (ValueError, RecursionError):
        raise LeftOut("broken JSON", broken=True) from None
    if not isinstance(record, dict) or any(key not in record for key in keys):
        raise LeftOut("no JSON object" + f" with {' and '.join(keys)}" * bool(keys), broken=True)
    if any(isinstance(value, (dict, list)) for value in record.values()) and nesting(text) > MAX_DEPTH:
        raise LeftOut("nested too deeply", broken=True)
    # Lone surrogates can only come as escapes, and can't be written as UTF-8 again.
    return _without_surrogates(record) if "\\ud" in text.lower() else record


def _row(record: dict[str, Any], row_id: int, notes: Notes) -> Row:
    if any(key not in FIELDS for key in record):
        notes.counts["unknown fields ignored"] += 1
    instruction, output = _instruction(record["instruction"], notes), record["output"]
    if _is_empty(output):
        raise LeftOut("empty output")
    category = _category(record.get("category"), notes)
    language, kind = _ask(instruction, category, output)
    return Row(
        id=row_id,
        category=category,
        instruction=instruction,
        input=_text(record, "input", notes),
        thought=_text(record, "thought", notes),
        output=_output(output, kind, instruction, notes),
        language=language,
        kind=kind,
        source="instruct",
    )


def _is_empty(value: Any) -> bool:
    return value is None or value in ({}, []) or (isinstance(value, str) and not value.strip())


def _text(record: dict[str, Any], name: str, notes: Notes) -> str:
    value = record.get(name)
    if isinstance(value, str):
        return value
    notes.counts[f"{name} missing" if value is None else f"{name} is no text: its JSON"] += 1
    return "" if value is None else as_text(value)


def _category(label: Any, notes: Notes) -> str:
    if isinstance(label, str) and task_by_name(label):
        return label
    category = category_of(label) if isinstance(label, str) else OTHER
    notes.label(label if isinstance(label, str) else as_text(label), category)
    notes.counts["category unknown: Other" if category == OTHER else "category mapped to a task"] += 1
    return category


def _ask(instruction: str | dict[str, Any], category: str, output: Any) -> tuple[Language, Kind]:
    """Language and kind of what is asked, told as for benchmark rows; under "Other", the output tells the kind."""
    if isinstance(instruction, dict):
        return language_of(instruction["question"]), "mcq"
    opening = next((ask for words, ask in OPENINGS.items() if instruction.lstrip().startswith(words)), None)
    if opening:
        return opening
    task = task_by_name(category)
    if task:
        return language_of(instruction), task.kind
    value = _json_value(output)
    return language_of(instruction), "understanding" if isinstance(value, (dict, list)) else "generation"


# --- MCQ -------------------------------------------------------------------------------------------------------------


def _instruction(value: Any, notes: Notes) -> str | dict[str, Any]:
    """The task's text, or the MCQ that it holds as a JSON string or an object."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _json_value(value)
        if value is _NOT_JSON:
            raise LeftOut("MCQ instruction is no JSON")
    if isinstance(value, dict):
        return _mcq(value, notes)
    if not isinstance(value, str) or not value.strip():
        raise LeftOut("empty instruction")
    return value


def _mcq(value: dict[Any, Any], notes: Notes) -> dict[str, Any]:
    question, choice = value.get("question"), value.get("choice")
    if not isinstance(question, str) or not question.strip():
        raise LeftOut("MCQ without a question")
    options = _options(choice)
    if options != choice or list(options) != list(choice):
        notes.counts["MCQ options coerced to the texts A to D"] += 1
    return {"question": question, "choice": options}


def _options(choice: Any) -> dict[str, str]:
    """Options A to D as texts, from lower-case keys, numbers as texts, or a list of four."""
    if isinstance(choice, list) and len(choice) == len(LETTERS):
        choice = dict(zip(LETTERS, choice, strict=True))
    if not isinstance(choice, dict):
        raise LeftOut("MCQ without options")
    options = {key.strip().rstrip(".:)、").upper(): _option(option) for key, option in choice.items()}
    if len(choice) != len(LETTERS) or set(options) != set(LETTERS) or not all(options.values()):
        raise LeftOut("MCQ options are not A to D")
    return {letter: options[letter] for letter in LETTERS}


def _option(option: Any) -> str:
    if isinstance(option, (str, int, float)) and not isinstance(option, bool):
        return option if isinstance(option, str) and option.strip() else str(option).strip()
    return as_text(option) if isinstance(option, bool) else ""


# --- output ----------------------------------------------------------------------------------------------------------


def _output(output: Any, kind: Kind, instruction: str | dict[str, Any], notes: Notes) -> Any:
    if kind == "mcq":
        return _letter(output, instruction, notes)
    if kind == "understanding":
        return _extraction(output, notes)
    if not isinstance(output, str):
        notes.counts["generation output is no text: its JSON"] += 1
        return as_text(output)
    return output


def _letter(output: Any, instruction: str | dict[str, Any], notes: Notes) -> str:
    assert isinstance(instruction, dict)
    letter = read_letter(output, instruction["choice"])
    if letter is None:
        raise LeftOut("MCQ output names no single option")
    if output != letter:
        notes.counts["MCQ output is more than its letter"] += 1
    return letter


def _extraction(output: Any, notes: Notes) -> Any:
    value = _json_value(output)
    # A bare number keeps its spelling: the version "10.10" is not 10.1.
    if value is _NOT_JSON or (isinstance(output, str) and isinstance(value, (int, float))):
        notes.counts["extraction output is no JSON"] += 1
        return output if isinstance(output, str) else as_text(output)
    if _is_empty(value):
        raise LeftOut("empty output")
    if isinstance(output, str) and not _is_json_object(output):
        notes.counts["extraction output repaired to JSON"] += 1
    return value


def _is_json_object(text: str) -> bool:
    """Whether a text is an object or list as every JSON reader takes it."""
    try:
        return isinstance(json.loads(text), (dict, list))
    except ValueError:
        return False


def _json_value(output: Any) -> Any:
    """The JSON value that a string is; others as they are.

    Forgiven are raw line breaks, stray backslashes, Python literals, a code fence around it, and JSON within a JSON string.
    """
    if not isinstance(output, str):
        return output if _is_strict(output) else _NOT_JSON
    text = output.strip()
    if nesting(text) > MAX_DEPTH:
        return _NOT_JSON
    value = _loosely(text)
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", "`", '"'):
        inner = _json_value(value)
        value = inner if isinstance(inner, (dict, list)) else value
    return _NOT_JSON if value is _NOT_JSON or not _is_strict(value) else _clean(value)


def _loosely(text: str) -> Any:
    if text.startswith("```"):
        values = values_in_fences(text)
        return values[0].value if len(values) == 1 else _NOT_JSON
    try:
        return read_value(text).value
    except ValueError:
        return _NOT_JSON


def _is_strict(value: Any) -> bool:
    """Whether a value can be written as JSON that every reader takes: no NaN, no infinity."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def _clean(value: Any) -> Any:
    """A decoded value without lone surrogates, of which a second level of escapes may hold some."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _without_surrogates(value)
    return value


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
