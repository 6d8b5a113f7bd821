"""What the incident text has of the answers, beside what it has of the references, for the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.data.rows import Row
from sevenllm_bench.figures.rounding import NO_FIGURE, shown
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.pages.report.with_interval import with_interval
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.runs.records import Run
from sevenllm_bench.scoring import reference_grounding_by_row
from sevenllm_bench.stats.intervals import Interval, mean_interval
from sevenllm_bench.stats.resampling import Draws

#: Heads of the columns of each metric.
_HEADS = {"grounded": "In the text", "invented_indicators": "Given by nobody"}
_SENTENCES = {
    "grounded": (
        "“In the text” is the share of the values that a run extracts which the incident text has, in the same words, numbers or "
        "dates. References paraphrase too, so read a run beside them and not beside 1: one that is clearly below writes more "
        "that the text doesn't have."
    ),
    "invented_indicators": (
        "“Given by nobody” is the share of the addresses, domains, hashes, files and numbers of vulnerabilities or techniques in "
        "its analyses that neither text nor question has; lower is better, and an answer without text counts 1."
    ),
}
_MORE = "The tasks' pages mark every value of every answer; docs/grounding.md says what counts as in the text."
_OF_OTHER_ROWS = "Where a run lacks rows, the references of those that it has are in brackets."


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
    """What the text has of the answers, beside what it has of the references; no part where no run has the metrics.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        draws: Source of chance of the intervals.
    """
    references = ReferenceValues()
    found: dict[tuple[str, str], dict[str, Grounding]] = {}
    for metric in _HEADS:
        for run in runs:
            for own in grounding_of(run, metric, references, draws):
                found.setdefault((metric, own.language), {})[run.label] = own
    if not found:
        return []
    columns = [(metric, language) for metric in _HEADS for language in LANGUAGES if (metric, language) in found]
    whole = {column: max(found[column].values(), key=lambda own: own.rows) for column in columns}
    first = ("the references", *(with_interval(own.reference, own.reference_interval) for own in whole.values()))
    lines = [(run.label, *(_cell(found[column].get(run.label), whole[column]) for column in columns)) for run in runs]
    heads = ("Run", *(f"{_HEADS[metric]}, {LANGUAGE_NAMES[language]}" for metric, language in columns))
    sentences = [_SENTENCES[metric] for metric in dict.fromkeys(metric for metric, _ in columns)]
    other = [_OF_OTHER_ROWS] if any("[" in cell for line in lines for cell in line[1:]) else []
    return [TrustPart("What the text has of the answers", (*sentences, *other, _MORE), heads, (first, *lines))]


def _cell(own: Grounding | None, whole: Grounding) -> str:
    if own is None:
        return NO_FIGURE
    text = with_interval(own.mean, own.interval)
    return text if own.rows == whole.rows else f"{text} [{shown(own.reference)}]"
