"""Means by section over scored answers, as the paper reports them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sevenllm_bench.catalog import SECTIONS
from sevenllm_bench.figures.cells import mean_over
from sevenllm_bench.scoring import RowScore


@dataclass(frozen=True, slots=True)
class SectionScore:
    """Means over the rows of one section.

    Attributes:
        rows: Number of rows averaged over (missing ones included).
        means: Metric name to mean.
        readings: How its answers were read, with counts.
        cut: Number of answers that look cut off.
    """

    rows: int
    means: dict[str, float]
    readings: dict[str, int] = field(default_factory=dict)
    cut: int = 0


def by_section(scores: Sequence[RowScore]) -> dict[str, SectionScore]:
    """Scores averaged by section (language and what the row asks for), in the paper's order."""
    grouped = {section: [score for score in scores if score.row.section == section] for section in SECTIONS}
    return {section: _section(own) for section, own in grouped.items() if own}


def _section(scores: Sequence[RowScore]) -> SectionScore:
    means = {name: mean_over([[score.metrics[name] for score in scores]]) for name in scores[0].metrics}
    readings = Counter(score.reading.how for score in scores)
    return SectionScore(len(scores), means, dict(readings.most_common()), sum(score.reading.cut for score in scores))
