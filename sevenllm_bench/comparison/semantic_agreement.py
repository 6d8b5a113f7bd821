"""How far two embedding models agree about the same answers: for choosing the model behind `semantic`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenllm_bench.catalog import SECTIONS
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.figures.figures import standard_error
from sevenllm_bench.metrics.registry import OPTIONAL_FOR
from sevenllm_bench.runs.predictions import Predictions
from sevenllm_bench.scoring import answers_for, score_rows

if TYPE_CHECKING:
    from sevenllm_bench.encoders.sentence_embedder import SentenceEmbedder

#: Rows named of those on which the models agree least.
_NAMED = 10
#: Fewer rows have no rank correlation that says anything.
_FEWEST = 4


@dataclass(frozen=True, slots=True)
class SectionAgreement:
    """Two models' semantic similarity over the rows of one section.

    Attributes:
        section: The section.
        rows: Rows that have an answer.
        means: Mean similarity by the first and by the second model, in [0, 1].
        spearman: Rank correlation of the rows' values, -1 to 1; None for fewer than four rows, and where a model gives all rows
            one value.
        difference: Mean of second less first.
        difference_error: Its standard error; None for one row.
        apart: Rows on which they differ most once each model's mean is taken off: (id, first, second).
    """

    section: str
    rows: int
    means: tuple[float, float]
    spearman: float | None
    difference: float
    difference_error: float | None
    apart: tuple[tuple[int, float, float], ...]


def semantic_agreement(
    benchmark: Benchmark, predictions: Predictions, first: SentenceEmbedder, second: SentenceEmbedder
) -> list[SectionAgreement]:
    """Score saved answers with both models, and compare the values row by row.

    Args:
        benchmark: The rows.
        predictions: The answers; rows without one are left out.
        first: One model.
        second: The other.

    Returns:
        The sections that have answers, in the paper's order; multiple choice has no semantic similarity.
    """
    rows = [row for row in benchmark.rows if row.kind in OPTIONAL_FOR and row.id in predictions.answers]
    answers = answers_for(rows, predictions.answers)
    columns = [
        [score.metrics["semantic"] for score in score_rows(rows, answers, embedder=embedder)] for embedder in (first, second)
    ]
    found = []
    for section in SECTIONS:
        places = [place for place, row in enumerate(rows) if row.section == section]
        if places:
            ids = [rows[place].id for place in places]
            found.append(_of_section(section, ids, *([column[place] for place in places] for column in columns)))
    return found


def _of_section(section: str, ids: Sequence[int], first: Sequence[float], second: Sequence[float]) -> SectionAgreement:
    means = math.fsum(first) / len(first), math.fsum(second) / len(second)
    differences = [b - a for a, b in zip(first, second, strict=True)]
    shift = means[1] - means[0]
    order = sorted(range(len(ids)), key=lambda place: (-abs(differences[place] - shift), ids[place]))
    return SectionAgreement(
        section=section,
        rows=len(ids),
        means=means,
        spearman=_correlation(first, second),
        difference=shift,
        difference_error=standard_error(differences),
        apart=tuple((ids[place], first[place], second[place]) for place in order[:_NAMED]),
    )


def _correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's; None where either gives all rows one value."""
    from scipy.stats import spearmanr  # sentence-transformers brings it

    if len(first) < _FEWEST or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return float(spearmanr(first, second).statistic)
