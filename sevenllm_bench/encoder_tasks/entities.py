"""Entities: spans of five types in incident texts, official ones from extraction references, embedded ones labelled by hand.

A span is [start, end, type] in characters of the text. An item's document holds "text", "spans", "types" (the ones that
its spans are complete for) and "rows". An answer is a list of spans; [null, null, type] is a value that is not in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_tasks.embedded_entities import ENTITY_LABELS_VERSION, spans_of_embedded
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_MAP_VERSION, ENTITY_TYPES, typed_values
from sevenllm_bench.encoder_tasks.reference_spans import TextSpans, spans_of_references
from sevenllm_bench.encoder_tasks.span_places import longest, occurrences
from sevenllm_bench.metrics.spans import (
    Span,
    SpanCounts,
    partial_counts,
    partial_counts_any_type,
    strict_counts,
    summed,
)

#: The group of the embedded items, which are labelled for all types; official ones are grouped by their rows' task.
EMBEDDED_GROUP = "Incident Report"
#: Type of an entry of an answer that has none; it counts as predicted, and is never right.
_NO_TYPE = ""
#: Values of a causal model's answer that are looked up; further ones count as wrong.
_MOST_VALUES = 1_000
#: Spans of an answer, and of an item of a foreign file, that are compared; further ones of an answer count as wrong.
_MOST_SPANS = 5_000


def items(task: EncoderTask, benchmark: Benchmark) -> tuple[Item, ...]:
    """The texts with entities of the task's language, one item each, numbered by the first row with that text."""
    rows = [row for row in benchmark.rows if row.language == task.language]
    if benchmark.source == "embedded":
        found = [item_of(text, EMBEDDED_GROUP, "embedded") for text in spans_of_embedded(rows)]
    else:
        found = [item_of(text, benchmark.by_id[text.rows[0]].category, "official") for text in spans_of_references(rows)]
    return tuple(sorted(found, key=lambda item: item.id))


def describe_spans(source: str) -> dict[str, Any]:
    """What identifies the true spans of a source's items, for signatures."""
    return {"labels": ENTITY_LABELS_VERSION} if source == "embedded" else {"map_of_keys": ENTITY_MAP_VERSION}


def item_of(text: TextSpans, group: str, source: str) -> Item:
    """The item of a text with its entities."""
    document = {
        "text": text.text,
        "spans": [list(span) for span in text.spans],
        "types": list(text.types),
        "rows": list(text.rows),
    }
    return Item(text.rows[0], group, source, document)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an item's document holds; what is missing or of the wrong type in one of a foreign file is empty."""

    text: str
    gold: tuple[Span, ...]
    types: frozenset[str]


def _asked(item: Item) -> _Asked:
    text, spans, types = (item.document.get(key) for key in ("text", "spans", "types"))
    text = text if isinstance(text, str) else ""
    kinds = frozenset(kind for kind in types if isinstance(kind, str)) if isinstance(types, list) else frozenset()
    entries = spans[:_MOST_SPANS] if isinstance(spans, list) else []
    gold = tuple((span[0], span[1], kind) for span in entries if (kind := _type_of(span)) and _is_place(span, len(text)))
    return _Asked(text, gold, kinds)


@dataclass(frozen=True, slots=True)
class PredictedSpans:
    """An answer, read.

    Attributes:
        spans: Distinct spans of the types that are asked for, in the text's order.
        invented: Types of further entries that are no place in the text; each counts as a wrong span.
        not_asked: Entries of other types, which don't count.
        readable: Whether the answer is a list at all.
    """

    spans: tuple[Span, ...] = ()
    invented: tuple[str, ...] = ()
    not_asked: int = 0
    readable: bool = True


def read_spans(item: Item, answer: Any) -> PredictedSpans:
    """The spans of an answer. Any JSON value is accepted; an entry that is no place in the text counts as a wrong span."""
    if not isinstance(answer, list):
        return PredictedSpans(readable=False)
    asked = _asked(item)
    spans: dict[Span, None] = {}
    invented: list[str] = []
    not_asked = 0
    for entry in answer:
        kind = _type_of(entry)
        if kind and kind not in asked.types:
            not_asked += 1
        elif kind and len(spans) < _MOST_SPANS and _is_place(entry, len(asked.text)):
            spans[(entry[0], entry[1], kind)] = None
        else:
            invented.append(kind)
    return PredictedSpans(tuple(sorted(spans)), tuple(invented), not_asked)


def _type_of(entry: Any) -> str:
    return entry[2] if isinstance(entry, (list, tuple)) and len(entry) == 3 and isinstance(entry[2], str) else _NO_TYPE


def _is_place(entry: Any, size: int) -> bool:
    start, end = entry[0], entry[1]
    return type(start) is int and type(end) is int and 0 <= start < end <= size


def right_names(item: Item) -> dict[str, list[str]]:
    """What a model should write: each name once, by type, in the order of the text."""
    document = item.document
    names: dict[str, list[str]] = {kind: [] for kind in ENTITY_TYPES}
    for start, end, kind in document["spans"]:
        name = document["text"][start:end]
        names[kind] += [name] if name not in names[kind] else []
    return names


def answer_from_text(item: Item, text: str) -> Any:
    """What a causal model wrote about an item, as an answer.

    Its values are looked up in the item's text as those of references are: same characters, every place, the longest of
    those that overlap. A value under a key without a type is left out; one that is not in the text is [null, null, type].

    Returns:
        A list of entries; {"unread": reason} where the text holds no JSON object or list.
    """
    found = read_answer(text, "understanding").extraction
    if found is None or not found.is_json or not isinstance(found.value, (dict, list)):
        return {"unread": (found.reason if found else "") or "no object"}
    values = list(dict.fromkeys(typed_values(found.value)))
    asked = _asked(item)
    places = [(kind, list(occurrences(asked.text, value))) for value, kind in values[:_MOST_VALUES]]
    everywhere = dict.fromkeys((start, end, kind) for kind, own in places for start, end in own)
    spans = longest(span for span in everywhere if span[2] in asked.types)
    spans += [span for span in everywhere if span[2] not in asked.types]
    missing = [kind for kind, own in places if not own] + [kind for _, kind in values[_MOST_VALUES:]]
    return [*map(list, spans), *([None, None, kind] for kind in missing)]


def _wrong(invented: Iterable[str]) -> dict[str, SpanCounts]:
    counts: dict[str, SpanCounts] = {}
    for kind in invented:
        counts[kind] = counts.get(kind, SpanCounts()) + SpanCounts(0.0, 1, 0)
    return counts


def _together(*parts: dict[str, SpanCounts]) -> dict[str, SpanCounts]:
    by_kind: dict[str, list[SpanCounts]] = {}
    for part in parts:
        for kind, counts in part.items():
            by_kind.setdefault(kind, []).append(counts)
    return {kind: summed(counts) for kind, counts in sorted(by_kind.items())}


def _strict(item: Item, read: PredictedSpans) -> dict[str, SpanCounts]:
    return _together(strict_counts(_asked(item).gold, read.spans), _wrong(read.invented))


def _partial(item: Item, read: PredictedSpans) -> dict[str, SpanCounts]:
    return _together(partial_counts(_asked(item).gold, read.spans), _wrong(read.invented))


def score(items: Sequence[Item], answers: Sequence[Any]) -> list[dict[str, float]]:
    """F1 of each item, strict and with partial credit.

    Without a true span, an item counts 1 where nothing was predicted and 0 otherwise. What is no list counts 0.
    """
    values = []
    for item, answer in zip(items, answers, strict=True):
        read = read_spans(item, answer)
        strict, partial = summed(_strict(item, read).values()), summed(_partial(item, read).values())
        readable = float(read.readable)
        values.append({"span_f1": readable * strict.f1_of_item, "span_f1_partial": readable * partial.f1_of_item})
    return values


def figures(items: Sequence[Item], answers: Sequence[Any]) -> dict[str, Any]:
    """Precision, recall and F1 over all spans and by type, which are no means over items.

    Returns:
        "strict" (seqeval's micro average), "partial" (nervaluate's scheme within each type, summed over types) and
        "partial_any_type" (nervaluate's overall figure, which leaves types out), each with "precision", "recall", "f1";
        "types": type to "support", "predicted", "strict" and "partial"; counts of "items", "spans", "predicted" spans,
        "invented" ones, those of types "not_asked" for, and answers that are "unread".
    """
    read = [read_spans(item, answer) for item, answer in zip(items, answers, strict=True)]
    strict = _together(*map(_strict, items, read))
    partial = _together(*map(_partial, items, read))
    any_type = summed(
        partial_counts_any_type(_asked(item).gold, found.spans) + SpanCounts(0.0, len(found.invented), 0)
        for item, found in zip(items, read, strict=True)
    )
    return {
        "strict": summed(strict.values()).as_json(),
        "partial": summed(partial.values()).as_json(),
        "partial_any_type": any_type.as_json(),
        "types": {kind: _figures_of_type(strict[kind], partial[kind]) for kind in strict if kind != _NO_TYPE},
        "items": len(items),
        "spans": summed(strict.values()).gold,
        "predicted": summed(strict.values()).predicted,
        "invented": sum(len(found.invented) for found in read),
        "not_asked": sum(found.not_asked for found in read),
        "unread": sum(not found.readable for found in read),
    }


def _figures_of_type(strict: SpanCounts, partial: SpanCounts) -> dict[str, Any]:
    return {
        "support": strict.gold,
        "predicted": strict.predicted,
        "strict": strict.as_json(),
        "partial": partial.as_json(),
    }
