"""The first screen of a report: the verdict in a sentence or two, all runs as dots with intervals, what the score means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sevenllm_bench.comparison.compare_runs import Score
from sevenllm_bench.comparison.grounding_words import grounding_lines
from sevenllm_bench.figures.anchors import CHANCE_MCQ, PUBLISHED_MODELS, WITHOUT_A_MODEL
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.rounding import shown
from sevenllm_bench.figures.vocabulary import METRIC_WORDS, SCORE, cell_name
from sevenllm_bench.metrics.registry import bounds
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.interval_chart import IntervalPoint, interval_chart
from sevenllm_bench.pages.report.best_run import standing
from sevenllm_bench.pages.report.published_beside import PublishedBeside
from sevenllm_bench.pages.report.run_order import OrderedRuns
from sevenllm_bench.pages.report.score_views import Examined
from sevenllm_bench.pages.report.verdict_words import (
    Sentence,
    listed_verdict,
    many_verdict,
    pair_verdict,
    published_verdict,
    refusal_verdict,
    single_verdict,
)
from sevenllm_bench.runs.records import Run

PAPER = "https://arxiv.org/abs/2405.03446"
#: Names of repositories that a link may be made of: nothing in them needs escaping or leads elsewhere.
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """What a reader sees first.

    Attributes:
        verdict: Sentences, the most important first.
        chart: All runs with a figure, the best first; None where there is no figure.
        meaning: What the score means, in plain sentences.
        metrics: Metric to what it counts, for those that the score is made of.
        models: Label and address on the Hub of the runs whose repository is known.
    """

    verdict: tuple[Sentence, ...]
    chart: Chart | None
    meaning: tuple[str, ...]
    metrics: tuple[tuple[str, str], ...]
    models: tuple[tuple[str, str], ...]


def first_screen(
    ordered: OrderedRuns,
    examined: Examined,
    short: Mapping[str, str],
    baseline: str | None,
    seed: int,
    resamples: int,
    published: PublishedBeside | None = None,
) -> FirstScreen:
    """Put the first screen together.

    Args:
        ordered: The runs by score, see `by_score`.
        examined: What the statistics say.
        short: Short name of each run.
        baseline: Label of the run that the others are compared with; None for a single run.
        seed: Seed of every random choice.
        resamples: Number of random draws.
        published: Published models, for a sentence and the chart; None for none.
    """
    models = [(run.label, address) for run in ordered.runs if (address := hub_address(run))]
    metrics = dict.fromkeys(cell[2] for cell in examined.figures.cells())
    return FirstScreen(
        (*_verdict(ordered, examined, seed, resamples), *(published_verdict(published) if published else ())),
        _chart(ordered, short, baseline, published),
        tuple(_meaning(ordered)),
        tuple(
            (SCORE if metric == HEADLINE_NAME else metric, _counts_what(metric, ordered))
            for metric in METRIC_WORDS
            if metric in metrics
        ),
        tuple(models),
    )


def _counts_what(metric: str, ordered: OrderedRuns) -> str:
    """What a metric counts; beside `grounded`, what the references themselves score."""
    own = grounding_lines(ordered.runs) if metric == "grounded" else []
    return ". ".join([METRIC_WORDS[metric], *own])


def _verdict(ordered: OrderedRuns, examined: Examined, seed: int, resamples: int) -> list[Sentence]:
    comparison = examined.comparison
    if len(ordered.runs) == 1:
        return single_verdict(ordered)
    if comparison is None:
        return refusal_verdict(ordered)
    if len(ordered.runs) == 2:
        return pair_verdict(ordered, comparison)
    ranked = [run for run in ordered.runs if run.label in ordered.scores]
    whole = [run for run in ranked if not ordered.partial[run.label]] or ranked
    if len(whole) < 2 or ordered.cell is None or ordered.cell[1] != HEADLINE_NAME:
        return listed_verdict(ordered)
    return many_verdict(ordered, standing(whole, seed, resamples, comparison.values), comparison)


def hub_address(run: Run) -> str | None:
    """The address of a run's model on the Hub, where the run itself says for certain which repository it is."""
    name = run.repository[0]
    return f"https://huggingface.co/{name}" if name and _REPOSITORY.fullmatch(name) and ".." not in name else None


def _chart(
    ordered: OrderedRuns, short: Mapping[str, str], baseline: str | None, published: PublishedBeside | None
) -> Chart | None:
    if ordered.cell is None:
        return None
    level, name, metric = ordered.cell
    what = SCORE.capitalize() if name == HEADLINE_NAME else f"{cell_name(level, name)} ({metric})"
    points = [
        _point(ordered.scores[run.label], short[run.label], run.label == baseline, ordered.partial[run.label])
        for run in ordered.runs
        if run.label in ordered.scores
    ]
    beside = published.points() if published and name == HEADLINE_NAME else []
    points = sorted([*points, *beside], key=lambda point: -point.mean) if beside else points
    with_interval = " with 95 % interval" if any(point.low is not None for point in points) else ""
    title = f"{what[0].upper()}{what[1:]}{with_interval}" + (", best first" if len(points) > 1 else "")
    ends = f"from {shown(points[0].mean)} ({points[0].label}) to {shown(points[-1].mean)} ({points[-1].label})"
    said = (
        f"{len(points)} {'runs and published models' if beside else 'runs'} {ends}."
        if len(points) > 1
        else f"{points[0].label}: {shown(points[0].mean)}."
    )
    return interval_chart("first", title, said, points, bounds(metric), SCORE)


def _point(score: Score, short: str, is_baseline: bool, partial: str) -> IntervalPoint:
    notes = [*(["baseline"] if is_baseline else []), *([f"partial: {partial}"] if partial else [])]
    tags = [*(["baseline"] if is_baseline else []), *(["partial"] if partial else [])]
    return IntervalPoint(
        label=score.run,
        short=f"{short} ({', '.join(tags)})" if tags else short,
        mean=score.mean,
        low=score.interval.low,
        high=score.interval.high,
        rows=score.rows,
        note="; ".join([*notes, *([score.interval.why_not] if score.interval.low is None else [])]),
        marked=is_baseline,
    )


def _meaning(ordered: OrderedRuns) -> list[str]:
    """What the score says, what 1 and 0 would be, and what other figures there are to hold it against."""
    if ordered.cell is None:
        return []
    if ordered.cell[1] != HEADLINE_NAME:
        words = METRIC_WORDS[ordered.cell[2]]
        low, high = bounds(ordered.cell[2])
        return [f"The score is {ordered.cell[2]}: {words}. The best possible is {high:g}, the worst {low:g}."]
    sentences = [
        "The score says how much of the expected answers a model gives: extracted facts (value_f1), free answers (rouge_l) "
        "and multiple choice (acc), in English and in Chinese, each of the six counting the same.",
        "1 would be every answer equal to its reference, 0 nothing right. Since good free answers use other words than the "
        "reference, 1 is out of reach in practice.",
    ]
    if any(run.source == "official" for run in ordered.runs):
        least, most = (shown(value) for value in PUBLISHED_MODELS)
        sentences.append(
            f"To compare: a program without a model gets {shown(WITHOUT_A_MODEL)} (it copies the incident's text, extracts "
            f"nothing and always chooses the same letter; chance alone has {CHANCE_MCQ:g} of the multiple choice), and the "
            f"twelve tuned models whose answers the paper's authors published get {least} to {most}."
        )
    return sentences
