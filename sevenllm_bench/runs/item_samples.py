"""A samples file of an encoder task to samples: the item, the answer as a JSON value, its values, what is wrong, counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item, metrics_of_item
from sevenllm_bench.encoder_tasks.item_document import from_item_document
from sevenllm_bench.encoder_tasks.task_scoring import (
    answer_from_responses,
    answer_from_text,
    letter_of_rotation,
    merged_answers,
    option_answer,
)
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import what_else
from sevenllm_bench.metrics.registry import ROUNDING, bounds
from sevenllm_bench.runs.encoder_records import ItemSample
from sevenllm_bench.runs.responses import texts_of
from sevenllm_bench.runs.samples import objects_in, prompt_of, records_of
from sevenllm_bench.runs.untrusted import Problems, finite
from sevenllm_bench.text.unicode import encodable


def read_item_samples(
    path: Path, entry: EncoderTask, per_byte: bool, problems: Problems, of_harness: bool = False
) -> list[ItemSample]:
    """The samples of one encoder task, in the file's order; an item that comes twice counts once.

    Args:
        path: The file.
        entry: The task.
        per_byte: Whether log-likelihoods of candidates are divided by their length: those of causal models are.
        problems: Where to report lines, items and values that can't be used.
        of_harness: Whether lm-eval wrote the file: then the model's responses count, and there is no other answer.
    """
    if other := what_else(path):
        problems.add("no-samples", path.name, other)
        return []
    records = records_of(path, problems)
    if entry.documents_per_item > 1:
        return _questions(records, entry, path.name, problems)
    found = (
        (n, _sample(_answered(record, of_harness, n, path.name, problems), entry, per_byte, f"line {n}", path.name, problems))
        for n, record in records
    )
    return _each_once(found, path.name, problems)


def recorded_item_samples(
    lines: Iterable[tuple[int, bytes]], name: str, entry: EncoderTask, problems: Problems
) -> list[ItemSample]:
    """The same of a task for causal models (`LLM_TASKS`), with the recorded values: of rows with noise no answer is read.

    Args:
        lines: The file's lines with their numbers.
        name: Its name, for problems.
        entry: The task.
        problems: As for `read_item_samples`.
    """
    records = objects_in(lines, name, problems)
    if entry.documents_per_item > 1:
        return _questions(records, entry, name, problems)
    return _each_once(((n, _recorded(record, entry, f"line {n}", name, problems)) for n, record in records), name, problems)


def _each_once(found: Iterable[tuple[int, ItemSample | None]], name: str, problems: Problems) -> list[ItemSample]:
    """The samples by line, of an item that comes twice the first."""
    samples: dict[int, ItemSample] = {}
    for number, sample in found:
        if sample is None:
            continue
        if sample.id in samples:
            problems.add("duplicate", name, f"line {number}: item {sample.id} was there already")
            if samples[sample.id] != sample:
                problems.add("contradiction", name, f"line {number}: another answer to item {sample.id}", "duplicates")
        samples.setdefault(sample.id, sample)
    return list(samples.values())


def _answered(record: dict[str, Any], of_harness: bool, number: int, name: str, problems: Problems) -> dict[str, Any]:
    """The record, of what lm-eval wrote without an answer of somebody else's."""
    if not of_harness or "answer" not in record:
        return record
    problems.add("bad-value", name, f"line {number}: an answer beside the model's responses; not read", "answer")
    return {key: value for key, value in record.items() if key != "answer"}


def _recorded(record: Mapping[str, Any], entry: EncoderTask, line: str, where: str, problems: Problems) -> ItemSample | None:
    item = _item(record, line, where, problems)
    if item is None:
        return None
    return ItemSample(entry.name, item, None, _values(record, metrics_of_item(entry, item), line, where, problems))


def _item(record: Mapping[str, Any], line: str, where: str, problems: Problems) -> Item | None:
    """The item of a record; None where it has none."""
    try:
        return from_item_document(record.get("doc"), line)
    except DataError as error:
        problems.add("foreign-row", where, str(error))
        return None


def _sample(
    record: Mapping[str, Any], entry: EncoderTask, per_byte: bool, line: str, where: str, problems: Problems
) -> ItemSample | None:
    item = _item(record, line, where, problems)
    if item is None:
        return None
    response, prompt = None, None
    if "answer" in record:  # of an encoder
        answer = record["answer"]
    else:
        prompt = prompt_of(record, line, where, problems)
        texts = texts_of(record.get("resps"))
        if entry.kind == "entities":
            response = encodable(texts[0]) if texts and texts[0] is not None else None
            answer = answer_from_text(item, response or "")
        elif entry.kind == "stress":
            response = encodable(texts[0]) if texts and texts[0] is not None else None
            answer = response
        elif entry.kind == "answer-ranking":
            answer = answer_from_responses(item, record.get("filtered_resps"), per_byte)
        elif entry.kind == "vulnerable-code":
            answer = option_answer(item, record.get("filtered_resps"))
        else:
            answer = record.get("filtered_resps")
    if answer is None:
        problems.add("no-answer", where, f"{line}: no answer to item {item.id}; it scores the least")
    values = _values(record, metrics_of_item(entry, item), line, where, problems)
    return ItemSample(entry.name, item, answer, values, response, prompt)


def _questions(
    records: Iterable[tuple[int, Mapping[str, Any]]], entry: EncoderTask, name: str, problems: Problems
) -> list[ItemSample]:
    """The samples of a task whose documents are rotations of questions: one of each question, in the file's order.

    A question's metrics are those of its rotations together: `circular_acc` where all are there, else the mean.
    """
    found: dict[int, dict[int, _Rotation]] = {}
    for number, record in records:
        one = _rotation(record, entry, f"line {number}", name, problems)
        if one is None:
            continue
        own = found.setdefault(one.item.id, {})
        if own and next(iter(own.values())).item != one.item:
            problems.add("contradiction", name, f"line {number}: another question {one.item.id}", "questions")
        elif one.number in own:
            problems.add("duplicate", name, f"line {number}: rotation {one.number} of question {one.item.id} was there already")
            if own[one.number].letter != one.letter:
                problems.add("contradiction", name, f"line {number}: another answer to question {one.item.id}", "duplicates")
        else:
            own[one.number] = one
    return [_question(entry, list(own.values()), name, problems) for own in found.values()]


@dataclass(frozen=True, slots=True)
class _Rotation:
    """One rotation of a question, as a line has it."""

    item: Item
    number: int
    letter: str
    values: Mapping[str, float]
    response: str | None
    prompt: str | None


def _rotation(record: Mapping[str, Any], entry: EncoderTask, line: str, where: str, problems: Problems) -> _Rotation | None:
    item, doc = _item(record, line, where, problems), record.get("doc")
    if item is None:
        return None
    number = doc.get("rotation") if isinstance(doc, dict) else None
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < entry.documents_per_item:
        problems.add("foreign-row", where, f"{line}: no rotation from 0 to {entry.documents_per_item - 1} in its doc")
        return None
    response = None
    if entry.kind == "mcq-circular":
        texts = texts_of(record.get("resps"))
        if texts is None or texts[0] is None:
            problems.add("no-answer", where, f"{line}: no answer to question {item.id}; it scores the least")
        response = encodable(texts[0]) if texts and texts[0] is not None else ""
    letter = letter_of_rotation(item, number, response, record.get("filtered_resps"))
    values = _values(record, entry.metrics, line, where, problems)
    return _Rotation(item, number, letter, values, response, prompt_of(record, line, where, problems))


def _question(entry: EncoderTask, rotations: list[_Rotation], where: str, problems: Problems) -> ItemSample:
    """The sample of a question: what was recorded of its rotations, together."""
    rotations = sorted(rotations, key=lambda one: one.number)
    item = rotations[0].item
    metrics: dict[str, float] = {}
    for name in entry.metrics:
        values = [one.values[name] for one in rotations if name in one.values]
        if name == "circular_acc":
            if len(values) == entry.documents_per_item:
                metrics[name] = float(all(value == 1.0 for value in values))
        elif values:
            metrics[name] = sum(values) / len(values)
    written = [f"[{one.number}] {one.response}" for one in rotations if one.response is not None]
    answer = merged_answers([(one.number, one.letter) for one in rotations])
    response = "\n".join(written) if written else None
    sent = {one.number: one.prompt for one in rotations}
    return ItemSample(entry.name, item, answer, metrics, response, rotations[0].prompt, sent)


def _values(record: Mapping[str, Any], due: Sequence[str], line: str, where: str, problems: Problems) -> dict[str, float]:
    """The metrics that a sample must have; what is no number in its range is left out."""
    found = {}
    for name in due:
        value, (low, high) = finite(record.get(name)), bounds(name)
        if name not in record:
            problems.add("bad-value", where, f"{line}: no {name}", name)
        elif value is None or not low - ROUNDING <= value <= high + ROUNDING:
            problems.add("bad-value", where, f"{line}: {name} is no number from {low:g} to {high:g}", name)
        else:
            found[name] = value
    return found
