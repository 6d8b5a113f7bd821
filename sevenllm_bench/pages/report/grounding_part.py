"""What the incident text has of the answers, beside what it has of the references, for the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.figures.rounding import NO_FIGURE
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.pages.report.with_interval import with_interval
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.runs.records import Run
from sevenllm_bench.scoring import reference_grounding_by_row
from sevenllm_bench.stats.intervals import Interval, mean_interval
from sevenllm_bench.stats.resampling import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class _About:
    """What a metric's part says.

    Attributes:
        title: Heading of the part.
        sentences: What it means.
    """

    title: str
    sentences: tuple[str, str]


_MORE = "docs/grounding.md says what counts as in the text. The task's pages mark every value of every answer."
_ABOUT: Mapping[str, _About] = {
    "grounded": _About(
        "Values that the text supports",
        (
            "Of the values that a run extracts, the share that the incident text has, in the same words, numbers or dates. The "
            "references paraphrase too, so read a run beside them and not beside 1: one that is clearly below them writes more "
            "that the text doesn't have.",
            _MORE,
        ),
    ),
    "invented_indicators": _About(
        "Indicators that nobody gave",
        (
            "Of the addresses, domains, hashes, files and numbers of vulnerabilities or techniques that a run names in its "
            "analyses, the share that neither text nor question has; lower is better. An answer without text counts 1.",
            "One that is right but not in the text counts too. docs/grounding.md says more; the task's pages list them.",
        ),
    ),
}


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


def grounding_of(run: Run, metric: str, draws: Draws) -> dict[str, Grounding]:
    """A metric of a run by language, over the rows of the benchmark's own tasks that have it and their text.

    Args:
        run: The run.
        metric: "grounded" or "invented_indicators".
        draws: Source of chance of the intervals.
    """
    import numpy as np

    source = run.source
    pairs: dict[str, list[tuple[int, float, float]]] = {}
    for sample in run.samples:
        row = sample.row
        if metric in sample.metrics and sample.is_default and row.source == source and row.input:
            reference = reference_grounding_by_row([row])[0].get(metric)
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
    """What the text supports of each run's answers, by language, beside the references; no part where no run has the metric.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        draws: Source of chance of the intervals.
    """
    parts = []
    for metric, about in _ABOUT.items():
        found = [(run.label, grounding_of(run, metric, draws)) for run in runs]
        languages = [language for language in LANGUAGES if any(language in own for _, own in found)]
        if languages:
            heads = ((name := LANGUAGE_NAMES[language], f"{name}: the references") for language in languages)
            columns = ("Run", *(head for pair in heads for head in pair))
            rows = tuple(
                (label, *(cell for language in languages for cell in _cells(own.get(language)))) for label, own in found if own
            )
            parts.append(TrustPart(about.title, about.sentences, columns, rows))
    return parts


def _cells(own: Grounding | None) -> tuple[str, str]:
    if own is None:
        return NO_FIGURE, NO_FIGURE
    return with_interval(own.mean, own.interval), with_interval(own.reference, own.reference_interval)
