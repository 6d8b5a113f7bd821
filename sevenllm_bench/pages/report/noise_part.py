"""What the noise of real reports costs a model, for the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Sequence

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.comparison.stress_drop import Drop, stress_drop
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.rounding import NO_FIGURE, p_value, shown, shown_difference, shown_range
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.metrics.registry import OPTIONAL_FOR
from sevenllm_bench.pages.report.with_interval import with_interval
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.runs.encoder_records import ItemSample
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.intervals import mean_interval
from sevenllm_bench.stats.resampling import Draws

_COLUMNS = ("Run", "Language", "Rows", "Without noise", "With noise", "Drop", "Holm's p")
_SENTENCES = (
    "The same rows, asked again with the noise of real reports in their incident texts: page breaks, watermarks, cookie banners, "
    "misread characters. The drop is the score without noise less that with it; above 0, the noise costs.",
    "A score is the mean of extraction (value_f1) and analysis (rouge_l). docs/robustness.md has the kinds of noise.",
)
_OF_NOISE_ALONE = (
    "Where there is no drop, a run has no rows without noise, or they differ in more than the noise: sevenllm-bench stress says "
    "which."
)


def noise_parts(runs: Sequence[Run], seed: int, resamples: int) -> list[TrustPart]:
    """What noise costs each run, by language; no part where no run has rows with noise.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        seed: Seed of resampling.
        resamples: Number of random draws.
    """
    lines = [line for run in runs for line in _lines(run, seed, resamples)]
    if not lines:
        return []
    sentences = (*_SENTENCES, *([_OF_NOISE_ALONE] if any(line[5] == NO_FIGURE for line in lines) else []))
    return [TrustPart("Incident texts with noise", sentences, _COLUMNS, tuple(lines))]


def _lines(run: Run, seed: int, resamples: int) -> list[tuple[str, ...]]:
    noisy = {language: _noisy_values(run, language) for language in LANGUAGES}
    if not any(noisy.values()):
        return []
    drops = _drops(run, seed, resamples)
    draws = Draws(seed, resamples)
    return [
        _drop_line(run, language, drops[language]) if language in drops else _noise_line(run, language, values, draws)
        for language, values in noisy.items()
        if values or language in drops
    ]


def _drops(run: Run, seed: int, resamples: int) -> dict[str, Drop]:
    """The drop by language, where the run has the same rows with and without noise."""
    try:
        found = stress_drop(run, run, seed, resamples)
    except ResultsError:
        return {}
    totals = {drop.name: drop for drop in found.drops if drop.level == "total"}
    return {language: totals[name] for language, name in LANGUAGE_NAMES.items() if name in totals}


def _drop_line(run: Run, language: str, drop: Drop) -> tuple[str, ...]:
    return (
        run.label,
        LANGUAGE_NAMES[language],
        f"{drop.rows:,}",
        shown(drop.clean),
        shown(drop.noisy),
        with_interval(drop.paired.difference, drop.paired.interval, shown_difference, shown_range),
        p_value(drop.p) if drop.p is not None else NO_FIGURE,
    )


def _noise_line(run: Run, language: str, values: Sequence[Sequence[float]], draws: Draws) -> tuple[str, ...]:
    import numpy as np

    means = [sum(own) / len(own) for own in values]
    interval = mean_interval([np.array(own, dtype=float) for own in values], draws)
    score = with_interval(sum(means) / len(means), interval)
    return run.label, LANGUAGE_NAMES[language], f"{sum(map(len, values)):,}", NO_FIGURE, score, NO_FIGURE, NO_FIGURE


def _noisy_values(run: Run, language: str) -> list[list[float]]:
    """The scores of a language's rows with noise, by what rows ask for; empty where there are none."""
    found: dict[str, list[float]] = {kind: [] for kind in OPTIONAL_FOR}
    for sample in run.item_samples:
        entry = run.encoder_tasks[sample.task].entry
        asks = _asks(sample)
        if entry.kind == "stress" and entry.language == language and asks in found and "stress_score" in sample.metrics:
            found[asks].append(sample.metrics["stress_score"])
    return [values for values in found.values() if values]


def _asks(sample: ItemSample) -> str:
    asks = sample.item.document.get("asks")
    return asks if isinstance(asks, str) else ""
