"""Means by section over scored answers, as the paper reports them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sevenllm_bench.catalog import SECTIONS
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.errors import PredictionsError
from sevenllm_bench.figures.cells import mean_over
from sevenllm_bench.runs.predictions import Coverage, Predictions
from sevenllm_bench.scoring import RowScore, answers_for, score_rows

if TYPE_CHECKING:
    from sevenllm_bench.encoders.sentence_embedder import SentenceEmbedder


@dataclass(frozen=True, slots=True)
class SectionScore:
    """Means over the rows of one section.

    Attributes:
        rows: Number of rows averaged over (missing ones included).
        means: Metric name to mean.
        readings: How its answers were read, with counts.
        cut: Number of answers that look cut off.
        suspect: Number that look like reasoning of a form that isn't known, and are scored as they are.
    """

    rows: int
    means: dict[str, float]
    readings: dict[str, int] = field(default_factory=dict)
    cut: int = 0
    suspect: int = 0


def by_section(scores: Sequence[RowScore]) -> dict[str, SectionScore]:
    """Scores averaged by section (language and what the row asks for), in the paper's order."""
    grouped = {section: [score for score in scores if score.row.section == section] for section in SECTIONS}
    return {section: _section(own) for section, own in grouped.items() if own}


def _section(scores: Sequence[RowScore]) -> SectionScore:
    means = {name: mean_over([[score.metrics[name] for score in scores]]) for name in scores[0].metrics}
    readings = [score.reading for score in scores]
    read_as = dict(Counter(reading.how for reading in readings).most_common())
    cut, suspect = sum(reading.cut for reading in readings), sum(reading.is_suspect for reading in readings)
    return SectionScore(len(scores), means, read_as, cut, suspect)


@dataclass(frozen=True, slots=True)
class Scores:
    """Saved answers, scored.

    Attributes:
        rows: The scores of each row, in the benchmark's order.
        sections: The paper's sections with their means, in the paper's order.
        coverage: Which rows have an answer.
    """

    rows: tuple[RowScore, ...]
    sections: dict[str, SectionScore]
    coverage: Coverage


def score_predictions(
    benchmark: Benchmark, predictions: Predictions, partial: bool = False, embedder: SentenceEmbedder | None = None
) -> Scores:
    """Score saved answers against a benchmark's rows.

    Args:
        benchmark: The rows.
        predictions: The answers by row id; ids that no row has are counted and left out.
        partial: Average over the rows that have an answer only; else a row without one scores 0.
        embedder: Adds the semantic metrics.

    Raises:
        PredictionsError: No answer is to one of the rows.
    """
    coverage = predictions.coverage(benchmark.by_id)
    if not coverage.share:
        raise PredictionsError(f"{predictions.label}: no id in it is one of the {benchmark.source} rows")
    rows = [row for row in benchmark.rows if not partial or row.id in predictions.answers]
    scores = score_rows(rows, answers_for(rows, predictions.answers), embedder=embedder)
    return Scores(tuple(scores), by_section(scores), coverage)


def audited_scores(benchmark: Benchmark, scores: Scores) -> Scores:
    """The same scores, of the audited rows only: shown beside those of all rows, never instead of them.

    Raises:
        DataError: The rows are not those that were audited.
        PredictionsError: None of the scored rows is an audited one.
    """
    audited = benchmark.audited().by_id
    rows = tuple(score for score in scores.rows if score.row.id in audited)
    if not rows:
        raise PredictionsError(f"none of the {len(scores.rows):,} rows is among the {len(audited):,} audited ones")
    missing = tuple(row_id for row_id in scores.coverage.missing if row_id in audited)
    return Scores(rows, by_section(rows), replace(scores.coverage, wanted=len(audited), missing=missing))
