"""Rows with every run's answer, for the page of a task: which are shown, and how much of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.data.rows import OPENINGS, Row
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.report.diff import ValueDiff, diff_values
from sevenllm_bench.runs.records import Run, Sample
from sevenllm_bench.text.display import Long, cut

#: Characters of text in one page; a page of this size still opens at once on a phone.
MOST_CHARACTERS = 1_500_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One run's answer to a row.

    Attributes:
        run: Number of the run in the report.
        sample: The sample; None where the run lacks the row.
        text: The answer; None for a log-likelihood.
        difference: Its values against the reference's; None for prose and letters.
    """

    run: int
    sample: Sample | None
    text: Long | None = None
    difference: ValueDiff | None = None


@dataclass(frozen=True, slots=True)
class AnswerExample:
    """A row and its answers.

    Attributes:
        row: The row.
        question: Instruction, or an MCQ's question.
        incident: The incident's text.
        reference: The reference; JSON is indented.
        answers: One per run, in the report's order.
        mean: Mean of the runs' main metric; None where no run has one.
        trouble: "unread", "cut", both, or nothing.
    """

    row: Row
    question: Long
    incident: Long
    reference: Long
    answers: tuple[Answer, ...]
    mean: float | None
    trouble: tuple[str, ...]

    @property
    def excerpt(self) -> str:
        """The question without the opening words that all questions of its kind share."""
        opening = next((words for words in OPENINGS if self.question.start.startswith(words)), "")
        ends = [place for mark in (":", "：") if (place := self.question.start.find(mark)) >= 0]
        return self.question.start[min(ends) + 1 :].strip() or self.question.start if opening and ends else self.question.start

    @property
    def size(self) -> int:
        """Characters of text that it puts into a page."""
        texts = [self.question, self.incident, self.reference, *(answer.text for answer in self.answers)]
        values = sum(len(v) + 30 for answer in self.answers if answer.difference for _, v in answer.difference.values)
        return sum(text.size for text in texts if text) + values


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of a page.

    Attributes:
        shown: In the order of their ids.
        in_all: Number of rows that the task has.
    """

    shown: tuple[AnswerExample, ...]
    in_all: int


def examples(runs: Sequence[Run], task: str, most: int) -> Examples:
    """The rows of a task to show.

    All of them where they are few. Otherwise those with answers that couldn't be read or look cut off, up to a third, and
    the others at equal distances from the worst to the best, so that a page shows what the figures are made of.

    Args:
        runs: The runs.
        task: Name of the task in the harness.
        most: Number of rows at most; fewer where their texts are long.
    """
    by_run = [{sample.id: sample for sample in run.of_task(task)} for run in runs]
    ids = sorted(set().union(*by_run))
    found = {row_id: [own.get(row_id) for own in by_run] for row_id in ids}
    shown: list[AnswerExample] = []
    size = 0
    for row_id in _chosen(found, most):
        example = _example(found[row_id])
        size += example.size
        if size > MOST_CHARACTERS and shown:
            break
        shown.append(example)
    return Examples(tuple(sorted(shown, key=lambda example: example.row.id)), len(ids))


def _chosen(found: dict[int, list[Sample | None]], most: int) -> list[int]:
    """Ids in the order in which they are to be shown, should there be no room for all."""
    troubled = [row_id for row_id, samples in found.items() if _trouble(samples)]
    ranked = sorted(found, key=lambda row_id: (_mean(found[row_id]) or 0.0, row_id))
    if len(ranked) <= most:
        return [*troubled, *(row_id for row_id in ranked if row_id not in set(troubled))]
    first = troubled[: most // 3]
    others = [row_id for row_id in ranked if row_id not in set(first)]
    wanted = most - len(first)
    places = [round(place * (len(others) - 1) / max(1, wanted - 1)) for place in range(wanted)]
    return [*first, *(others[place] for place in dict.fromkeys(places))]


def _mean(samples: Sequence[Sample | None]) -> float | None:
    values = [value for sample in samples if sample and (value := main_value(sample)) is not None]
    return sum(values) / len(values) if values else None


def main_value(sample: Sample) -> float | None:
    """The value of the headline's metric for the row's kind."""
    return sample.metrics.get(HEADLINE[sample.kind])


def _trouble(samples: Sequence[Sample | None]) -> tuple[str, ...]:
    present = [sample for sample in samples if sample]
    unread, cut_off = (any(map(check, present)) for check in (lambda s: s.reading.is_unread, lambda s: s.reading.cut))
    return ("unread",) * unread + ("cut",) * cut_off


def _example(samples: Sequence[Sample | None]) -> AnswerExample:
    row = next(sample.row for sample in samples if sample)
    question = row.instruction if isinstance(row.instruction, str) else str(row.instruction["question"])
    reference = row.reference_text if row.kind != "understanding" else json.dumps(row.output, ensure_ascii=False, indent=2)
    return AnswerExample(
        row=row,
        question=cut(question, 1_000, 10_000),
        incident=cut(row.input, 700),
        reference=cut(reference),
        answers=tuple(_answer(run, sample) for run, sample in enumerate(samples)),
        mean=_mean(samples),
        trouble=_trouble(samples),
    )


def _answer(run: int, sample: Sample | None) -> Answer:
    if sample is None or sample.response is None:
        return Answer(run, sample)
    difference = diff_values(sample.row, sample.reading) if sample.kind == "understanding" else None
    return Answer(run, sample, cut(sample.response), difference)
