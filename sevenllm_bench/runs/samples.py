"""A samples file of lm-eval to samples: the row rebuilt, the answer, its values, and what is wrong, counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sevenllm_bench.answers.final_text import with_thought_marked
from sevenllm_bench.answers.reading import Reading, read_answer
from sevenllm_bench.catalog import Leaf
from sevenllm_bench.data.document import from_document
from sevenllm_bench.data.rows import LETTERS, Row
from sevenllm_bench.errors import DataError, ResultsError
from sevenllm_bench.io.file_kinds import what_else
from sevenllm_bench.io.files import read_lines
from sevenllm_bench.metrics.registry import (
    ADDED_LATER,
    METRIC_VERSIONS,
    METRICS,
    OPTIONAL_FOR,
    ROUNDING,
    SEMANTIC_METRICS,
    bounds,
)
from sevenllm_bench.runs.records import Sample
from sevenllm_bench.runs.responses import texts_of
from sevenllm_bench.runs.untrusted import Problems, dig, finite, unique_json
from sevenllm_bench.scoring import score_readings
from sevenllm_bench.text.unicode import encodable


def read_samples(path: Path, task: str, leaf: Leaf, problems: Problems) -> list[Sample]:
    """The samples of one task, in the file's order; a row that comes twice counts once.

    Args:
        path: The file.
        task: Name of the task in the harness.
        leaf: The leaf whose rows it runs.
        problems: Where to report lines, rows and values that can't be used.
    """
    if other := what_else(path):
        problems.add("no-samples", path.name, other)
        return []
    found = ((n, _sample(record, task, leaf, f"line {n}", path.name, problems)) for n, record in records_of(path, problems))
    return _each_once(found, path.name, problems)


def recorded_samples(lines: Iterable[tuple[int, bytes]], name: str, task: str, leaf: Leaf, problems: Problems) -> list[Sample]:
    """The same with the recorded values alone, some three times as fast: no answer is read, and no prompt.

    Only of rows that ask for something else than their task does (791 and 823) is the answer read and scored, since their
    values for what they ask are recorded nowhere.

    Args:
        lines: The file's lines with their numbers.
        name: Its name, for problems.
        task: Name of the task in the harness.
        leaf: The leaf whose rows it runs.
        problems: As for `read_samples`.
    """
    records = objects_in(lines, name, problems)
    return _each_once(((n, _recorded(record, task, leaf, f"line {n}", name, problems)) for n, record in records), name, problems)


def _each_once(found: Iterable[tuple[int, Sample | None]], name: str, problems: Problems) -> list[Sample]:
    """The samples by line, of a row that comes twice the first."""
    samples: dict[int, Sample] = {}
    for number, sample in found:
        if sample is None:
            continue
        if sample.id in samples:
            first = samples[sample.id]
            problems.add("duplicate", name, f"line {number}: row {sample.id} was there already")
            if (first.response, first.reported) != (sample.response, sample.reported):
                problems.add("contradiction", name, f"line {number}: another answer to row {sample.id}", "duplicates")
        samples.setdefault(sample.id, sample)
    return list(samples.values())


def records_of(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects in a samples file with the numbers of their lines; lines that hold none are problems."""
    try:
        if not path.is_file():
            problems.add("no-samples", path.name, "not a regular file")
            return
        yield from objects_in(read_lines(path, ResultsError), path.name, problems)
    except (ResultsError, OSError) as error:
        problems.add("no-samples", path.name, str(error))


def objects_in(lines: Iterable[tuple[int, bytes]], name: str, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects in lines with their numbers; lines that hold none are problems of the file `name`."""
    for number, line in lines:
        record = _record(line)
        if isinstance(record, dict):
            yield number, record
        else:
            problems.add("broken-line", name, f"line {number}: {record}")


def _record(line: bytes) -> dict[str, Any] | str:
    """The line's object, or what is wrong with it."""
    try:
        record = unique_json(line)
    except (ValueError, RecursionError) as error:
        return f"broken JSON ({error})"
    return record if isinstance(record, dict) else f"an object was expected, found {type(record).__name__}"


def _row(record: dict[str, Any], task: str, leaf: Leaf, line: str, where: str, problems: Problems) -> Row | None:
    """The row of a sample; None where it is none of the task's."""
    try:
        row = from_document(record.get("doc"), line)
    except DataError as error:
        problems.add("foreign-row", where, str(error))
        return None
    if row.leaf != leaf:
        problems.add("foreign-row", where, f"{line}: row {row.id} belongs to {row.leaf.name}, not to {task}")
        return None
    return row


def _recorded(record: dict[str, Any], task: str, leaf: Leaf, line: str, where: str, problems: Problems) -> Sample | None:
    row = _row(record, task, leaf, line, where, problems)
    if row is None:
        return None
    if row.kind != leaf.kind:
        return _sample(record, task, leaf, line, where, problems)
    has_text = texts_of(record.get("resps")) is not None
    reported = _values(record, METRICS[leaf.kind] if has_text else METRICS[leaf.kind][:1], line, where, problems)
    return Sample(task, row, None, None, reported, reported, Reading(row.kind, "", "not read"))


def _sample(record: dict[str, Any], task: str, leaf: Leaf, line: str, where: str, problems: Problems) -> Sample | None:
    row = _row(record, task, leaf, line, where, problems)
    if row is None:
        return None
    prompt = prompt_of(record, line, where, problems)
    response, reading = _answer(record, row, prompt, line, where, problems)
    reported = _values(record, _due(leaf, response), line, where, problems)
    return Sample(
        task=task,
        row=row,
        prompt=prompt,
        response=response,
        metrics=_by_what_is_asked(row, leaf, reading, reported),
        reported=reported,
        reading=reading,
    )


def _answer(
    record: dict[str, Any], row: Row, prompt: str | None, line: str, where: str, problems: Problems
) -> tuple[str | None, Reading]:
    """The text, and the answer as it is read; for log-likelihoods no text, and the likeliest letter."""
    responses = record.get("resps")
    if isinstance(responses, list) and len(responses) == len(LETTERS) and row.kind == "mcq":
        letter = _likeliest(record.get("filtered_resps"))
        return None, Reading("mcq", "", letter or "unparsed", letter=letter)
    texts = texts_of(responses)
    if texts is None:
        problems.add("bad-value", where, f"{line}: no response to row {row.id}", "resps")
        return None, read_answer(None, row.kind)
    if len(texts) > 1:
        why = f"{line}: {len(texts)} responses to one row (the task was run with repeats); the first counts"
        problems.add("bad-value", where, why, "repeats")
    if texts[0] is None:
        problems.add("no-answer", where, f"{line}: no text from the model for row {row.id} (null); it counts as an empty answer")
    text = None if texts[0] is None else with_thought_marked(prompt or "", encodable(texts[0]))
    return text, read_answer(text, row.kind, row.choices)


def _likeliest(options: Any) -> str | None:
    """The letter of the largest log-likelihood, from [[log-likelihood, greedy], …] with numbers as lm-eval writes them."""
    try:
        values = [float(option[0]) for option in options]
        return LETTERS[values.index(max(values))]
    except (TypeError, ValueError, IndexError, KeyError):
        return None


def _due(leaf: Leaf, response: str | None) -> tuple[str, ...]:
    """The metrics that a sample must have; a log-likelihood has no text whose reading `answered` could report."""
    return METRICS[leaf.kind] if response is not None else METRICS[leaf.kind][:1]


def _values(record: dict[str, Any], due: tuple[str, ...], line: str, where: str, problems: Problems) -> dict[str, float]:
    """The metrics of ours in a sample; what is no number in its range is left out."""
    found = {}
    for name in METRIC_VERSIONS:
        if name not in record:
            if name in due and name not in ADDED_LATER:
                problems.add("bad-value", where, f"{line}: no {name} (was the run made with --predict_only?)", name)
        else:
            value = finite(record[name])
            low, high = bounds(name)
            if value is None or not low <= value <= high + ROUNDING:
                problems.add("bad-value", where, f"{line}: {name} is no number from {low:g} to {high:g}", name)
            else:
                found[name] = value
    return found


def _by_what_is_asked(row: Row, leaf: Leaf, reading: Reading, reported: dict[str, float]) -> dict[str, float]:
    """The values for the kind that the row asks for, which for two official rows is not their leaf's kind.

    Their semantic similarity was taken sentence by sentence, and is left out; the judge's rubric goes by the row.
    """
    if row.kind == leaf.kind:
        return reported
    other = {*METRICS[leaf.kind], *SEMANTIC_METRICS} if row.kind in OPTIONAL_FOR else set(reported)
    found = score_readings([row], [reading])[0].metrics
    if not ADDED_LATER & reported.keys():  # a run made before these metrics
        found = {name: value for name, value in found.items() if name not in ADDED_LATER}
    return {**{k: v for k, v in reported.items() if k not in other}, **found}


def prompt_of(record: Mapping[str, Any], line: str, where: str, problems: Problems) -> str | None:
    """The prompt, which lm-eval 0.4.13 writes as `arguments.gen_args_0.arg_0`: text, or chat messages as [JSON text]."""
    argument = dig(record, "arguments", "gen_args_0", "arg_0")
    try:
        turns = json.loads(argument[0]) if isinstance(argument, list) else None
        prompt = argument if turns is None else "\n".join([turn["content"] for turn in turns])
    except (ValueError, RecursionError, TypeError, KeyError, IndexError):
        prompt = None
    if not isinstance(prompt, str):
        problems.add("no-prompt", where, f"{line}: no prompt")
        return None
    return encodable(prompt)
