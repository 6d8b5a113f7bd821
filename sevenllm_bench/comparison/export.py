"""A comparison as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.comparison.compare_runs import ComparedFigure, Comparison, Score
from sevenllm_bench.comparison.compatibility import Difference
from sevenllm_bench.comparison.table_cells import (
    COLUMNS,
    ENCODER_COLUMNS,
    HEADLINE_COLUMNS,
    encoder_rows,
    finding_row,
    headline_rows,
    how_to_read,
    undecidable,
)
from sevenllm_bench.figures.cells import ENCODER_LEVELS, Level
from sevenllm_bench.figures.figures import why_partial
from sevenllm_bench.figures.vocabulary import LEVEL_NAMES, cell_name
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.stats.family import Family
from sevenllm_bench.stats.intervals import LEVEL
from sevenllm_bench.stats.paired import ALPHA

CSV_COLUMNS = (
    "level", "name", "metric", "rows", "baseline", "baseline_mean", "run", "mean", "difference", "low", "high", "interval",
    "wins", "ties", "losses", "effect", "test", "p", "p_holm", "family", "detectable", "verdict", "reason", "title",
)  # fmt: skip


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Everything found, at every level, as one JSON object; what isn't known or can't be told is null."""
    return {
        "sevenllm_bench": __version__,
        "headline": "unweighted mean over language x (" + ", ".join(HEADLINE.values()) + ")",
        "baseline": comparison.runs[0].label,
        "metrics": list(comparison.metrics),
        "interval_level": LEVEL,
        "alpha": ALPHA,
        "seed": comparison.seed,
        "resamples": comparison.resamples,
        "families": {level: _family(comparison, level, family) for level, family in comparison.families.items()},
        "runs": [_run(run) for run in comparison.runs],
        "differences": [_difference(difference) for difference in comparison.differences],
        "forced_in_spite_of": [_difference(difference) for difference in comparison.forbidden],
        "notes": list(comparison.notes),
        "scores": [_score(score) for score in comparison.scores],
        "findings": [finding_fields(finding) for finding in comparison.findings],
    }


def _family(comparison: Comparison, level: Level, family: Family) -> dict[str, Any]:
    return {
        "tests": family.size,
        "resamples": family.resamples or None,
        "least_p_holm": family.least,
        "why_no_finding": undecidable(comparison, level) or None,
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "label": run.label,
        "model": run.model.identity.name,
        "source": run.model.source,
        "origin": run.origin,
        "path": run.path,
        "older": list(run.older),
        "date": None if isinstance(run.date, Unknown) else run.date,
        "rows": len(run.samples),
        "items": len(run.item_samples),
        "encoder_costs": {name: dict(task.cost) for name, task in run.encoder_tasks.items() if task.cost},
        "headline_is_partial": why_partial(run) or None,
        "notes": list(run.notes),
        "problems": [{"code": p.code, "where": p.where, "detail": p.detail, "count": p.count} for p in run.problems],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "setting": difference.setting,
        "weight": difference.weight,
        "detail": difference.detail,
        "metrics": list(difference.metrics),
        "tasks": list(difference.tasks),
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "run": score.run,
        "level": score.cell.level,
        "name": score.cell.name,
        "title": cell_name(score.cell.level, score.cell.name),
        "metric": score.cell.metric,
        "rows": score.rows,
        "mean": score.mean,
        "low": score.interval.low,
        "high": score.interval.high,
        "interval": score.interval.method or None,
        "why_no_interval": score.interval.why_not or None,
        "partial": score.partial or None,
    }


def finding_fields(finding: ComparedFigure) -> dict[str, Any]:
    """A finding as flat fields, `CSV_COLUMNS` in their order."""
    paired = finding.paired
    return {
        "level": finding.cell.level,
        "name": finding.cell.name,
        "metric": finding.cell.metric,
        "rows": paired.rows,
        "baseline": finding.baseline,
        "baseline_mean": finding.baseline_mean,
        "run": finding.run,
        "mean": finding.mean,
        "difference": paired.difference,
        "low": paired.interval.low,
        "high": paired.interval.high,
        "interval": paired.interval.method or None,
        "wins": paired.wins,
        "ties": paired.ties,
        "losses": paired.losses,
        "effect": paired.effect,
        "test": paired.test or None,
        "p": paired.p,
        "p_holm": finding.p,
        "family": finding.family,
        "detectable": paired.detectable,
        "verdict": finding.verdict,
        "reason": finding.reason,
        "title": cell_name(finding.cell.level, finding.cell.name),
    }


def as_csv(comparison: Comparison) -> str:
    """The findings at every level, one a line, with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for finding in comparison.findings:
        writer.writerow({key: _cell(value) for key, value in finding_fields(finding).items()})
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: names come from files that anybody may have written."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def as_markdown(comparison: Comparison, level: Level) -> str:
    """The headline scores, the findings at one level, and what to know before believing them."""
    parts = ["# Comparison", ""]
    if any(run.samples for run in comparison.runs):
        parts += [*_table(HEADLINE_COLUMNS, headline_rows(comparison)), ""]
    if costs := encoder_rows(comparison):
        parts += ["## Further tasks", "", *_table(ENCODER_COLUMNS, costs), ""]
    for shown in dict.fromkeys(["overall", level, *ENCODER_LEVELS]):
        found = [finding for finding in comparison.findings if finding.cell.level == shown]
        if found:
            rows = [finding_row(finding, len(comparison.runs) > 2) for finding in found]
            columns = COLUMNS if len(comparison.runs) > 2 else [name for name in COLUMNS if name != "run"]
            note = undecidable(comparison, shown)
            title = f"## {LEVEL_NAMES[shown]}"
            parts += [title, "", *([_plain(note), ""] if note else []), *_table(columns, rows), ""]
    parts += [*(f"- {line}" for line in how_to_read(comparison)), ""]
    return "\n".join(_plain(part) if part.startswith("- ") else part for part in parts)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return [*lines, *("| " + " | ".join(_plain(cell).replace("|", "\\|") for cell in row) + " |" for row in rows)]


def _plain(text: str) -> str:
    """Text without meaning as HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
