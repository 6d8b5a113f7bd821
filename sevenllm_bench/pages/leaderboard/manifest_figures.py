"""The figures that a manifest claims, as far as they are figures of this benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sevenllm_bench.catalog import SECTIONS, leaf_of_task
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.figures.cells import HEADLINE_NAME, mean_over
from sevenllm_bench.figures.figures import combined_error
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, ROUNDING, bounds
from sevenllm_bench.pages.leaderboard.entry import PARTS, Value
from sevenllm_bench.runs.untrusted import finite
from sevenllm_bench.text.unicode import encodable

#: Tasks whose figures have a row more in version 1 of the format (the rows 791 and 823): they are not shown.
OTHER_IN_VERSION_1 = frozenset({"sevenllm_en_protection_strategy_research", "sevenllm_en_attack_strategy_analysis"})
#: No standard error of a mean of values from 1 to 5 is larger.
_MOST_ERROR = 4.0


def claimed_figures(manifest: Mapping[str, Any]) -> dict[str, Value]:
    """Name to figure, of those that are what a figure must be; others are passed over, see `standing`."""
    figures = manifest.get("figures")
    found = dict(_values(figures if isinstance(figures, list) else []))
    left_out = OTHER_IN_VERSION_1 if manifest.get("version") == 1 else ()
    return {name: value for name, value in found.items() if name.partition(".")[0] not in left_out}


def _values(figures: list[Any]) -> Iterator[tuple[str, Value]]:
    for figure in figures:
        if not isinstance(figure, dict):
            continue
        name, mean, error = figure.get("id"), finite(figure.get("value")), finite(figure.get("stderr"))
        if isinstance(name, str) and mean is not None and in_range(name, mean):
            possible = error is not None and 0 <= error <= _MOST_ERROR
            partial = figure.get("partial")
            words = encodable(partial)[:300] if isinstance(partial, str) else ""
            yield name, Value(mean, error if possible else None, rows_in(figure), words)


def rows_in(figure: Mapping[str, Any]) -> int | None:
    """The number of rows behind a figure; None where it is none."""
    rows = figure.get("rows")
    return rows if isinstance(rows, int) and not isinstance(rows, bool) and 0 < rows < 1 << 40 else None


@lru_cache(4_096)
def is_figure(name: str) -> bool:
    """Whether a figure of this name exists: the headline, one of a section, a task, an encoder task or a group of its items."""
    scope, _, metric = name.rpartition(".")
    task = encoder_task_by_name(scope.partition(".")[0])
    if task:
        return metric in task.metrics
    return name == HEADLINE_NAME or (metric in METRIC_VERSIONS and (scope in SECTIONS or leaf_of_task(scope) is not None))


def in_range(name: str, mean: float) -> bool:
    """Whether there is such a figure, and it can have this value."""
    ends = _ends(name)
    return ends is not None and ends[0] <= mean <= ends[1] + ROUNDING


@lru_cache(4_096)
def _ends(name: str) -> tuple[float, float] | None:
    return bounds(name.rpartition(".")[2]) if is_figure(name) else None


def derived_figures(claimed: Mapping[str, Value], over_rows: Mapping[str, Value]) -> dict[str, Value]:
    """The figures that count: over the rows where there are rows, and the headline over its six parts.

    Args:
        claimed: What the manifest claims.
        over_rows: What the rows' values give; empty where there are no samples.
    """
    found = {**claimed, **over_rows}
    headline = headline_over(found)
    if headline is None:
        return found
    said = claimed.get(HEADLINE_NAME)
    partial = (said.partial if said else "") or headline.partial
    return {HEADLINE_NAME: Value(headline.mean, headline.error, headline.rows, partial)} | {
        name: value for name, value in found.items() if name != HEADLINE_NAME
    }


def headline_over(figures: Mapping[str, Value]) -> Value | None:
    """The headline that its six parts give, see `figures.cells`; None where one is missing."""
    parts = [figures[name] for name in PARTS if name in figures]
    if len(parts) < len(PARTS):
        return None
    rows = [part.rows for part in parts]
    partial = next((part.partial for part in parts if part.partial), "")
    mean = mean_over([[part.mean] for part in parts])
    return Value(mean, combined_error([part.error for part in parts]), None if None in rows else sum(filter(None, rows)), partial)
