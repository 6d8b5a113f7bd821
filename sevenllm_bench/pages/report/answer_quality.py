"""How a run's answers were read, how long they are, how many look cut off, and how the judge marked them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sevenllm_bench.catalog import SECTIONS
from sevenllm_bench.runs.records import Run, Sample


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of answers in characters: least, quartiles, ninth decile, most."""

    least: int
    first: int
    median: int
    third: int
    ninety: int
    most: int


@dataclass(frozen=True, slots=True)
class AnswerQuality:
    """The answers of one run in one section.

    Attributes:
        run: Label of the run.
        section: E.g. "en_understanding".
        rows: Number of rows.
        readings: How they were read, with counts, most frequent first; letters as one, "letter".
        unread: Number of answers that couldn't be read.
        cut: Number that look cut off.
        lengths: Their lengths; None where there are no texts (log-likelihood).
    """

    run: str
    section: str
    rows: int
    readings: tuple[tuple[str, int], ...]
    unread: int
    cut: int
    lengths: Lengths | None


def answer_quality(runs: Sequence[Run]) -> list[AnswerQuality]:
    """Every run's answers, section by section, default leaves only."""
    found = []
    for run in runs:
        sections: dict[str, list[Sample]] = {}
        for sample in run.samples:
            if sample.is_default:
                sections.setdefault(sample.row.section, []).append(sample)
        found += [_quality(run.label, name, sections[name]) for name in SECTIONS if name in sections]
    return found


def _quality(label: str, section: str, samples: Sequence[Sample]) -> AnswerQuality:
    readings = Counter("letter" if sample.reading.letter else sample.reading.how for sample in samples)
    return AnswerQuality(
        run=label,
        section=section,
        rows=len(samples),
        readings=tuple(readings.most_common()),
        unread=sum(sample.reading.is_unread for sample in samples),
        cut=sum(sample.reading.cut for sample in samples),
        lengths=lengths(len(sample.response) for sample in samples if sample.response is not None),
    )


def lengths(values: Iterable[int]) -> Lengths | None:
    """Quantiles by nearest rank."""
    ordered = sorted(values)
    if not ordered:
        return None

    def at(share: float) -> int:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return Lengths(ordered[0], at(0.25), at(0.5), at(0.75), at(0.9), ordered[-1])


def judged(runs: Sequence[Run]) -> dict[str, list[int]]:
    """Label to how many answers the judge gave 1, 2, 3, 4 and 5; runs without a judge are left out."""
    found = {}
    for run in runs:
        marks = Counter(min(5, max(1, round(sample.metrics["judge"]))) for sample in run.samples if "judge" in sample.metrics)
        if marks:
            found[run.label] = [marks[mark] for mark in range(1, 6)]
    return found
