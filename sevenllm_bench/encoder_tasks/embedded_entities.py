"""The entities of the embedded incidents, labelled by hand over all five types; `labels/GUIDELINE.md` says how."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from importlib.resources import files

from sevenllm_bench.catalog import Language
from sevenllm_bench.data.embedded import Split, load_embedded
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES
from sevenllm_bench.encoder_tasks.reference_spans import TextSpans
from sevenllm_bench.errors import DataError
from sevenllm_bench.metrics.spans import Span

LABELS_FILE = files("sevenllm_bench.encoder_tasks") / "labels" / "entities.jsonl"
#: Moves when a label does.
ENTITY_LABELS_VERSION = 1


def labelled_texts(language: Language, split: Split) -> list[TextSpans]:
    """The incident texts of a language and split ("test", "fewshot" or "train") with their entities, in file order."""
    return spans_of_embedded(load_embedded(language, split))


def spans_of_embedded(rows: Iterable[Row]) -> list[TextSpans]:
    """The texts of embedded rows with their entities, in the order of their first rows.

    Raises:
        DataError: A text has no labels, or one that isn't in it: the package's files don't belong together.
    """
    texts: dict[str, list[int]] = {}
    for row in rows:
        texts.setdefault(row.input, []).append(row.id)
    return [TextSpans(text, _spans(text, ids[0]), ENTITY_TYPES, tuple(ids)) for text, ids in texts.items()]


@functools.cache
def _labels() -> dict[int, list[tuple[str, int, str]]]:
    records = [json.loads(line) for line in LABELS_FILE.read_text(encoding="utf-8").splitlines()]
    return {record["row"]: [(value, number, kind) for value, number, kind in record["spans"]] for record in records}


def _spans(text: str, row: int) -> tuple[Span, ...]:
    if row not in _labels():
        raise DataError(f"row {row}: its incident text has no labels of entities; reinstall the package")
    return tuple(_span(text, row, *label) for label in _labels()[row])


def _span(text: str, row: int, value: str, number: int, kind: str) -> Span:
    start = -1
    for _ in range(number):
        start = text.find(value, start + 1)
        if start < 0:
            raise DataError(
                f"row {row}: {value!r}, a label of entities, is not in its text {number} times; reinstall the package"
            )
    return start, start + len(value), kind
