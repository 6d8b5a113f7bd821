"""A samples file of an encoder task to samples: the item, the answer as a JSON value, its values, what is wrong, counted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.encoder_tasks.item_document import from_item_document
from sevenllm_bench.encoder_tasks.task_scoring import answer_from_responses, answer_from_text, option_answer
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.file_kinds import what_else
from sevenllm_bench.metrics.registry import ROUNDING, bounds
from sevenllm_bench.runs.encoder_records import ItemSample
from sevenllm_bench.runs.responses import texts_of
from sevenllm_bench.runs.samples import prompt_of, records_of
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
    samples: dict[int, ItemSample] = {}
    if other := what_else(path):
        problems.add("no-samples", path.name, other)
        return []
    for number, record in records_of(path, problems):
        if of_harness and "answer" in record:
            problems.add("bad-value", path.name, f"line {number}: an answer beside the model's responses; not read", "answer")
            record = {key: value for key, value in record.items() if key != "answer"}
        sample = _sample(record, entry, per_byte, f"line {number}", path.name, problems)
        if sample is None:
            continue
        if sample.id in samples:
            problems.add("duplicate", path.name, f"line {number}: item {sample.id} was there already")
            if samples[sample.id] != sample:
                problems.add("contradiction", path.name, f"line {number}: another answer to item {sample.id}", "duplicates")
        samples.setdefault(sample.id, sample)
    return list(samples.values())


def _sample(
    record: Mapping[str, Any], entry: EncoderTask, per_byte: bool, line: str, where: str, problems: Problems
) -> ItemSample | None:
    try:
        item = from_item_document(record.get("doc"), line)
    except DataError as error:
        problems.add("foreign-row", where, str(error))
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
        elif entry.kind == "answer-ranking":
            answer = answer_from_responses(item, record.get("filtered_resps"), per_byte)
        elif entry.kind == "vulnerable-code":
            answer = option_answer(item, record.get("filtered_resps"))
        else:
            answer = record.get("filtered_resps")
    if answer is None:
        problems.add("no-answer", where, f"{line}: no answer to item {item.id}; it scores the least")
    return ItemSample(entry.name, item, answer, _values(record, entry, line, where, problems), response, prompt)


def _values(record: Mapping[str, Any], entry: EncoderTask, line: str, where: str, problems: Problems) -> dict[str, float]:
    """The task's metrics in a sample; what is no number in its range is left out."""
    found = {}
    for name in entry.metrics:
        value, (low, high) = finite(record.get(name)), bounds(name)
        if name not in record:
            problems.add("bad-value", where, f"{line}: no {name}", name)
        elif value is None or not low - ROUNDING <= value <= high + ROUNDING:
            problems.add("bad-value", where, f"{line}: {name} is no number from {low:g} to {high:g}", name)
        else:
            found[name] = value
    return found
