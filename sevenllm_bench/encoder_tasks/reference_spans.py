"""Spans of the official rows: the values of extraction references that stand literally in the incident text.

Rules, each counted by `reference_counts`:
- A value has the type of its key (see `entity_types`); values without one are left out.
- A value is in the text where its characters are, in the same case, and not within a longer word. Every place counts.
- A reference lists what its question asks for, so a model is held to the types that it gives. A type of which one value
  is not in the text is left out for that text: a right span for what is worded differently would count as wrong.
- Of spans that overlap, the longest counts; of a value under two types, the first.
- Rows with the same text are one item: their values together, the number of the first row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES, EntityType, typed_values
from sevenllm_bench.encoder_tasks.span_places import longest, occurrences
from sevenllm_bench.metrics.spans import Span
from sevenllm_bench.text.leaf_values import leaf_values


@dataclass(frozen=True, slots=True)
class TextSpans:
    """The entities of a text.

    Attributes:
        text: The text.
        spans: Entities in the text's order, without overlap.
        types: The types that the spans are complete for, as far as is known; predicted spans of others don't count.
        rows: Ids of the rows with this text, the first of which names it.
    """

    text: str
    spans: tuple[Span, ...]
    types: tuple[EntityType, ...]
    rows: tuple[int, ...]


def spans_of_references(rows: Iterable[Row]) -> list[TextSpans]:
    """The texts of which extraction references name entities, in the order of their first rows."""
    found = [_spans_of(text, same) for text, same in _by_text(rows).items()]
    return [text for text in found if text.types]


def _by_text(rows: Iterable[Row]) -> dict[str, list[Row]]:
    texts: dict[str, list[Row]] = {}
    for row in rows:
        if row.kind == "understanding":
            texts.setdefault(row.input, []).append(row)
    return texts


def _spans_of(text: str, rows: Sequence[Row]) -> TextSpans:
    values = [value for row in rows for value in typed_values(row.output)]
    places = {value: list(occurrences(text, value[0])) for value in values}
    incomplete = {kind for (_, kind), found in places.items() if not found}
    spans = longest((start, end, kind) for (_, kind), found in places.items() if kind not in incomplete for start, end in found)
    kinds = {kind for _, _, kind in spans}
    return TextSpans(text, tuple(spans), tuple(k for k in ENTITY_TYPES if k in kinds), tuple(row.id for row in rows))


def reference_counts(rows: Sequence[Row]) -> dict[str, Any]:
    """What became of the references' values: a JSON object of counts.

    Returns:
        "rows": extraction rows; "values" of them, and how many of these are "without_a_type"; of each type the "values",
        those "not_in_the_text", the "texts" in which the type "counts" and in which it is "left_out", and the "spans".
        "items": texts with at least one span; "texts_of_several_rows"; "spans" in all; "places": where any typed value stands,
        before overlaps and incomplete types are left out.
    """
    texts = _by_text(rows)
    typed = [(text, value, kind) for text, same in texts.items() for row in same for value, kind in typed_values(row.output)]
    found = [_spans_of(text, same) for text, same in texts.items()]
    missing = [(text, kind) for text, value, kind in typed if not any(True for _ in occurrences(text, value))]
    places = {(text, start, end) for text, value, _ in typed for start, end in occurrences(text, value)}
    values, lost = Counter(kind for _, _, kind in typed), Counter(kind for _, kind in missing)
    left_out, spans = Counter(kind for _, kind in set(missing)), Counter(s[2] for item in found for s in item.spans)
    counts = Counter(kind for item in found for kind in item.types)
    leaves = sum(len(leaf_values(row.output)) for same in texts.values() for row in same)
    return {
        "rows": sum(map(len, texts.values())),
        "items": sum(bool(item.types) for item in found),
        "texts_of_several_rows": sum(len(same) > 1 for same in texts.values()),
        "values": leaves,
        "values_without_a_type": leaves - len(typed),
        "places": len(places),
        "spans": spans.total(),
        "types": {
            kind: {
                "values": values[kind],
                "values_not_in_the_text": lost[kind],
                "texts": counts[kind],
                "texts_left_out": left_out[kind],
                "spans": spans[kind],
            }
            for kind in ENTITY_TYPES
        },
    }
