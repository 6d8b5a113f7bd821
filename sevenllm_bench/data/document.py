"""A row as lm-eval's document, and back: the official format, in which all values but the id are text."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sevenllm_bench.data.benchmark import SOURCES
from sevenllm_bench.data.rows import FIELDS, Row, parse_row
from sevenllm_bench.errors import DataError

#: Rows that `from_document` keeps: a little more than the benchmark has.
_KEPT = 2_048


def to_document(row: Row) -> dict[str, Any]:
    """The document of a row: its fields and its source. Arrow needs one type per column, so objects become JSON text."""
    instruction = row.instruction if isinstance(row.instruction, str) else json.dumps(row.instruction, ensure_ascii=False)
    values = {"instruction": instruction, "output": row.reference_text}
    return {**{name: values.get(name, getattr(row, name)) for name in FIELDS}, "source": row.source}


def from_document(document: Any, where: str) -> Row:
    """The row of a document that `to_document` made.

    Equal documents give the same row: several runs over the same rows share them.

    Args:
        document: The `doc` of a sample.
        where: Place of the sample, for the error.

    Raises:
        DataError: It is no row of SEvenLLM.
    """
    if not isinstance(document, dict):
        raise DataError(f"{where}: no row in it (doc is {type(document).__name__})")
    source = document.get("source")
    if source not in SOURCES:
        raise DataError(f"{where}: a row of another benchmark, since its doc has no source among {', '.join(SOURCES)}")
    record = {key: document[key] for key in FIELDS if key in document}
    if len(record) == len(FIELDS) and all(type(value) is (int if key == "id" else str) for key, value in record.items()):
        try:
            return _kept_row(str(source), *(record[key] for key in FIELDS))
        except DataError:
            pass  # read again below, which names the place
    return _row(record, str(source), where)


@lru_cache(maxsize=_KEPT)
def _kept_row(source: str, *values: Any) -> Row:
    return _row(dict(zip(FIELDS, values, strict=True)), source, "")


def _row(record: dict[str, Any], source: str, where: str) -> Row:
    instruction = record.get("instruction")
    if isinstance(instruction, str) and instruction.startswith('{"question"'):  # an MCQ's object
        record["instruction"] = _json_or(instruction)
    row = parse_row(record, where, source)
    if row.kind != "understanding" or not isinstance(row.output, str):
        return row
    try:
        return replace(row, output=json.loads(row.output))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: the reference of row {row.id} is broken JSON ({error})") from None


def _json_or(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
