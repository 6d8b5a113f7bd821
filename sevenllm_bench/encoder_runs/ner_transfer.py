"""How token classifiers do on data sets that they weren't trained on: a table of models and data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.encoder_runs.entities_run import MappedSpans, mapped_spans, types_of_model
from sevenllm_bench.encoder_tasks.entities import figures
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES
from sevenllm_bench.encoder_tasks.hub_ner import read_hub_ner
from sevenllm_bench.encoder_tasks.label_map import LabelMap
from sevenllm_bench.encoder_tasks.ner_data import NerData
from sevenllm_bench.encoder_tasks.ner_files import read_ner_file
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.encoders.token_classifier import TokenClassifier
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.files import user_path

#: Columns of `transfer_rows`.
TRANSFER_COLUMNS = ("model", "data set", "type", "support", "predicted", "strict P", "strict R", "strict F1", "partial F1")


#: Endings of files of named entities; other names with one "/" that are no file are data sets of the Hub.
_ENDINGS = (".conll", ".bio", ".iob", ".iob2", ".txt", ".tsv", ".json", ".jsonl")


@dataclass(frozen=True, slots=True)
class TransferCell:
    """One model on one data set.

    Attributes:
        model: Name and revision of the model.
        data: The data set.
        figures: See `entities.figures`.
        model_types: The model's labels to our types; None for labels without one.
        model_left_out: Labels of the model without a type to the spans that they named.
        method: What identifies how the model answered.
        cost: What it cost.
    """

    model: str
    data: NerData
    figures: Mapping[str, Any]
    model_types: Mapping[str, str | None]
    model_left_out: Mapping[str, int]
    method: Mapping[str, Any]
    cost: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The cell as a JSON object."""
        return {
            "model": self.model,
            "data": self.data.description,
            "texts": len(self.data.items),
            "figures": dict(self.figures),
            "labels_of_the_model": dict(self.model_types),
            "labels_of_the_model_left_out": dict(self.model_left_out),
            "labels_of_the_data": dict(self.data.labels),
            "labels_of_the_data_left_out": dict(self.data.left_out),
            "overlapping_spans_left_out": self.data.overlapping,
            "method": dict(self.method),
            "cost": dict(self.cost),
        }


def read_ner(
    source: str,
    labels: LabelMap | None = None,
    revision: str | None = None,
    subset: str | None = None,
    split: str = "test",
) -> NerData:
    """A data set of named entities by what names it: a file, or the id of one on the Hub.

    Args:
        source: A file (CoNLL or JSON lines), or "owner/name".
        labels: The types of its labels; None for their names alone.
        revision: On the Hub, see `read_hub_ner`.
        subset: The same.
        split: The same.

    Raises:
        DataError: There is none, or it can't be read.
    """
    path = user_path(source, DataError)
    if path.is_dir():
        raise DataError(f"{source}: a folder; name a file of it")
    may_be_of_the_hub = source.count("/") == 1 and source[:1].isalnum() and path.suffix.lower() not in _ENDINGS
    if may_be_of_the_hub and not path.exists():
        return read_hub_ner(source, revision, subset, split, labels)
    return read_ner_file(path, labels)


def transfer_table(
    choices: Sequence[EncoderChoice], data: Sequence[NerData], label_map: LabelMap | None = None
) -> list[TransferCell]:
    """Every model on every data set, each model loaded once.

    Args:
        choices: Token classifiers.
        data: Data sets.
        label_map: The types of the models' labels; None for their names alone.

    Raises:
        ConfigError: A model is no token classifier, can't be loaded, or none of its labels has a type.
    """
    cells = []
    for choice in choices:
        classifier = TokenClassifier(choice)
        types = types_of_model(classifier.labels, label_map or LabelMap(), choice.label)
        for own in data:
            classifier.cost = EncodingCost(parameters=classifier.cost.parameters)
            found = mapped_spans(classifier, [str(item.document["text"]) for item in own.items], types)
            cells.append(_cell(choice, classifier, own, found))
    return cells


def _cell(choice: EncoderChoice, classifier: TokenClassifier, data: NerData, found: MappedSpans) -> TransferCell:
    return TransferCell(
        model=choice.label,
        data=data,
        figures=figures(data.items, found.answers),
        model_types=found.types,
        model_left_out=found.left_out,
        method=classifier.describe(),
        cost=classifier.cost.as_json(),
    )


def transfer_rows(cells: Sequence[TransferCell]) -> list[tuple[str, ...]]:
    """The rows of the table: of each model and data set one over all types and one per type, as in `TRANSFER_COLUMNS`."""
    rows = []
    for cell in cells:
        every = cell.figures
        rows.append((cell.model, cell.data.name, "all", *_numbers(every["spans"], every["predicted"], every)))
        for kind in ENTITY_TYPES:
            own = every["types"].get(kind)
            if own:
                rows.append((cell.model, cell.data.name, kind, *_numbers(own["support"], own["predicted"], own)))
    return rows


def _numbers(support: int, predicted: int, own: Mapping[str, Any]) -> tuple[str, ...]:
    strict = own["strict"]
    shares = (strict["precision"], strict["recall"], strict["f1"], own["partial"]["f1"])
    return (f"{support:,}", f"{predicted:,}", *(f"{share:.3f}" for share in shares))


def transfer_notes(cells: Sequence[TransferCell]) -> list[str]:
    """What a reader of the table must know, a sentence each: labels without a counterpart, types that a model lacks."""
    notes: dict[str, None] = {}
    for cell in cells:
        if cell.data.left_out:
            notes[f"{cell.data.name}: labels without one of our types, left out: {_counted(cell.data.left_out)}."] = None
        without = {label: cell.model_left_out.get(label, 0) for label, kind in cell.model_types.items() if kind is None}
        if without:
            notes[f"{cell.model} on {cell.data.name}: labels without one of our types, left out: {_counted(without)}."] = None
        lacking = [kind for kind in cell.data.types if kind not in cell.model_types.values()]
        if lacking:
            notes[f"{cell.model} has no label for {', '.join(lacking)}, which {cell.data.name} has: all of it is missed."] = None
        if cell.figures["not_asked"]:
            number = cell.figures["not_asked"]
            notes[
                f"{cell.model} on {cell.data.name}: {number:,} spans of types that the data set doesn't label; they don't count."
            ] = None
    return list(notes)


def _counted(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{label[:40]} {number:,}" for label, number in list(labels.items())[:20])
