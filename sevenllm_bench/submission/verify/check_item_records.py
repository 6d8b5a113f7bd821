"""The samples files of encoder tasks that lm-eval ran, line by line: document, target, requests, and each line against itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.answers.reading import Reading, read_answer
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.rows import LETTERS
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.entities import right_names
from sevenllm_bench.encoder_tasks.item_document import to_item_document
from sevenllm_bench.encoder_tasks.stress import row_of
from sevenllm_bench.encoder_tasks.task_scoring import items_of, rotated_row
from sevenllm_bench.encoder_tasks.vulnerable_code import vulnerable_option
from sevenllm_bench.prompts import PromptStyle, entity_target, target
from sevenllm_bench.runs.encoder_records import EncoderTaskRun
from sevenllm_bench.runs.locate import task_of
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.samples import records_of
from sevenllm_bench.runs.untrusted import Problems, dig
from sevenllm_bench.submission.verify.check_item_prompts import style_of
from sevenllm_bench.submission.verify.check_rows import Benchmarks, source_of
from sevenllm_bench.submission.verify.check_scores import wrong_counts
from sevenllm_bench.submission.verify.findings import Finding
from sevenllm_bench.submission.verify.record_lines import RecordLines, wrong_in_any, wrong_options, wrong_request

#: An item's id and the number of its document: the rotation of a question in several, 0 for others.
_Key = tuple[int, int]
#: Kinds of task whose results count how answers were read.
_READ = ("mcq-circular", "stress")


def check_item_records(run: Run, files: Iterable[Path], benchmarks: Benchmarks) -> Iterator[Finding]:
    """Every line of the samples files of encoder tasks that models of the harness ran.

    Args:
        run: The run.
        files: Its samples files.
        benchmarks: The rows by source.
    """
    for file in files:
        task = run.encoder_tasks.get(task_of(file))
        if task and not (task.output_type == "encoder" and "encoder" in task.entry.output_types):
            wanted = _documents(task, benchmarks[source_of(task)])
            places = {key: place for place, key in enumerate(wanted)}
            lines = RecordLines(task, partial(_wrong, task=task, wanted=wanted, places=places))
            lines.read(file)
            yield from lines.findings()
            if task.entry.kind in _READ and task.answers and dig(task.signature, "sevenllm_bench") == __version__:
                yield from wrong_counts(task.task, task.answers, list(_readings(file, task.entry, wanted)))


def _readings(file: Path, entry: EncoderTask, wanted: Mapping[_Key, Item]) -> Iterator[Reading]:
    """The answers as the harness read them: those that its filter kept, line by line."""
    for _, record in records_of(file, Problems()):
        key = _key(record)
        item = wanted.get(key) if key else None
        kept = record.get("filtered_resps")
        if item is None or key is None or not isinstance(kept, list) or not kept:
            continue
        if entry.kind == "mcq-circular":
            yield read_answer(kept[0], "mcq", rotated_row(item, key[1]).choices)
        else:
            yield read_answer(kept[0], item.document["asks"])


def _key(record: Mapping[str, Any]) -> _Key | None:
    number, rotation = dig(record, "doc", "id"), dig(record, "doc", "rotation") or 0
    return (number, rotation) if isinstance(number, int) and isinstance(rotation, int) else None


def _documents(task: EncoderTaskRun, benchmark: Benchmark) -> dict[_Key, Item]:
    """The documents of a task in the harness's order: to each its item."""
    items = items_of(task.entry, benchmark, task.signature)
    return {(item.id, number): item for item in items for number in range(task.entry.documents_per_item)}


def _wrong(
    record: Mapping[str, Any], task: EncoderTaskRun, wanted: Mapping[_Key, Item], places: Mapping[_Key, int]
) -> Iterator[str]:
    """The fields of a sample that are not what they must be; items that are not the benchmark's are named elsewhere."""
    key = _key(record)
    item = wanted.get(key) if key else None
    if item is None or key is None:
        return
    place = record.get("doc_id")
    if isinstance(place, bool) or place != places[key]:
        yield "doc_id"
    document = to_item_document(item) | ({"rotation": key[1]} if task.entry.documents_per_item > 1 else {})
    if record.get("doc") != document:
        yield "doc"
    own = _target(task.entry, item, key[1], style_of(task.entry, task.prompt))
    if own is not None and record.get("target") != own:
        yield "target"
    options = _options(task.entry, item)
    if options is None:
        yield from wrong_request(record.get("arguments"), task.generation)
    else:
        yield from wrong_options(record.get("arguments"), options)
    yield from wrong_in_any(record)


def _target(entry: EncoderTask, item: Item, rotation: int, style: PromptStyle | None) -> str | None:
    """What a model should write, or the number of the right option; None where that isn't known."""
    if entry.kind == "answer-ranking":
        return str(item.document["answer"])
    if entry.kind == "vulnerable-code":
        chosen = vulnerable_option(item)
        return str(chosen if item.document["target"] == 1 else 1 - chosen)
    if entry.kind == "mcq-circular-logprob":
        return str(LETTERS.index(rotated_row(item, rotation).output))
    if entry.kind == "entities":
        return entity_target(right_names(item), style) if style else None
    row = rotated_row(item, rotation) if entry.kind == "mcq-circular" else row_of(item) if entry.kind == "stress" else None
    return target(row, style) if row and style else None


def _options(entry: EncoderTask, item: Item) -> Sequence[str] | None:
    """The texts whose log-likelihoods are asked for; None where a model writes an answer."""
    if "multiple_choice" not in entry.output_types:
        return None
    if entry.kind == "answer-ranking":
        return [str(candidate) for candidate in item.document["candidates"]]
    return LETTERS[:2] if entry.kind == "vulnerable-code" else LETTERS
