"""What to know of multiple choice beside its accuracy, in words: what needs no knowledge, and which letters a model prefers."""

from __future__ import annotations

from collections.abc import Sequence

from sevenllm_bench.comparison.circular_figures import CircularFigures, circular_figures
from sevenllm_bench.data.rows import Row
from sevenllm_bench.figures.circular_baselines import circular_baselines_of
from sevenllm_bench.figures.mcq_baselines import baselines_by_language
from sevenllm_bench.figures.rounding import shown_difference, shown_range
from sevenllm_bench.figures.vocabulary import task_title
from sevenllm_bench.runs.records import Run


def mcq_lines(runs: Sequence[Run]) -> list[str]:
    """The baselines without knowledge over the questions that any run has, asked once and in every rotation; then preferences.

    The preferences are those of every run for letters.
    """
    rows: dict[int, Row] = {}
    for run in runs:
        for sample in run.samples:
            if sample.kind == "mcq":
                rows.setdefault(sample.id, sample.row)
    once, in_every = baselines_by_language(list(rows.values())), circular_baselines_of(runs)
    return [*(found.words for found in once), *(found.words for found in in_every), *preference_lines(runs)]


def preference_lines(runs: Sequence[Run]) -> list[str]:
    """Of every circular task of every run, the preference for each letter with its interval."""
    return [_preference_line(run, found) for run in runs for found in circular_figures(run)]


def _preference_line(run: Run, found: CircularFigures) -> str:
    parts = [f"{own.letter} {shown_difference(own.mean)} ({shown_range(own.low, own.high)})" for own in found.preferences]
    letters = " and ".join(own.letter for own in found.preferred)
    verdict = f"prefers {letters}" if letters else "no letter is preferred with certainty"
    partial = f"; {found.partial} questions without all rotations" if found.partial else ""
    return f"{run.label}, {task_title(found.task)}: {verdict}; share of answers less 1/4: {', '.join(parts)}{partial}."
