"""The runs on audited rows, for the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sevenllm_bench.comparison.compare_runs import Comparison
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.cells import RowValues, headline_cell, mean_over
from sevenllm_bench.pages.report.with_interval import with_interval
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.pages.trust.trust_words import audit_sentences
from sevenllm_bench.runs.audited_run import audited_run
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.intervals import mean_interval
from sevenllm_bench.stats.resampling import Draws

_COLUMNS = ("Run", "All rows", "Audited rows", "Rows")


def audited_parts(runs: Sequence[Run], draws: Draws, comparison: Comparison | None = None) -> list[TrustPart]:
    """The headline of each run on all rows and on audited ones, with its intervals; no part where no run has it on both.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        draws: Source of chance of the intervals.
        comparison: What their comparison found, which has the headline on all rows; None for none.
    """
    cell = headline_cell()
    known = {s.run: with_interval(s.mean, s.interval) for s in comparison.scores if s.cell == cell} if comparison else {}
    lines = [line for run in runs if (line := _line(run, known, draws))]
    if not lines:
        return []
    return [TrustPart("On audited rows", audit_sentences(), _COLUMNS, tuple(lines))]


def _line(run: Run, known: Mapping[str, str], draws: Draws) -> tuple[str, ...] | None:
    try:
        cut = audited_run(run)
    except ResultsError:
        return None
    whole = known[run.label] if run.label in known else _headline(run, draws)
    audited = _headline(cut, draws)
    if whole is None or audited is None:
        return None
    return run.label, whole, audited, f"{len(cut.samples):,}"


def _headline(run: Run, draws: Draws) -> str | None:
    values, cell = RowValues(run), headline_cell()
    if not values.has(cell):
        return None
    return with_interval(mean_over(values.values(cell)), mean_interval(values.strata(cell), draws))
