"""What the incident text has of the answers, beside what it has of the references, for the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.data.rows import Row
from sevenllm_bench.figures.rounding import NO_FIGURE, shown
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.pages.report.with_interval import with_interval
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.pages.trust.trust_words import GROUNDING_HEADS, GROUNDING_SENTENCES, GROUNDING_TITLE
from sevenllm_bench.runs.records import Run
from sevenllm_bench.scoring import reference_grounding_by_row
from sevenllm_bench.stats.intervals import Interval, mean_interval
from sevenllm_bench.stats.resampling import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray


_MORE = "The tasks' pages mark every value of every answer; docs/grounding.md says what counts as in the text."
_OF_OTHER_ROWS = "Where a run lacks rows, what the references of its own rows have is in brackets."


@dataclass(frozen=True, slots=True)
class Grounding:
    """A metric of grounding over the rows of a language.

    Attributes:
        rows: Number of rows.
        mean: Mean of the answers, from 0 to 1.
        interval: Its 95 % interval.
        reference: Mean of the references of the same rows.
        reference_interval: Its 95 % interval.
    """

    rows: int
    mean: float
    interval: Interval
    reference: float
    reference_interval: Interval


class ReferenceValues:
    """What the references score in both metrics; those of a row that several runs have are looked up once."""

    def __init__(self) -> None:
        """Start with none."""
        self._known: dict[int, tuple[Row, Mapping[str, float]]] = {}

    def of(self, row: Row) -> Mapping[str, float]:
        """Metric to value of a row's reference; empty for multiple choice."""
        known = self._known.get(row.id)
        if known is None or (known[0] is not row and known[0] != row):
            known = self._known[row.id] = (row, reference_grounding_by_row([row])[0])
        return known[1]


def grounding_of(run: Run, metric: str, references: ReferenceValues, draws: Draws) -> dict[str, Grounding]:
    """A metric of a run by language, over the rows of the benchmark's own tasks that have it and their text.

    Args:
        run: The run.
        metric: "grounded" or "invented_indicators".
        references: What the references score.
        draws: Source of chance of the intervals.
    """
    import numpy as np

    source = run.source
    pairs: dict[str, list[tuple[int, float, float]]] = {}
    for sample in run.samples:
        row = sample.row
        if metric in sample.metrics and sample.is_default and row.source == source and row.input:
            reference = references.of(row).get(metric)
            if reference is not None:
                pairs.setdefault(row.language, []).append((row.id, sample.metrics[metric], reference))
    return {
        language: _grounding(np.array(sorted(pairs[language]), dtype=float)[:, 1:], draws)
        for language in LANGUAGES
        if language in pairs
    }


def _grounding(values: NDArray[Any], draws: Draws) -> Grounding:
    """Of rows x (answer, reference)."""
    own, reference = values.T
    return Grounding(
        len(own), float(own.mean()), mean_interval([own], draws), float(reference.mean()), mean_interval([reference], draws)
    )


def grounding_parts(runs: Sequence[Run], draws: Draws) -> list[TrustPart]:
    """Whether the answers are in the text, below what it has of the references; no part where no run has the metrics.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        draws: Source of chance of the intervals.
    """
    references = ReferenceValues()
    found = {metric: [grounding_of(run, metric, references, draws) for run in runs] for metric in GROUNDING_HEADS}
    columns = [
        (metric, language)
        for metric in GROUNDING_HEADS
        for language in LANGUAGES
        if any(language in own for own in found[metric])
    ]
    if not columns:
        return []
    every = {(metric, language): [own.get(language) for own in found[metric]] for metric, language in columns}
    whole = {column: max((own for own in cells if own), key=lambda own: own.rows) for column, cells in every.items()}
    first = ("the references", *(with_interval(own.reference, own.reference_interval) for own in whole.values()))
    lines = [(run.label, *(_cell(every[column][place], whole[column]) for column in columns)) for place, run in enumerate(runs)]
    heads = ("Run", *(f"{GROUNDING_HEADS[metric]}, {LANGUAGE_NAMES[language]}" for metric, language in columns))
    sentences = [GROUNDING_SENTENCES[metric] for metric in dict.fromkeys(metric for metric, _ in columns)]
    others = [_OF_OTHER_ROWS] if any(own and own.rows < whole[column].rows for column in columns for own in every[column]) else []
    return [TrustPart(GROUNDING_TITLE, (*sentences, *others, _MORE), heads, (first, *lines))]


def _cell(own: Grounding | None, whole: Grounding) -> str:
    if own is None:
        return NO_FIGURE
    text = with_interval(own.mean, own.interval)
    return text if own.rows == whole.rows else f"{text} [{shown(own.reference)}]"
