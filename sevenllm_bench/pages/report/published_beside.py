"""Published models beside a report's runs: marks in its first chart, and a table of what the rows tell of one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.comparison.compare_runs import ComparedFigure, Score, compare_runs, score_run
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.pages.charts.interval_chart import IntervalPoint
from sevenllm_bench.runs.records import Run


@dataclass(frozen=True, slots=True)
class PublishedLine:
    """A published model in a report.

    Attributes:
        label: What it is called.
        score: Its headline.
        finding: It against the run; None where they can't be compared.
    """

    label: str
    score: Score
    finding: ComparedFigure | None


@dataclass(frozen=True, slots=True)
class PublishedBeside:
    """Published models beside a run.

    Attributes:
        run: Label of the run that they are compared with.
        lines: The models, the best first.
        why_not: Why they can't be compared with it; empty where they are.
        notes: What a reader must know of them, each with the models' labels.
    """

    run: str
    lines: tuple[PublishedLine, ...]
    why_not: str
    notes: tuple[tuple[str, str], ...]

    def points(self) -> list[IntervalPoint]:
        """The models as marks of the first chart; none where they are about other rows or another protocol than the run."""
        return [
            IntervalPoint(
                line.label,
                line.label,
                line.score.mean,
                line.score.interval.low,
                line.score.interval.high,
                line.score.rows,
                "published model",
                quiet=True,
            )
            for line in self.lines
            if not self.why_not
        ]


def published_beside(run: Run, published: Sequence[Run], seed: int, resamples: int) -> PublishedBeside | None:
    """Compare a run with published models by the headline; None where there are none.

    Args:
        run: The run.
        published: The published models, see `published_runs`.
        seed: Seed of every random choice.
        resamples: Number of random draws.
    """
    if not published:
        return None
    findings: dict[str, ComparedFigure] = {}
    why_not = ""
    try:
        comparison = compare_runs([run, *published], seed=seed, resamples=resamples)
        findings = {finding.run: finding for finding in comparison.at("overall")}
        scores = list(comparison.scores)
    except ResultsError as error:
        why_not = str(error)
        scores = [score for model in published for score in score_run(model, seed, resamples)]
    labels = {model.label for model in published}
    headlines = [score for score in scores if score.run in labels and score.cell.name == HEADLINE_NAME]
    lines = [PublishedLine(score.run, score, findings.get(score.run)) for score in headlines]
    lines.sort(key=lambda line: -line.score.mean)
    noted: dict[str, list[str]] = {}
    for model in published:
        for note in model.notes:
            noted.setdefault(note, []).append(model.label)
    notes = tuple((", ".join(whose) if len(whose) < len(published) else "", note) for note, whose in noted.items())
    return PublishedBeside(run.label, tuple(lines), why_not, notes)
