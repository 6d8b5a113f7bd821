"""What the incident text has of the answers, beside what it has of the references, for the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.data.rows import Row
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.pages.report.with_interval import with_interval
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.runs.records import Run
from sevenllm_bench.scoring import reference_grounding_by_row
from sevenllm_bench.stats.intervals import Interval, mean_interval
from sevenllm_bench.stats.resampling import Draws


@dataclass(frozen=True, slots=True)
class _About:
    """What a metric's part says.

    Attributes:
        title: Heading of the part.
        sentences: What it means.
        column: Head of the column of answers.
    """

    title: str
    sentences: tuple[str, str]
    column: str


_MORE = "docs/grounding.md says what counts as in the text. The task's pages mark every value of every answer."
_ABOUT: Mapping[str, _About] = {
    "grounded": _About(
        "Values that the text supports",
        (
            "Of the values that a run extracts, the share that the incident text has, in the same words, numbers or dates. The "
            "references paraphrase too, so read a run beside them and not beside 1: one that is clearly below writes more that "
            "the text doesn't have.",
            _MORE,
        ),
        "In the text",
    ),
    "invented_indicators": _About(
        "Indicators that nobody gave",
        (
            "Of the addresses, domains, hashes, files and numbers of vulnerabilities or techniques that a run names in its "
            "analyses, the share that neither text nor question has; lower is better. An answer without text counts 1.",
            "One that is right but not in the text counts too. docs/grounding.md says more; the task's pages list them.",
        ),
        "Given by nobody",
    ),
}


@dataclass(frozen=True, slots=True)
class Grounding:
    """A metric of grounding over the rows of a language.

    Attributes:
        language: "en" or "zh".
        rows: Number of rows.
        mean: Mean of the answers, from 0 to 1.
        interval: Its 95 % interval.
        reference: Mean of the references of the same rows.
        reference_interval: Its 95 % interval.
    """

    language: str
    rows: int
    mean: float
    interval: Interval
    reference: float
    reference_interval: Interval


class ReferenceValues:
    """What the references score in both metrics, each row once."""

    def __init__(self) -> None:
        """Start with none."""
        self._known: dict[int, tuple[Row, Mapping[str, float]]] = {}

    def of(self, row: Row) -> Mapping[str, float]:
        """Metric to value of a row's reference."""
        known = self._known.get(row.id)
        if known is None or (known[0] is not row and known[0] != row):
            known = self._known[row.id] = (row, reference_grounding_by_row([row])[0])
        return known[1]


def grounding_of(run: Run, metric: str, references: ReferenceValues, draws: Draws) -> list[Grounding]:
    """A metric of a run by language, over the rows of the benchmark's own tasks that have it and their text.

    Args:
        run: The run.
        metric: "grounded" or "invented_indicators".
        references: What the references score; rows that several runs have are looked at once.
        draws: Source of chance.
    """
    return [own for language in LANGUAGES if (own := _of_language(run, metric, language, references, draws))]


def _of_language(run: Run, metric: str, language: str, references: ReferenceValues, draws: Draws) -> Grounding | None:
    import numpy as np

    source, pairs = run.source, []
    for sample in run.samples:
        row = sample.row
        if row.language == language and metric in sample.metrics and sample.is_default and row.source == source and row.input:
            pairs.append((row.id, sample.metrics[metric], references.of(row)[metric]))
    if not pairs:
        return None
    values = np.array(sorted(pairs), dtype=float)
    own, reference = values[:, 1], values[:, 2]
    intervals = [mean_interval([column], draws) for column in (own, reference)]
    return Grounding(language, len(pairs), float(own.mean()), intervals[0], float(reference.mean()), intervals[1])


def grounding_parts(runs: Sequence[Run], draws: Draws) -> list[TrustPart]:
    """What the text supports of each run's answers, by language, beside the references; no part where no run has the metric.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        draws: Source of chance of the intervals.
    """
    references, parts = ReferenceValues(), []
    for metric, about in _ABOUT.items():
        rows = [_line(run.label, own) for run in runs for own in grounding_of(run, metric, references, draws)]
        if rows:
            columns = ("Run", "Language", "Rows", about.column, "References, same rows")
            parts.append(TrustPart(about.title, about.sentences, columns, tuple(rows)))
    return parts


def _line(label: str, own: Grounding) -> tuple[str, ...]:
    return (
        label,
        LANGUAGE_NAMES[own.language],
        f"{own.rows:,}",
        with_interval(own.mean, own.interval),
        with_interval(own.reference, own.reference_interval),
    )
