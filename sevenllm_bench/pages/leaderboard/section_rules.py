"""Rules about sections and their tasks: the same rows, so that one's figures follow from the others'."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

from sevenllm_bench.catalog import ASK_FOR_EXTRACTION, KINDS, SECTIONS
from sevenllm_bench.metrics.registry import LEXICAL, METRIC_VERSIONS, bounds, kinds_of
from sevenllm_bench.pages.leaderboard.claim import OFFICIAL, Claim
from sevenllm_bench.pages.leaderboard.entry import Value
from sevenllm_bench.pages.leaderboard.manifest_figures import OTHER_IN_VERSION_1
from sevenllm_bench.submission.verify.findings import TOLERANCE

#: Sections with the metrics of their rows, and their tasks.
_SECTIONS = [
    (
        section,
        [name for name in METRIC_VERSIONS if kind in kinds_of(name)],
        [task for task in OFFICIAL if task.section == section],
    )
    for kind in KINDS
    for section in SECTIONS
    if section.endswith(kind)
]
#: How far apart sums of squared distances may be for each row, where means and standard errors have six digits.
_SQUARES = 2e-5


def sections_of_tasks(claim: Claim, now: datetime) -> Iterator[str]:
    """A section is the mean over the rows of its tasks, in every metric that it and all of them have.

    Two official rows count in another section than their task's, so that a section may have rows that no task has. Their values
    are not known one by one: their sum is what the section has more than its tasks.
    """
    passed_over = OTHER_IN_VERSION_1 if claim.manifest.get("version") == 1 else ()
    for section, metrics, tasks in _SECTIONS:
        wanted = [task for task in tasks if task.name not in passed_over]
        most_others = len(ASK_FOR_EXTRACTION) + sum(task.scored for task in tasks if task.name in passed_over)
        for metric in metrics:
            whole = claim.figures.get(f"{section}.{metric}")
            if whole is None or not whole.rows:
                continue
            parts = [claim.figures.get(f"{task.name}.{metric}") for task in wanted]
            known = [part for part in parts if part and part.rows]
            if len(known) == len(parts):
                yield from _against_tasks(f"{section}.{metric}", whole, known, most_others)
            elif metric in LEXICAL:
                yield f"{section}.{metric} is claimed, and not all of its tasks have a figure of {metric}"


def _against_tasks(name: str, whole: Value, parts: Sequence[Value], most_others: int) -> Iterator[str]:
    rows, of_tasks = whole.rows or 0, sum(part.rows or 0 for part in parts)
    others = rows - of_tasks
    if not 0 <= others <= most_others:
        yield f"{name} is over {rows:,} rows, its tasks have {of_tasks:,}"
        return
    low, high = bounds(name.rpartition(".")[2])
    total = math.fsum((part.rows or 0) * part.mean for part in parts)
    rest, room = whole.mean * rows - total, TOLERANCE * rows
    if not low * others - room <= rest <= high * others + room:
        yield f"{name} is {whole.mean:.4f}, its tasks give {total / of_tasks:.4f}"
        return
    wanted = _squares(whole, parts, others, rest, (low, high))
    if wanted and whole.error is not None and rows > 1:
        said, least, most = whole.error**2 * rows * (rows - 1), min(wanted), max(wanted)
        if not least - _SQUARES * rows <= said <= most + _SQUARES * rows:
            ends = sorted({f"{math.sqrt(squares / rows / (rows - 1)):.4f}" for squares in wanted})
            yield f"the standard error of {name} is {whole.error:.4f}, its tasks give {' to '.join(ends)}"


def _squares(
    whole: Value, parts: Sequence[Value], others: int, rest: float, limits: tuple[float, float]
) -> tuple[float, float] | None:
    """The least and the greatest sum of squared distances from the section's mean; None where a task has no standard error.

    In a task of n rows with the standard error e it is n (n - 1) e², and n (task's mean - section's mean)² more. Of the rows
    that are in no task it is least where all of them are the same, and greatest where they are as far apart as they can be.
    """
    if any(part.error is None and part.rows != 1 for part in parts):
        return None
    inside = math.fsum(n * (n - 1) * (part.error or 0.0) ** 2 for part in parts if (n := part.rows or 0))
    between = math.fsum((part.rows or 0) * (part.mean - whole.mean) ** 2 for part in parts)
    if not others:
        return inside + between, inside + between
    low, high = limits
    same = min(high, max(low, rest / others))
    at_high = min(others - 1, int((same - low) * others / (high - low)))
    apart = [*[high] * at_high, *[low] * (others - 1 - at_high)]
    apart.append(min(high, max(low, same * others - sum(apart))))
    nearest = others * (same - whole.mean) ** 2
    return inside + between + nearest, inside + between + math.fsum((value - whole.mean) ** 2 for value in apart)
