"""A data set of named entities of the user's, as items: sentences of labelled words, or texts with spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.encoder_tasks.encoder_task import Item
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES, EntityType
from sevenllm_bench.encoder_tasks.label_map import LabelMap
from sevenllm_bench.encoder_tasks.span_places import longest
from sevenllm_bench.encoders.label_spans import spans_of_labels
from sevenllm_bench.errors import DataError
from sevenllm_bench.metrics.spans import Span

#: A text, and its spans with the data set's own labels.
LabelledText = tuple[str, Sequence[Span]]
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class NerData:
    """A data set of named entities.

    Attributes:
        name: File, or id on the Hub with its split.
        identity: Hash of the file, or commit on the Hub.
        items: A sentence or text each, numbered from 1.
        types: The types that its labels are of; predicted spans of others don't count.
        labels: Label to number of spans, as the data set has them.
        left_out: Those without a type, which are no entities here.
        overlapping: Spans left out because they overlap with a longer one.
    """

    name: str
    identity: str
    items: tuple[Item, ...]
    types: tuple[EntityType, ...]
    labels: Mapping[str, int]
    left_out: Mapping[str, int]
    overlapping: int

    @property
    def description(self) -> dict[str, Any]:
        """What identifies it, for signatures."""
        return {"name": self.name, "identity": self.identity}


def text_of_words(words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text that words make, and where each is: blanks between words, none between Chinese characters."""
    text, places = "", []
    for word in words:
        if text and word and not (_is_han(text[-1]) and _is_han(word[0])):
            text += " "
        places.append((len(text), len(text) + len(word)))
        text += word
    return text, places


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def labelled_words(words: Sequence[str], labels: Sequence[str]) -> LabelledText:
    """The text of labelled words, with the spans that the labels name: IOB1, IOB2, BIOES, BILOU, or types without marks."""
    text, places = text_of_words(words)
    return text, spans_of_labels(labels, places, text, range(len(words)))


def ner_data(texts: Iterable[LabelledText], labels: LabelMap, name: str, identity: str) -> NerData:
    """The items of labelled texts.

    Args:
        texts: Texts with spans of the data set's labels; empty texts are left out.
        labels: The labels' types.
        name: Name of the data set.
        identity: What tells it from any other.

    Raises:
        DataError: There is no text, no span, or no label that has a type.
    """
    read = [(text, list(spans)) for text, spans in texts if text.strip()]
    counts = Counter(label for _, spans in read for _, _, label in spans)
    if not counts:
        raise DataError(f"{name}: {len(read):,} texts, and no named entity in them")
    typed = {label: kind for label in counts if (kind := labels.type_of(label))}
    if not typed:
        raise DataError(
            f"{name}: none of its labels is of one of our types ({_listed(counts)}); map them: a YAML file with label: type, "
            f"the types being {', '.join(ENTITY_TYPES)}"
        )
    types = tuple(kind for kind in ENTITY_TYPES if kind in typed.values())
    found = [(text, [(start, end, typed[label]) for start, end, label in spans if label in typed]) for text, spans in read]
    kept = [(text, longest(spans)) for text, spans in found]
    items = tuple(_item(number, text, spans, types, name) for number, (text, spans) in enumerate(kept, 1))
    dropped = sum(len(spans) for _, spans in found) - sum(len(spans) for _, spans in kept)
    return NerData(name, identity, items, types, dict(counts), {k: n for k, n in counts.items() if k not in typed}, dropped)


def _item(number: int, text: str, spans: Sequence[Span], types: Sequence[EntityType], name: str) -> Item:
    document = {"text": text, "spans": [list(span) for span in spans], "types": list(types), "rows": [number]}
    return Item(number, name, "file", document)


def _listed(counts: Mapping[str, int]) -> str:
    names = [label[:40] for label in list(counts)[:_SHOWN]]
    return ", ".join(names) + (f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else "")
