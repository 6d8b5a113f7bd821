"""What a single figure of this benchmark can be: its metric, value, rows and standard error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sevenllm_bench.catalog import SECTION_ROWS, SECTIONS, leaf_of_task
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.metrics.registry import ENCODER_SHARES, JUDGE_METRICS, ROUNDING, SHARES, bounds, kinds_of
from sevenllm_bench.pages.leaderboard.manifest_figures import is_figure, rows_in
from sevenllm_bench.runs.untrusted import finite
from sevenllm_bench.stats.intervals import LEAST_ROWS
from sevenllm_bench.submission.verify.findings import TOLERANCE
from sevenllm_bench.text.display import printable

#: Embedded rows of a task, and of a section, are fewer than this; a task may have fewer official ones.
_MOST_EMBEDDED = 300
#: Items of an encoder task are fewer than this, also in a file of the user's own.
_MOST_ITEMS = 1_000_000


@dataclass(frozen=True, slots=True)
class FigureLimits:
    """What a figure can be.

    Attributes:
        low: Least value of a row.
        high: Greatest value of a row.
        is_share: Whether a row's value is 0 or 1.
        documents: Documents of the harness that make one row: the four rotations of a question, else 1.
        is_continuous: Whether values of many rows can't all be the same, except at `low` and `high`.
        most_rows: Rows behind it at most.
    """

    low: float
    high: float
    is_share: bool
    is_continuous: bool
    most_rows: int
    documents: int = 1


@lru_cache(4_096)
def limits_of(name: str) -> FigureLimits | None:
    """The limits of a figure; None where the section, task or encoder task that it names hasn't that metric.

    Args:
        name: "headline", or scope and metric, of the benchmark (see `is_figure`).
    """
    scope, _, metric = name.rpartition(".")
    if name == HEADLINE_NAME:
        return FigureLimits(0.0, 1.0, False, True, sum(SECTION_ROWS.values()))
    if task := encoder_task_by_name(scope.partition(".")[0]):
        is_share = metric in ENCODER_SHARES
        return FigureLimits(*bounds(metric), is_share, False, _MOST_ITEMS, task.documents_per_item)
    leaf = None if scope in SECTIONS else leaf_of_task(scope)
    kind = leaf.kind if leaf else scope.partition("_")[2]
    if kind not in kinds_of(metric):
        return None
    rows = max(leaf.official_rows_scored, _MOST_EMBEDDED) if leaf else SECTION_ROWS[scope]
    is_share = metric in SHARES
    return FigureLimits(*bounds(metric), is_share, not is_share and metric not in JUDGE_METRICS, rows)


def why_impossible(figure: Mapping[str, Any]) -> str:
    """Why a figure of this benchmark can't be so; empty where it can, and for figures that aren't of this benchmark.

    Args:
        figure: What a manifest says: `id`, `value`, `rows`, `stderr` and perhaps `partial`, each of any type.
    """
    name, mean, error = figure.get("id"), finite(figure.get("value")), finite(figure.get("stderr"))
    if not isinstance(name, str) or not is_figure(name):
        return ""
    limits = limits_of(name)
    if limits is None:
        return "a metric of another kind of row"
    if mean is None or not limits.low <= mean <= limits.high + ROUNDING:
        return f"a value of {printable(figure.get('value'), 20)}"
    rows = rows_in(figure)
    if rows is None or rows > limits.most_rows:
        return f"{printable(figure.get('rows'), 20)} rows"
    if not isinstance(figure.get("partial", ""), str):
        return "partial without a reason"
    if (counted := _counted(figure, limits) * rows) and abs(mean * counted - round(mean * counted)) > TOLERANCE * counted:
        of = "rows" if limits.is_share else "rotations"
        return f"a value of {printable(figure['value'], 20)}, which is no share of {counted:,} {of}"
    if name == HEADLINE_NAME:
        wrong = figure.get("stderr") is not None and (error is None or error < 0)  # else see `headline_of_sections`
    else:
        wrong = not _can_be(figure.get("stderr"), error, mean, rows, limits)
    return f"a standard error of {printable(figure.get('stderr'), 20)}" if wrong else ""


def _counted(figure: Mapping[str, Any], limits: FigureLimits) -> int:
    """What is counted of each row, so that its value is a multiple of one in so many; 0 where it can be anything.

    Of a question with fewer rotations than four, which makes a figure partial, those that were run are counted.
    """
    if limits.is_share:
        return 1
    return limits.documents if limits.documents > 1 and not figure.get("partial") else 0


def _can_be(said: Any, error: float | None, mean: float, rows: int, limits: FigureLimits) -> bool:
    """Whether a mean over rows can have this standard error.

    It is the sample standard deviation over √n. Values from a to b with the mean m have a variance of at most
    (m - a)(b - m) n / (n - 1), which they have when each of them is a or b. One row has none.
    """
    if rows == 1 or said is None:
        return rows == 1 and said is None
    if error is None or error < 0:
        return False
    exact = round(mean * rows) / rows if limits.is_share else mean
    most = math.sqrt(max(0.0, (exact - limits.low) * (limits.high - exact)) / (rows - 1))
    if limits.is_share:
        return abs(error - most) <= TOLERANCE
    is_flat = limits.is_continuous and rows >= LEAST_ROWS and error == 0
    inside = limits.low + TOLERANCE < mean < limits.high - TOLERANCE
    return error <= most + TOLERANCE and not (is_flat and inside)
