"""A comparison in words and short cells, the same on the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sevenllm_bench.comparison.compare_runs import ComparedFigure, Comparison, Score
from sevenllm_bench.comparison.grounding_words import grounding_lines
from sevenllm_bench.comparison.mcq_words import mcq_lines
from sevenllm_bench.encoder_tasks.encoder_task import ITEM_TASKS
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.rounding import p_value, shown, shown_difference
from sevenllm_bench.figures.vocabulary import KIND_NAMES, LANGUAGE_NAMES, VERDICT_NAMES, cell_name, task_name
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.runs.untrusted import finite
from sevenllm_bench.stats.intervals import Interval

HEADLINE_COLUMNS = ("run", "rows", "headline", "95 % interval", *LANGUAGE_NAMES.values(), *KIND_NAMES.values())
ENCODER_COLUMNS = (
    "task",
    "run",
    "items",
    "metric",
    "figure",
    "95 % interval",
    "parameters",
    "texts/s",
    "peak memory",
    "long texts",
)
COLUMNS = (
    "run",
    "what",
    "metric",
    "rows",
    "baseline",
    "figure",
    "difference",
    "95 % interval",
    "better/equal/worse",
    "p (Holm)",
    "finding",
)


def headline_rows(comparison: Comparison) -> list[list[str]]:
    """A row of `HEADLINE_COLUMNS` per run."""
    rows = []
    for run in comparison.runs:
        own = {(str(s.cell.level), s.cell.name): s for s in comparison.scores if s.run == run.label and _is_headline(s)}
        overall = own.get(("overall", HEADLINE_NAME))
        parts = [*(("language", name) for name in LANGUAGE_NAMES), *(("kind", name) for name in KIND_NAMES)]
        rows.append(
            [
                run.label,
                f"{overall.rows:,}" if overall else f"{len(run.samples):,}",
                (figure(overall.mean) + (" (partial)" if comparison.why_partial(run) else "")) if overall else "-",
                interval(overall.interval) if overall else "-",
                *(figure(own[level, name].mean) if (level, name) in own else "-" for level, name in parts),
            ]
        )
    return rows


def encoder_rows(comparison: Comparison) -> list[list[str]]:
    """A row of `ENCODER_COLUMNS` per encoder task and run, the tasks in their order."""
    found = []
    for place, run in enumerate(comparison.runs):
        for score in comparison.scores:
            if score.run != run.label or score.cell.level != "encoder task":
                continue
            task = run.encoder_tasks[score.cell.name]
            if score.cell.metric == task.entry.metrics[0]:
                cells = [task_name(score.cell.name), run.label, f"{score.rows:,}", score.cell.metric, figure(score.mean)]
                order = (ITEM_TASKS.index(task.entry), place)
                found.append((order, [*cells, interval(score.interval), *_cost_cells(task.cost)]))
    return [row for _, row in sorted(found, key=lambda item: item[0])]


def _cost_cells(cost: Mapping[str, Any]) -> list[str]:
    """Parameters, texts per second, peak memory and long texts; "-" where they aren't known."""
    speed, memory = finite(cost.get("texts_per_second")), finite(cost.get("peak_memory_bytes"))
    counts = [finite(cost.get(name)) for name in ("parameters", "long_texts")]
    shown = [f"{count:,.0f}" if count is not None else "-" for count in counts]
    return [
        shown[0],
        f"{speed:,.1f}" if speed else "-",
        f"{memory / 2**20:,.0f} MiB" if memory else "-",
        shown[1],
    ]


def _is_headline(score: Score) -> bool:
    """Whether a score is part of the headline: kinds also have figures of other metrics."""
    return score.cell.metric == HEADLINE_NAME or (score.cell.name, score.cell.metric) in HEADLINE.items()


def finding_row(finding: ComparedFigure, with_run: bool = True) -> list[str]:
    """A row of `COLUMNS`; without the run where there is only one to name."""
    paired = finding.paired
    tested = finding.p is not None
    return [
        *([finding.run] if with_run else []),
        cell_name(finding.cell.level, finding.cell.name),
        finding.cell.metric,
        f"{paired.rows:,}",
        figure(finding.baseline_mean),
        figure(finding.mean),
        signed(paired.difference),
        interval(paired.interval, signed),
        f"{paired.wins}/{paired.ties}/{paired.losses}",
        p_value(finding.p) if finding.p is not None else "-",
        VERDICT_NAMES[finding.verdict] + ("" if tested else f": {finding.reason}"),
    ]


def figure(value: float) -> str:
    """A figure with four decimals."""
    return shown(value, 4)


def signed(value: float) -> str:
    """A difference with its sign; what rounds to 0 has none."""
    return shown_difference(value, 4)


def interval(found: Interval, form: Callable[[float], str] = figure) -> str:
    """An interval, or "-" where there is none."""
    return "-" if found.low is None or found.high is None else f"{form(found.low)} to {form(found.high)}"


_OF_ROWS = (
    "Headline: unweighted mean over language x (value_f1, rouge_l, acc). A kind, a language and the headline are unweighted "
    "means of their sections, a section (as in the paper) and a task are means over rows.",
)
_OF_ITEMS = (
    "Further tasks: means over items (queries, texts, terms, functions, questions, rows with noise), by each task's main metric; "
    "an encoder group is a part of a task's items. None of them counts in the headline.",
)


def undecidable(comparison: Comparison, level: str) -> str:
    """Why no finding is possible at a level, whatever the rows say; empty where one is possible."""
    family = {str(name): family for name, family in comparison.families.items()}.get(level)
    if family is None or family.least is None or family.is_decidable:
        return ""
    draws = f" and {family.resamples:,} random draws" if family.resamples else ""
    return (
        f"No finding is possible at this level: with {family.size:,} tests{draws}, no corrected p-value can be below "
        f"{p_value(family.least)}. Compare fewer runs at once, or look at a level with fewer tests."
    )


def no_finding(comparison: Comparison | None) -> dict[str, str]:
    """`undecidable` by level, where it says something."""
    if comparison is None:
        return {}
    return {str(level): words for level in comparison.families if (words := undecidable(comparison, level))}


def _more_draws(comparison: Comparison) -> str:
    """At which levels small p-values come from more draws than the intervals."""
    more = {level: family for level, family in comparison.families.items() if family.resamples > comparison.resamples}
    if not more:
        return ""
    levels = ", ".join(f"{family.resamples:,} at the level {level} ({family.size:,} tests)" for level, family in more.items())
    return f" Small p-values use more, since the correction for many tests needs it: {levels}."


def how_to_read(comparison: Comparison, with_trust: bool = True) -> list[str]:
    """What to know before believing the tables, one line each.

    Args:
        comparison: What was compared.
        with_trust: Whether to say what multiple choice scores without knowledge, which letters runs prefer, and what the
            references' grounding is; the report has a section about these.
    """
    baseline = comparison.runs[0].label
    lines = [
        f"Baseline: {baseline}. Differences are figure less baseline, over the rows that both runs have. "
        "Better/equal/worse counts rows.",
        *(_OF_ROWS if any(run.samples for run in comparison.runs) else ()),
        *(_OF_ITEMS if any(run.item_samples for run in comparison.runs) else ()),
        *([*mcq_lines(comparison.runs), *grounding_lines(comparison.runs)] if with_trust else ()),
        "A finding is called better or worse only where p is at most 0.05 after Holm's correction over all tests of the same "
        'level. Anything else is "cannot tell", which doesn\'t mean that the models are equal.',
        f"Intervals and permutation tests use {comparison.resamples:,} random draws with seed {comparison.seed}."
        + _more_draws(comparison),
    ]
    for run in comparison.runs:
        lines += [f"{run.label}, {task_name(name)}: {note}" for name, task in run.encoder_tasks.items() for note in task.notes]
    lines += _notes_of_runs(comparison)
    lines += [f"{run.label}: {run.path}" for run in comparison.runs if run.label != run.model.identity.name]
    partial = [f"{run.label} ({why})" for run in comparison.runs if (why := comparison.why_partial(run))]
    if partial:
        lines.append(f"Not the benchmark's headline: {'; '.join(partial)}.")
    lines += [f"FORCED in spite of: {difference.line}" for difference in comparison.forbidden]
    lines += [f"{d.weight}: {d.line}" for d in comparison.differences if d not in comparison.forbidden]
    return [*lines, *comparison.notes]


def _notes_of_runs(comparison: Comparison) -> list[str]:
    """The runs' notes; what several runs share comes once."""
    labels: dict[str, list[str]] = {}
    for run in comparison.runs:
        for note in run.notes:
            labels.setdefault(note, []).append(run.label)
    return [f"{', '.join(runs)}: {note}." for note, runs in labels.items()]
