"""The encoder tasks of a run, about the benchmark's own items and scored again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.encoder_tasks.encoder_task import Item
from sevenllm_bench.encoder_tasks.stress import row_of
from sevenllm_bench.encoder_tasks.task_scoring import items_of, score_items
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.records import Run
from sevenllm_bench.submission.verify.check_rows import Benchmarks, source_of
from sevenllm_bench.submission.verify.check_scores import MOST_CHARACTERS


@dataclass(frozen=True, slots=True)
class RescoredTask:
    """An encoder task, with what it should be about.

    Attributes:
        task: What the run says of it.
        samples: Its samples.
        items: The benchmark's items by id.
        again: The samples about these items, scored again.
        too_long: Ids of rows with noise that were not scored again, since the answers together are too long, as in `Rescored`.
    """

    task: EncoderTaskRun
    samples: Sequence[ItemSample]
    items: Mapping[int, Item]
    again: Sequence[ItemSample]
    too_long: Sequence[int]


def rescore_items(run: Run, benchmarks: Benchmarks) -> list[RescoredTask]:
    """Every encoder task with its samples, about the benchmark's own items and scored again.

    Args:
        run: The run.
        benchmarks: The rows by source.
    """
    found: list[RescoredTask] = []
    characters = 0
    for name, task in run.encoder_tasks.items():
        samples = [sample for sample in run.item_samples if sample.task == name]
        items = {item.id: item for item in items_of(task.entry, benchmarks[source_of(task)], task.signature)}
        true = [replace(sample, item=items.get(sample.id, sample.item)) for sample in samples]
        within = []
        for sample in true:
            characters += _length(sample, task)
            within.append(characters <= MOST_CHARACTERS)
        scored = [sample for sample, is_within in zip(true, within, strict=True) if is_within]
        values = iter(score_items(task.entry, [sample.item for sample in scored], [sample.answer for sample in scored]))
        again = [replace(s, metrics=next(values)) if is_within else s for s, is_within in zip(true, within, strict=True)]
        too_long = [sample.id for sample, is_within in zip(true, within, strict=True) if not is_within]
        found.append(RescoredTask(task, samples, items, again, too_long))
    return found


def _length(sample: ItemSample, task: EncoderTaskRun) -> int:
    """Characters of an answer as it is read, where it is scored as a text: that of a row with noise."""
    row = row_of(sample.item) if task.entry.kind == "stress" else None
    return len(read_answer(sample.answer, row.kind, row.choices).text) if row else 0
