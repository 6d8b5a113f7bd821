"""The rows of a task with every run's answer, for the task's page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sevenllm_bench.catalog import Leaf
from sevenllm_bench.data.rows import OPENINGS, Row
from sevenllm_bench.metrics.registry import HEADLINE, SHARES
from sevenllm_bench.pages.report.diff import Mark, diff_from
from sevenllm_bench.pages.report.explorer import Explorer, ExplorerRow, Option, RowPart, ShownAnswer
from sevenllm_bench.pages.report.text_support import invented_in, support_letters
from sevenllm_bench.pages.report.text_table import TextTable
from sevenllm_bench.runs.records import Run, Sample
from sevenllm_bench.text.display import plain
from sevenllm_bench.text.leaf_values import leaf_values

#: Characters of a question that are looked at for its excerpt, and of the excerpt.
_START, _EXCERPT = 1_000, 110

SamplesByTask = Mapping[str, Mapping[int, Sample]]


def samples_by_task(run: Run) -> SamplesByTask:
    """Task to row's id to sample."""
    found: dict[str, dict[int, Sample]] = {}
    for sample in run.samples:
        found.setdefault(sample.task, {})[sample.id] = sample
    return found


def explore_task(by_run: Sequence[SamplesByTask], task: str, leaf: Leaf, most: int | None = None) -> Explorer:
    """The rows of a task.

    Args:
        by_run: Each run's samples.
        task: Name of the task in the harness.
        leaf: Its leaf.
        most: Rows at most; None for all. Of more, those with answers that couldn't be read or look cut off, up to a third,
            and the others at equal distances from the worst to the best.
    """
    own = [samples.get(task, {}) for samples in by_run]
    found = {row_id: [samples.get(row_id) for samples in own] for row_id in sorted(set().union(*own))}
    chosen = found if most is None or len(found) <= most else _chosen(found, most)
    texts = TextTable()
    is_choice, is_extraction = leaf.kind == "mcq", leaf.kind == "understanding"
    reference = RowPart("Reference", pinned=True, code=is_extraction)
    parts = (RowPart("Question"), *([RowPart("Options")] if is_choice else []), RowPart("Incident"), reference)
    rows = tuple(_row(found[row_id], texts, is_choice) for row_id in sorted(chosen))
    main = HEADLINE[leaf.kind]
    return Explorer(main, main in SHARES, leaf.language, "row", parts, rows, texts, len(found))


def _chosen(found: Mapping[int, Sequence[Sample | None]], most: int) -> set[int]:
    troubled = [row_id for row_id, samples in found.items() if _in_trouble(samples)]
    ranked = sorted(found, key=lambda row_id: (_mean(found[row_id]), row_id))
    first = troubled[: most // 3]
    others = [row_id for row_id in ranked if row_id not in set(first)]
    wanted = most - len(first)
    places = [round(place * (len(others) - 1) / max(1, wanted - 1)) for place in range(wanted)]
    return {*first, *(others[place] for place in places)}


def _mean(samples: Sequence[Sample | None]) -> float:
    values = [value for sample in samples if sample and (value := main_value(sample)) is not None]
    return sum(values) / len(values) if values else 0.0


def main_value(sample: Sample) -> float | None:
    """The value of the headline's metric for the row's kind."""
    return sample.metrics.get(HEADLINE[sample.kind])


def _in_trouble(samples: Sequence[Sample | None]) -> bool:
    return any(sample.reading.is_unread or sample.reading.cut for sample in samples if sample)


def _row(samples: Sequence[Sample | None], texts: TextTable, is_choice: bool) -> ExplorerRow:
    row = next(sample.row for sample in samples if sample)
    question = row.instruction if isinstance(row.instruction, str) else str(row.instruction["question"])
    options = tuple(Option(plain(letter, 10), texts.add(text), letter == row.output) for letter, text in row.choices.items())
    incident = texts.add(row.input) if row.input else None
    values = leaf_values(row.output) if row.kind == "understanding" else []
    parts = (texts.add(question), *([options] if is_choice else []), incident, texts.add(_reference(row)))
    marked: dict[int, str] = {}
    answers = tuple(_answer(sample, values, texts, marked) if sample else None for sample in samples)
    return ExplorerRow(
        id=row.id,
        excerpt=plain(_without_opening(question[:_START]), _EXCERPT),
        values=tuple(main_value(sample) if sample else None for sample in samples),
        parts=parts,
        answers=answers,
        support=support_letters(list(marked.values()), row.input),
    )


def _reference(row: Row) -> str:
    """The reference to read: JSON on lines of its own, a letter with its option."""
    if row.kind == "understanding":
        return json.dumps(row.output, ensure_ascii=False, indent=2)
    return f"{row.output}: {row.choices[row.output]}" if row.output in row.choices else row.reference_text


def _without_opening(question: str) -> str:
    """A question without the opening words that all questions of its kind share."""
    if not any(question.startswith(words) for words in OPENINGS):
        return question
    ends = [place for mark in (":", "：") if (place := question.find(mark)) >= 0]
    return (question[min(ends) + 1 :].strip() if ends else "") or question


def _answer(sample: Sample, reference: Sequence[str], texts: TextTable, marked: dict[int, str]) -> ShownAnswer:
    """One run's answer; the values that are shown of it are added to `marked`, by the number of their text."""
    reading = sample.reading
    text = None if sample.response is None else texts.add(sample.response)
    is_unread = reading.is_unread
    read = (sample.metrics, plain(reading.how, 30), is_unread, reading.cut, text)
    if text is None or sample.kind != "understanding":
        return ShownAnswer(*read, invented=tuple(map(texts.add, invented_in(sample))))
    found = diff_from(reference, reading)
    marks: tuple[list[int], ...] = ([], [], [], [])
    for (mark, value), whole in zip(found.values, found.whole, strict=True):
        marks[_MARKS[mark]].append(number := texts.add(value))
        if not is_unread:
            marked.setdefault(number, whole)
    counts = tuple(found.counts.get(mark, 0) for mark in _MARKS) if found.left_out else ()
    return ShownAnswer(*read, marks=marks, counts=counts, why_text=found.why_text)


_MARKS: dict[Mark, int] = {"same": 0, "alike": 1, "missing": 2, "added": 3}
