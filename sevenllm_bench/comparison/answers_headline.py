"""The headline of scored answers with its interval: the figure that `compare` and the pages show for the same answers."""

from __future__ import annotations

from dataclasses import dataclass

from sevenllm_bench.comparison.compare_runs import RESAMPLES
from sevenllm_bench.figures.cells import HEADLINE_NAME, headline_cell, mean_over
from sevenllm_bench.figures.sections import Scores
from sevenllm_bench.metrics.registry import bounds
from sevenllm_bench.stats.intervals import Interval, mean_interval
from sevenllm_bench.stats.resampling import Draws


@dataclass(frozen=True, slots=True)
class AnswersHeadline:
    """The headline score of saved answers.

    Attributes:
        value: The unweighted mean over the six sections.
        interval: Its 95 % interval.
        rows: Number of rows behind it.
    """

    value: float
    interval: Interval
    rows: int


def headline_of(scores: Scores, seed: int = 0, resamples: int = RESAMPLES) -> AnswersHeadline | None:
    """The headline of scored answers; None where a section has no rows.

    Args:
        scores: See `score_predictions`.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap means.
    """
    import numpy as np

    values: dict[str, dict[tuple[str, int], float]] = {}
    wanted = dict(headline_cell().strata)
    for score in scores.rows:
        section = score.row.section
        values.setdefault(section, {})[score.row.leaf.name, score.row.id] = score.metrics[wanted[section]]
    if wanted.keys() - values.keys():
        return None
    strata = [np.array([values[name][key] for key in sorted(values[name])], dtype=float) for name in wanted]
    interval = mean_interval(strata, Draws(seed, resamples), bounds(HEADLINE_NAME))
    return AnswersHeadline(mean_over(strata), interval, sum(map(len, strata)))
