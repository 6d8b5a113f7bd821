"""One typed row of SEvenLLM data; its section, language and kind are inferred from the row itself, never from its id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sevenllm_bench.catalog import Kind, Language, Leaf, leaf_of, nearest_name, task_by_name
from sevenllm_bench.errors import DataError

FIELDS = ("id", "category", "instruction", "input", "thought", "output")
LETTERS = ("A", "B", "C", "D")

#: Opening words of an instruction, which say language and kind (format of the official file).
OPENINGS: dict[str, tuple[Language, Kind]] = {
    "Execute the following information extraction task": ("en", "understanding"),
    "Execute the following analysis generation task": ("en", "generation"),
    "执行如下信息抽取任务": ("zh", "understanding"),
    "执行如下分析生成任务": ("zh", "generation"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A benchmark row.

    Attributes:
        id: Unique number of the row in its file.
        category: English name of one of the 28 tasks.
        instruction: The task's text, or for MCQ {"question": str, "choice": {"A".."D": str}}.
        input: The incident text.
        thought: The authors' reasoning; may be empty.
        output: The reference: JSON value for understanding, prose for generation, a letter for MCQ.
        language: "en" or "zh".
        kind: What the row asks for: "understanding", "generation" or "mcq". Two official rows (791, 823) ask for
            extraction though their category is a generation task.
        source: "official", "embedded" or "instruct" (the training corpus).
    """

    id: int
    category: str
    instruction: str | dict[str, Any]
    input: str
    thought: str
    output: Any = field(hash=False)
    language: Language
    kind: Kind
    source: str = "official"

    @property
    def section(self) -> str:
        """Section of the paper, e.g. "zh_understanding" or "en_mcq"."""
        return f"{self.language}_{self.kind}"

    @property
    def leaf(self) -> Leaf:
        """The leaf of the harness that runs this row."""
        return leaf_of(self.language, self.kind, self.category)

    @property
    def choices(self) -> dict[str, str]:
        """The options of an MCQ by letter; empty for other rows."""
        return self.instruction["choice"] if isinstance(self.instruction, dict) else {}

    @property
    def reference_text(self) -> str:
        """The reference as a model would write it: prose and letters as they are, other values as JSON."""
        if self.kind != "understanding" and isinstance(self.output, str):
            return self.output
        return json.dumps(self.output, ensure_ascii=False)


def parse_row(record: Any, where: str, source: str = "official") -> Row:
    """Build a row from a decoded JSON record in the official format.

    Args:
        record: An object with exactly the keys of `FIELDS`.
        where: Place of the record, for the error, e.g. "test.jsonl, line 12".
        source: "official" or "embedded".

    Raises:
        DataError: A key is missing or unknown, a value has the wrong type, the category is none of the 28 (the nearest
            name is given), or an MCQ lacks options or a letter.
    """
    if not isinstance(record, dict):
        raise DataError(f"{where}: expected a JSON object, found {type(record).__name__}")
    missing, unknown = [f for f in FIELDS if f not in record], [k for k in record if k not in FIELDS]
    if missing or unknown:
        parts = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unknown {', '.join(unknown)}"] * bool(unknown)
        raise DataError(f"{where}: fields {' and '.join(parts)}; a row has exactly {', '.join(FIELDS)}")
    if isinstance(record["id"], bool) or not isinstance(record["id"], int):
        raise DataError(f"{where}: id must be a whole number, found {record['id']!r}")
    for name in ("category", "input", "thought"):
        if not isinstance(record[name], str):
            raise DataError(f"{where}: {name} must be a string, found {type(record[name]).__name__}")
    _check_category(record["category"], where)
    language, kind = _ask(record["instruction"], record["category"], where)
    _check_output(record["output"], kind, where)
    return Row(**record, language=language, kind=kind, source=source)


def _check_category(category: str, where: str) -> None:
    if task_by_name(category) is None:
        near = nearest_name(category)
        raise DataError(f"{where}: unknown category {category!r}" + (f"; did you mean {near!r}?" if near else ""))


def _ask(instruction: Any, category: str, where: str) -> tuple[Language, Kind]:
    """Language and kind of what an instruction asks for."""
    if isinstance(instruction, dict):
        choice = instruction.get("choice")
        if not isinstance(instruction.get("question"), str) or not isinstance(choice, dict):
            raise DataError(f'{where}: an MCQ instruction needs "question" (a string) and "choice" (an object)')
        if tuple(choice) != LETTERS or not all(isinstance(text, str) for text in choice.values()):
            raise DataError(f"{where}: an MCQ needs the options A, B, C, D, each a string; found {', '.join(map(str, choice))}")
        return language_of(instruction["question"]), "mcq"
    if not isinstance(instruction, str) or not instruction.strip():
        raise DataError(f"{where}: instruction must be a non-empty string or an MCQ object")
    for opening, ask in OPENINGS.items():
        if instruction.startswith(opening):
            return ask
    task = task_by_name(category)
    assert task is not None
    return language_of(instruction), task.kind


def language_of(text: str) -> Language:
    """Chinese as soon as a tenth of the letters of `text` are Chinese: Chinese questions quote English names."""
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return "zh" if han * 10 >= sum(c.isalpha() for c in text) and han else "en"


def _check_output(output: Any, kind: Kind, where: str) -> None:
    if kind == "mcq" and output not in LETTERS:
        raise DataError(f"{where}: the output of an MCQ must be one of {', '.join(LETTERS)}, found {output!r}")
    if kind == "generation" and not isinstance(output, str):
        raise DataError(f"{where}: the output of a generation row must be a string, found {type(output).__name__}")
    if kind == "understanding" and not isinstance(output, (dict, list, str)):
        raise DataError(f"{where}: the output of an extraction row must be an object, found {type(output).__name__}")


def read_rows(content: bytes, name: str, source: str = "official") -> tuple[Row, ...]:
    """Parse a JSON-lines file of rows (any line ends, blank lines skipped).

    Args:
        content: The file's bytes, UTF-8.
        name: The file's name, for errors.
        source: "official" or "embedded".

    Raises:
        DataError: A line is no UTF-8 or JSON, a row is malformed (see `parse_row`), an id comes twice, or no row is left.
            The line number is named.
    """
    rows: dict[int, Row] = {}
    lines: dict[int, int] = {}
    for number, record in _records(content, name):
        row = parse_row(record, f"{name}, line {number}", source)
        if row.id in rows:
            raise DataError(f"{name}, line {number}: id {row.id} was used on line {lines[row.id]} already")
        rows[row.id], lines[row.id] = row, number
    if not rows:
        raise DataError(f"{name}: no rows in it")
    return tuple(rows.values())


def _records(content: bytes, name: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line.decode("utf-8"))
            except UnicodeDecodeError as error:
                raise DataError(f"{name}, line {number}: not UTF-8 at byte {error.start}") from None
            except (ValueError, RecursionError) as error:
                raise DataError(f"{name}, line {number}: broken JSON ({error})") from None
