"""A token classifier on texts with entities: the benchmark's, or those of a data set of the user's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.encoder_runs.chinese_probe import chinese_warning
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.entities import describe_spans
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES, EntityType
from sevenllm_bench.encoder_tasks.label_map import LabelMap, read_label_map
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.label_spans import OUTSIDE, parts_of_label
from sevenllm_bench.encoders.token_classifier import TokenClassifier
from sevenllm_bench.errors import ConfigError


@dataclass(frozen=True, slots=True)
class MappedSpans:
    """What a token classifier found, with our types.

    Attributes:
        answers: n answers, [[start, end, type], …] each.
        types: The model's labels, without marks, to our types; None for those without one.
        left_out: Labels without a type to the spans that they named, which count for nothing.
    """

    answers: list[list[list[Any]]]
    types: Mapping[str, EntityType | None]
    left_out: Mapping[str, int]


def types_of_model(labels: Sequence[str], label_map: LabelMap, name: str) -> dict[str, EntityType | None]:
    """A model's labels, without marks, and their types.

    Args:
        labels: Its labels: "O", "B-Malware", "I-Malware" …
        label_map: The types.
        name: The model's name, for the error.

    Raises:
        ConfigError: No label has a type.
    """
    parts = [parts_of_label(label) for label in labels]
    kinds = list(dict.fromkeys(kind for mark, kind in parts if mark != OUTSIDE))
    types = {kind: label_map.type_of(kind) for kind in kinds}
    if not any(types.values()):
        shown = ", ".join(kind[:40] for kind in kinds[:20]) or "none"
        raise ConfigError(
            f"none of the labels of {name} is of one of our types (its labels: {shown}); map them with --labels FILE, a YAML or "
            f"JSON file with label: type, the types being {', '.join(ENTITY_TYPES)}"
        )
    return types


def mapped_spans(classifier: TokenClassifier, texts: Sequence[str], types: Mapping[str, EntityType | None]) -> MappedSpans:
    """The spans of n texts with our types; neighbours with different labels of the model stay two spans."""
    found = classifier.spans(texts)
    left_out = Counter(label for spans in found for _, _, label in spans if types.get(label) is None)
    answers = [[[start, end, types[label]] for start, end, label in spans if types.get(label)] for spans in found]
    return MappedSpans(answers, types, dict(left_out))


def run_entities(
    task: EncoderTask, items: Sequence[Item], choice: EncoderChoice, label_map: Path | LabelMap | None = None
) -> TaskOutcome:
    """Ask a token classifier for the entities of each text.

    Args:
        task: The task.
        items: n texts.
        choice: The classifier.
        label_map: The types of its labels, or the file that says them; None where their names say it.

    Returns:
        Answers [[start, end, type], …].

    Raises:
        ConfigError: The model is no token classifier, can't be loaded, none of its labels has a type, or the map can't be
            read.
    """
    given = label_map if isinstance(label_map, LabelMap) else read_label_map(label_map)
    classifier = TokenClassifier(choice)
    types = types_of_model(classifier.labels, given, choice.label)
    texts = [str(item.document["text"]) for item in items]
    found = mapped_spans(classifier, texts, types)
    method = {**classifier.describe(), "label_types": dict(types)}
    if items and items[0].source != "file":
        method["spans"] = describe_spans(items[0].source)
    notes = tuple(_notes(classifier, found, len(items)))
    reading = chinese_warning(choice, texts) if task.language == "zh" else None
    return TaskOutcome(task, items, found.answers, method, classifier.cost.as_json(), (*notes, *([reading] if reading else [])))


def _notes(classifier: TokenClassifier, found: MappedSpans, texts: int) -> Iterator[str]:
    without = [label for label, kind in found.types.items() if kind is None]
    if without:
        counts = ", ".join(f"{label[:40]} {found.left_out.get(label, 0):,}" for label in without[:20])
        yield f"Labels of the model without one of our types, and the spans that they named, which count for nothing: {counts}."
    lacking = [kind for kind in ENTITY_TYPES if kind not in found.types.values()]
    if lacking:
        yield f"The model has no label for {', '.join(lacking)}: what the texts have of it is missed."
    if long := classifier.cost.long_texts:
        how = "their end is not read" if classifier.choice.long_texts == "cut" else "they are read in windows"
        yield f"{long:,} of {texts:,} texts are longer than the {classifier.limit} tokens that the model reads; {how}."
