"""The figures of a submission as its page, the comparison and the CSV file show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from sevenllm_bench.catalog import KINDS, LANGUAGES, LEAVES
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.rounding import shown, shown_interval
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES, SCORE, section_name, task_title
from sevenllm_bench.metrics.registry import HEADLINE, METRICS, bounds
from sevenllm_bench.pages.leaderboard.entry import ENCODER_FIGURES, Entry, Value

LOGPROB = tuple(f"sevenllm-{language}-mcq-logprob.acc" for language in LANGUAGES)
#: Every figure that pages show, in their order.
SHOWN = (
    HEADLINE_NAME,
    *(f"{language}_{kind}.{metric}" for kind in KINDS for language in LANGUAGES for metric in METRICS[kind]),
    *(f"{leaf.name}.{HEADLINE[leaf.kind]}" for leaf in LEAVES),
    *LOGPROB,
    *ENCODER_FIGURES,
)
#: Half a 95 % interval in standard errors.
_HALF = 1.959964


class ModelFigure(NamedTuple):
    """A figure of a submission; a tuple, since there are fifty of each, and other objects take longer to make.

    Attributes:
        name: Its name, e.g. "en_mcq.acc".
        level: "overall", "section", "encoder task" or "task"; "beside" for what is beside the score.
        title: What it is of, in words.
        metric: Name of the metric; empty for the headline.
        mean: The figure.
        low: Lower end of its 95 % interval; None where there is none.
        high: Upper end.
        rows: Rows behind it; None where the submission doesn't say.
        partial: Why it is no figure of the whole benchmark; empty when it is.
        shown: The figure as it is written.
        interval: Its interval as it is written; empty where there is none.
    """

    name: str
    level: str
    title: str
    metric: str
    mean: float
    low: float | None
    high: float | None
    rows: int | None
    partial: str
    shown: str
    interval: str


def model_figures(entry: Entry) -> list[ModelFigure]:
    """The figures of a submission that pages show, in their order."""
    return [model_figure(name, entry.figures[name]) for name in SHOWN if name in entry.figures]


def model_figure(name: str, value: Value) -> ModelFigure:
    """A figure as pages show it.

    Args:
        name: Its name.
        value: The figure.
    """
    level, title, metric = figure_title(name)
    low, high = interval_of(value, bounds(metric))
    interval = "" if low is None else shown_interval(low, high)
    return ModelFigure(name, level, title, metric, value.mean, low, high, value.rows, value.partial, shown(value.mean), interval)


def interval_of(value: Value, limits: tuple[float, float] = (0.0, 1.0)) -> tuple[float | None, float | None]:
    """The ends of a figure's 95 % interval, inside what the figure can be; None where there is no interval."""
    if not value.has_interval:
        return None, None
    half = _HALF * (value.error or 0.0)
    return max(limits[0], value.mean - half), min(limits[1], value.mean + half)


@cache
def figure_title(name: str) -> tuple[str, str, str]:
    """Level, title and metric of a figure."""
    scope, _, metric = name.partition(".")
    if name == HEADLINE_NAME:
        return ("overall", SCORE.capitalize(), "")
    if task := encoder_task_by_name(scope):
        return ("encoder task", task_title(task), metric)
    leaf = next((leaf for leaf in LEAVES if leaf.name == scope), None)
    if leaf is None:
        return ("section", section_name(scope) if scope.startswith(LANGUAGES) else scope, metric)
    return ("task", f"{leaf.task.name if leaf.task else 'Multiple choice'}, {LANGUAGE_NAMES[leaf.language]}", metric)


def by_level(figures: Sequence[ModelFigure]) -> Iterator[tuple[str, list[ModelFigure]]]:
    """The figures of each level that there are any of: title of the level, figures."""
    titles = {"overall": "Overall", "section": "By section", "encoder task": "Further tasks", "task": "By task"}
    for level, title in titles.items():
        found = [figure for figure in figures if figure.level == level]
        if found:
            yield title, found
