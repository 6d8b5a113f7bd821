"""Runs against a baseline: every figure with its interval, every difference with its test, and what one can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from sevenllm_bench.comparison.compatibility import Difference, differences, forbidding
from sevenllm_bench.errors import ConfigError, ResultsError, unknown_name
from sevenllm_bench.figures.cells import (
    ENCODER_LEVELS,
    HEADLINE_NAME,
    LEVELS,
    Cell,
    Level,
    RowValues,
    encoder_cells,
    headline_cells,
    mean_over,
    metric_cells,
)
from sevenllm_bench.figures.figures import why_partial
from sevenllm_bench.figures.rounding import p_words
from sevenllm_bench.metrics.registry import (
    ENCODER_MAIN_METRICS,
    ENCODER_METRIC_VERSIONS,
    ENCODER_SHARES,
    HEADLINE,
    METRIC_VERSIONS,
    SHARES,
    bounds,
    gain,
    higher_is_better,
)
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.family import Family, decide
from sevenllm_bench.stats.intervals import Interval, mean_interval
from sevenllm_bench.stats.paired import ALPHA, Paired, compare_paired
from sevenllm_bench.stats.resampling import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

Verdict = Literal["better", "worse", "cannot tell"]
RESAMPLES = 10_000
_SHARES = SHARES | ENCODER_SHARES
_Strata = list["NDArray[Any]"]


@dataclass(frozen=True, slots=True)
class Score:
    """A figure of one run.

    Attributes:
        run: Label of the run.
        cell: What it is a figure of.
        rows: Number of rows behind it.
        mean: The figure.
        interval: Its 95 % interval.
        partial: Why it is no figure of the whole benchmark; empty when it is.
    """

    run: str
    cell: Cell
    rows: int
    mean: float
    interval: Interval
    partial: str = ""


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """A run against the baseline in one cell, over the rows that both have.

    Attributes:
        cell: What is compared.
        baseline: Label of the baseline.
        run: Label of the other run.
        baseline_mean: The baseline's figure.
        mean: The other's.
        paired: Difference, test and effect.
        p: p-value after Holm's correction over the family; None where there is no test.
        family: Number of tests in the family: all of the same level, over all runs.
        verdict: Whether the run is better or worse than the baseline, or one cannot tell.
        reason: What the verdict rests on.
    """

    cell: Cell
    baseline: str
    run: str
    baseline_mean: float
    mean: float
    paired: Paired
    p: float | None = None
    family: int = 0
    verdict: Verdict = "cannot tell"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found.

    Attributes:
        runs: The runs, the baseline first.
        scores: Every run's figures, see `score_run`.
        findings: Every other run against the baseline.
        differences: In what the runs differ.
        forbidden: Why they can't be compared; not empty only where the comparison was forced.
        notes: What is not in the tables, and why.
        metrics: The metrics compared; "headline" for value_f1, rouge_l and acc.
        seed: Seed of every random choice.
        resamples: Number of bootstrap means, and the least number of sign patterns.
        families: The tests of each level, with the number of sign patterns that decided.
        values: Every run's rows by its label, for further tests.
    """

    runs: tuple[Run, ...]
    scores: tuple[Score, ...]
    findings: tuple[ComparedFigure, ...]
    differences: tuple[Difference, ...]
    forbidden: tuple[Difference, ...]
    notes: tuple[str, ...]
    metrics: tuple[str, ...]
    seed: int
    resamples: int
    families: Mapping[Level, Family] = field(default_factory=dict)
    values: Mapping[str, RowValues] = field(default_factory=dict, repr=False, compare=False)

    def at(self, level: Level) -> list[ComparedFigure]:
        """The findings of one level."""
        return [finding for finding in self.findings if finding.cell.level == level]

    def why_partial(self, run: Run) -> str:
        """Why a run's headline is not the benchmark's, see `figures.why_partial`."""
        own = (s.partial for s in self.scores if s.run == run.label and s.cell.metric == s.cell.name == HEADLINE_NAME)
        found = next(own, None)
        return why_partial(run) if found is None else found


def score_run(run: Run, seed: int = 0, resamples: int = RESAMPLES) -> list[Score]:
    """Every figure of a run: the headline at every level, and every other metric by kind, section and task.

    Args:
        run: The run, with samples.
        seed: Seed of the bootstrap.
        resamples: Number of bootstrap means per interval.
    """
    return _scores(run, RowValues(run), Draws(seed, resamples))


def _scores(run: Run, values: RowValues, draws: Draws) -> list[Score]:
    cells = headline_cells(run)
    for metric in values.metrics():
        if metric in HEADLINE.values():
            cells += [cell for cell in metric_cells(run, metric) if cell.level == "encoder task"]
        else:
            cells += [cell for cell in metric_cells(run, metric) if cell.level in ("kind", "section", "task", "encoder task")]
    cells += [cell for cell in encoder_cells([run], [values]) if cell.level == "encoder group"]
    return [_score(run.label, cell, values, draws) for cell in _in_order(cells) if values.has(cell)]


def compare_runs(
    runs: Sequence[Run],
    metrics: Sequence[str] = (),
    seed: int = 0,
    resamples: int = RESAMPLES,
    force: bool = False,
) -> Comparison:
    """Compare runs with the first one, the baseline.

    Args:
        runs: Two or more, with labels that differ.
        metrics: Metrics to compare; none: those of the headline.
        seed: Seed of every random choice; the same seed gives the same figures.
        resamples: Number of bootstrap means, and least number of sign patterns; a level with so many tests that they need
            more has more, see `stats.family`.
        force: Compare also runs whose figures are not about the same thing, over the rows that both have.

    Raises:
        ConfigError: Fewer than two runs, an unknown metric, or too few resamples.
        ResultsError: The runs can't be compared; every reason is named. A run has no samples.
    """
    _check_options(runs, metrics, resamples)
    lacking = [run.label for run in runs if not run.has_samples]
    if lacking and not force:
        raise ResultsError(f"{' and '.join(lacking)}: no samples to compare; run lm_eval again with --log_samples")
    found = differences(runs)
    shared = [task for task in runs[0].tasks if all(task in run.tasks for run in runs)]
    forbidden = forbidding(found, metrics or (*HEADLINE.values(), *ENCODER_MAIN_METRICS.values()), shared)
    if forbidden and not force:
        raise ResultsError(_refusal(runs, forbidden))
    values = [RowValues(run) for run in runs]
    wanted = [cell for metric in metrics for cell in metric_cells(runs[0], metric)]
    wanted = wanted or [*headline_cells(runs[0]), *encoder_cells(runs[:1], values[:1])]
    draws = Draws(seed, resamples)
    findings, notes = _compared_cells(runs, values, _in_order(wanted), draws)
    if not findings:
        names = ", ".join(run.label for run in runs)
        what = f"no rows with {', '.join(metrics)} in common" if metrics else "no rows in common to compare"
        raise ResultsError(f"{names}: {what}; were they run with --log_samples{', and with this metric' if metrics else ''}?")
    scores = [score for run, own in zip(runs, values, strict=True) for score in _scores(run, own, draws)]
    judged, families = _judged(findings, seed, resamples)
    return Comparison(
        runs=tuple(runs),
        scores=tuple(scores),
        findings=tuple(judged),
        differences=tuple(found),
        forbidden=tuple(forbidden),
        notes=tuple(dict.fromkeys(notes)),
        metrics=tuple(metrics) or (HEADLINE_NAME,),
        seed=seed,
        resamples=resamples,
        families=families,
        values={run.label: own for run, own in zip(runs, values, strict=True)},
    )


def _compared_cells(
    runs: Sequence[Run], values: Sequence[RowValues], cells: Sequence[Cell], draws: Draws
) -> tuple[list[tuple[ComparedFigure, _Strata]], list[str]]:
    """Every other run against the first in each cell where they share rows, and a note where a figure is missing."""
    findings, notes = [], []
    for cell in cells:
        for run, own in zip(runs[1:], values[1:], strict=True):
            if values[0].has(cell) and own.has(cell) and all(map(len, values[0].common(own, cell)[0])):
                findings.append(_finding(cell, runs[0], run, values[0], own, draws))
            elif cell.level not in ("task", *ENCODER_LEVELS) and run.samples and runs[0].samples:
                notes.append(f"no figure for {cell.name} of {run.label}: it and {runs[0].label} share no rows in a part of it")
    return findings, notes


def _check_options(runs: Sequence[Run], metrics: Sequence[str], resamples: int) -> None:
    if len(runs) < 2:
        names = ", ".join(run.label for run in runs)
        raise ConfigError(f"compare needs two runs or more, found {len(runs)} ({names})")
    known = (*METRIC_VERSIONS, *ENCODER_METRIC_VERSIONS)
    unknown = [metric for metric in metrics if metric not in known]
    if unknown:
        raise ConfigError(unknown_name("metric", unknown[0], known))
    if not 100 <= resamples <= 10_000_000:
        raise ConfigError(f"resamples must be from 100 to 10,000,000, found {resamples}")


def _refusal(runs: Sequence[Run], forbidden: Sequence[Difference], most: int = 12) -> str:
    lines = [f"  - {difference.line}" for difference in forbidden[:most]]
    more = [f"  - and {len(forbidden) - most} more reasons"] if len(forbidden) > most else []
    return "\n".join(
        [
            f"{' and '.join(run.label for run in runs)} can't be compared:",
            *lines,
            *more,
            "Run them alike, or let `compare --force` compare the rows that they share; its output then names these reasons.",
        ]
    )


def _in_order(cells: Sequence[Cell]) -> list[Cell]:
    return sorted(dict.fromkeys(cells), key=lambda cell: LEVELS.index(cell.level))


def _score(label: str, cell: Cell, values: RowValues, draws: Draws) -> Score:
    strata = values.strata(cell)
    interval = mean_interval(strata, draws, bounds(cell.metric), cell.metric in _SHARES)
    return Score(label, cell, sum(map(len, strata)), mean_over(values.values(cell)), interval, values.why_partial(cell))


def _finding(
    cell: Cell, baseline: Run, run: Run, first: RowValues, second: RowValues, draws: Draws
) -> tuple[ComparedFigure, _Strata]:
    """A run against the baseline, not yet judged, and the rows' differences."""
    ours, theirs = first.common(second, cell)
    low, high = bounds(cell.metric)
    paired = compare_paired(ours, theirs, draws, high - low, cell.metric in _SHARES)
    means = [mean_over(strata) for strata in (ours, theirs)]
    finding = ComparedFigure(cell, baseline.label, run.label, means[0], means[1], paired)
    return finding, [b - a for a, b in zip(ours, theirs, strict=True)]


def _judged(
    findings: Sequence[tuple[ComparedFigure, _Strata]], seed: int, resamples: int
) -> tuple[list[ComparedFigure], dict[Level, Family]]:
    """The findings with p-values corrected within each level, and verdicts; the families by level."""
    judged = [finding for finding, _ in findings]
    families: dict[Level, Family] = {}
    for level in LEVELS:
        places = [place for place, (finding, _) in enumerate(findings) if finding.cell.level == level]
        if not places:
            continue
        tests, differences = [findings[place][0].paired for place in places], [findings[place][1] for place in places]
        final, corrected, families[level] = decide(tests, differences, seed, resamples)
        size = families[level].size
        for place, paired, p in zip(places, final, corrected, strict=True):
            if not higher_is_better(judged[place].cell.metric):
                paired = replace(paired, wins=paired.losses, losses=paired.wins)
            verdict, reason = _verdict(judged[place].cell.metric, paired, p, size)
            judged[place] = replace(judged[place], paired=paired, p=p, family=size, verdict=verdict, reason=reason)
    return judged, families


def _verdict(metric: str, paired: Paired, p: float | None, family: int) -> tuple[Verdict, str]:
    if p is None:
        return "cannot tell", paired.why_not
    counts = p_words(p) + (f" (Holm over {family} tests)" if family > 1 else "")
    if p <= ALPHA:
        return ("better" if gain(metric, paired.difference) > 0 else "worse"), counts
    missed = "" if paired.detectable is None else f"; {paired.rows:,} rows find differences from about {paired.detectable:.2g}"
    return "cannot tell", counts + missed
