"""Runs to a folder of pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import KINDS, LANGUAGES
from sevenllm_bench.comparison.compatibility import differences
from sevenllm_bench.comparison.table_cells import how_to_read, no_finding
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASKS
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.rounding import p_value
from sevenllm_bench.figures.vocabulary import (
    KIND_NAMES,
    LANGUAGE_NAMES,
    LEVEL_NAMES,
    VERDICT_NAMES,
    cell_name,
    section_name,
    task_title,
)
from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.report.answer_quality import answer_quality, judged
from sevenllm_bench.pages.report.finding_tables import differences_csv, finding_tables, in_order, page_words
from sevenllm_bench.pages.report.first_screen import first_screen
from sevenllm_bench.pages.report.heat_map import FEW_ROWS, heat_maps
from sevenllm_bench.pages.report.knowledge_part import levels_without_knowledge, without_knowledge
from sevenllm_bench.pages.report.published_beside import published_beside
from sevenllm_bench.pages.report.repeat import repeating
from sevenllm_bench.pages.report.report_charts import report_charts, report_preview
from sevenllm_bench.pages.report.report_csv import report_csv
from sevenllm_bench.pages.report.report_title import report_title
from sevenllm_bench.pages.report.run_order import by_score
from sevenllm_bench.pages.report.score_views import Examined, Figures, cost_cells, encoder_lines, examine
from sevenllm_bench.pages.report.task_pages import encoder_pages_of, tasks_of, title_of, write_task_pages
from sevenllm_bench.pages.report.task_rows import samples_by_task
from sevenllm_bench.pages.report.trust_section import trust_parts
from sevenllm_bench.pages.site import Site, heat
from sevenllm_bench.runs.records import LeafRun, Run, Sample
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.text.short_names import short_names

#: Random draws per interval: a tenth of the time of `compare`'s 10,000, and the ends of intervals agree to about 0.002.
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """What was written.

    Attributes:
        index: The page to open.
        pages: Number of pages.
        size: Bytes of the pages.
        left_out: Rows without a place in a page, where `most_examples` is given.
    """

    index: Path
    pages: int
    size: int
    left_out: int


def build_report(
    runs: Sequence[Run],
    folder: str | Path,
    most_examples: int | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    site_url: str = "",
    published: Sequence[Run] = (),
    probes: Mapping[str, ProbeResult] | None = None,
) -> WrittenReport:
    """Write the report of runs.

    Args:
        runs: One or more, with labels that differ; the first is the baseline.
        folder: Where to write, see `Site`.
        most_examples: Rows in each task's page at most; None for all.
        seed: Seed of the bootstrap.
        resamples: Number of random draws per interval and test.
        site_url: Where it will be published, see `Site`.
        published: Published models, see `published_runs`: marks of the first chart, and a table.
        probes: A run's label to the probe of its model, for "Can it be trusted?".

    Raises:
        ConfigError: The folder can't be written, or a library for pages is missing.
    """
    site = Site(folder, "report", site_url)
    examined = examine(runs, seed, resamples)
    ordered = by_score(runs, examined.figures)
    if examined.comparison:
        examined = replace(examined, comparison=in_order(examined.comparison, [run.label for run in ordered.runs]))
    baseline = runs[0].label if len(runs) > 1 else None
    site.preview(report_preview(ordered.runs, examined.figures, baseline))
    site.write_bytes("figures.csv", report_csv(examined.figures.every()))
    if examined.comparison:
        site.write_bytes("differences.csv", differences_csv(examined.comparison))
    tasks = tasks_of(ordered.runs)
    shared: dict[str, Any] = {
        "runs": ordered.runs,
        "baseline": baseline,
        "short": short_names([run.label for run in ordered.runs]),
        "figures": examined.figures,
        "heat": heat,
        "section_name": section_name,
        "p_value": p_value,
        "comparison": examined.comparison,
    }
    written = write_task_pages(site, ordered.runs, tasks, most_examples, shared)
    beside = published_beside(runs[0], published, seed, resamples)
    first = first_screen(ordered, examined, shared["short"], baseline, seed, resamples, beside)
    # Last, so that a report that was stopped has no page that leads nowhere.
    values = _index(ordered.runs, examined, tasks, resamples, baseline)
    values |= {"published": beside, "first": first, "first_chart": first.chart, "partial": ordered.partial}
    values["title"] = report_title([shared["short"].get(run.label, run.label) for run in ordered.runs])
    values["trust"] = trust_parts(ordered.runs, examined.comparison, "", seed, resamples, probes)
    values["maps"] = heat_maps(ordered.runs, examined.figures, baseline)
    values["without_knowledge"] = without_knowledge(ordered.runs)
    values["levels_without_knowledge"] = levels_without_knowledge(ordered.runs)
    size = site.page("index.html", "report.html", **shared, **values)
    return WrittenReport(site.index, 1 + written.pages, written.size + size, written.left_out)


def _index(
    runs: Sequence[Run], examined: Examined, tasks: Sequence[LeafRun], resamples: int, baseline: str | None
) -> dict[str, Any]:
    found = answer_quality(runs)
    marks = judged(runs)
    return {
        "now": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "headline": HEADLINE_NAME,
        "any_headline": any(examined.figures.get(run.label, "overall", HEADLINE_NAME, HEADLINE_NAME) for run in runs),
        "headline_parts": _headline_parts(),
        "dates": {run.label: _date(run) for run in runs},
        "has_rows": any(run.samples for run in runs),
        "encoder_lines": encoder_lines(runs, examined.figures),
        "only_encoder_tasks": all(task in ENCODER_TASKS for task in encoder_pages_of(runs)),
        "encoder_pages": {task_title(task): task.name for task in encoder_pages_of(runs)},
        "encoder_costs": [
            (run.label, task_title(task.entry), cost_cells(task.cost), task.notes)
            for run in runs
            for task in run.encoder_tasks.values()
            if task.cost or task.notes
        ],
        "sections": [f"{language}_{kind}" for kind in KINDS for language in LANGUAGES],
        "few_rows": FEW_ROWS,
        "kind_names": KIND_NAMES,
        "level_names": LEVEL_NAMES,
        "verdict_names": VERDICT_NAMES,
        "cell_name": cell_name,
        "tasks": _task_lines(runs, tasks, examined.figures),
        "answering": found,
        "charts": report_charts(runs, examined.figures, found, marks, baseline),
        "language_names": LANGUAGE_NAMES,
        "resamples": resamples,
        "why_not": examined.why_not,
        "findings": finding_tables(examined.comparison),
        "no_finding": no_finding(examined.comparison),
        "families": examined.comparison.families if examined.comparison else {},
        "how_to_read": [page_words(line) for line in how_to_read(examined.comparison, False)] if examined.comparison else [],
        "repeat": repeating(runs),
        "problems": [(run.label, problem) for run in runs for problem in run.problems],
        "differences": differences(runs) if len(runs) > 1 and not examined.comparison else [],
    }


def _headline_parts() -> list[tuple[str, str, str, str]]:
    """Columns of the headline table: level, name, metric, title."""
    languages = [("language", language, HEADLINE_NAME, LANGUAGE_NAMES[language]) for language in LANGUAGES]
    kinds = [("kind", kind, HEADLINE[kind], KIND_NAMES[kind].capitalize()) for kind in KINDS]
    return [*languages, *kinds]


def _date(run: Run) -> str:
    if isinstance(run.date, Unknown):
        return ""
    try:
        return datetime.fromtimestamp(run.date, UTC).strftime("%Y-%m-%d")
    except (OverflowError, OSError, ValueError):
        return ""


def _task_lines(runs: Sequence[Run], tasks: Sequence[LeafRun], figures: Figures) -> list[dict[str, Any]]:
    """The lines of the table of tasks."""
    by_run = [samples_by_task(run) for run in runs]
    return [_task_line(runs, leaf, figures, [list(own.get(leaf.task, {}).values()) for own in by_run]) for leaf in tasks]


def _task_line(runs: Sequence[Run], leaf: LeafRun, figures: Figures, samples_of: Sequence[Sequence[Sample]]) -> dict[str, Any]:
    metric = HEADLINE[leaf.leaf.kind]
    name, name_zh = title_of(leaf.leaf)
    samples = [sample for own in samples_of for sample in own]
    scores = [figures.get(run.label, "task", leaf.task, metric) for run in runs]
    return {
        "task": leaf.task,
        "name": name if leaf.is_default else f"{name} ({leaf.task.rpartition('-')[2]})",
        "name_zh": name_zh,
        "language": leaf.leaf.language,
        "kind": leaf.leaf.kind,
        "metric": metric,
        "own_rows": bool(samples) and samples[0].row.source == "embedded",
        "rows": max((score.rows for score in scores if score), default=max(map(len, samples_of), default=0)),
        "scores": scores,
        "best": figures.best(runs, "task", leaf.task, metric),
        "trouble": sum(sample.reading.cut or sample.reading.is_unread for sample in samples),
    }
