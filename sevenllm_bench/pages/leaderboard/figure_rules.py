"""Rules about figures: each must be possible, and they must agree with one another and with the rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sevenllm_bench.catalog import KINDS, SECTION_ROWS, SECTIONS
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.metrics.registry import HEADLINE, LEXICAL
from sevenllm_bench.pages.leaderboard.claim import OFFICIAL, Claim
from sevenllm_bench.pages.leaderboard.entry import PARTS, Value
from sevenllm_bench.pages.leaderboard.manifest_figures import OTHER_IN_VERSION_1, headline_over, in_range, is_figure, rows_in
from sevenllm_bench.runs.untrusted import finite
from sevenllm_bench.submission.verify.findings import TOLERANCE, some
from sevenllm_bench.text.display import printable

#: The figures that a ranked submission must have: its headline, the six parts of it, and every official task.
_WANTED = (HEADLINE_NAME, *PARTS, *(task.figure for task in OFFICIAL))
#: Official rows by task and section.
_ROWS = {**{task.name: task.scored for task in OFFICIAL}, **SECTION_ROWS}
#: The part of the headline that is a section's, and the section's tasks.
_SECTIONS = {
    section: (f"{section}.{HEADLINE[kind]}", [task for task in OFFICIAL if task.section == section])
    for kind in KINDS
    for section in SECTIONS
    if section.endswith(kind)
}


def possible(claim: Claim, now: datetime) -> Iterator[str]:
    """Figures that can't be, and figures that are there twice."""
    given = claim.manifest.get("figures")
    listed = given if isinstance(given, list) else []
    names = [figure.get("id") for figure in listed if isinstance(figure, dict)]
    if len(names) < len(listed) or not all(isinstance(name, str) for name in names):
        yield "its list of figures holds something else"
    twice = [name for name, count in Counter(map(str, names)).items() if count > 1]
    if twice:
        yield f"figures that are there twice: {some(map(_shown, twice))}"
    wrong = [
        f"{_shown(figure['id'])} ({why})" for figure in listed if isinstance(figure, dict) and (why := _why_impossible(figure))
    ]
    if wrong:
        yield f"figures that can't be: {some(wrong)}"


def _why_impossible(figure: Mapping[str, Any]) -> str:
    """Why a figure of this benchmark can't be so; empty where it can, and for figures that aren't of this benchmark."""
    name, mean, error = figure.get("id"), finite(figure.get("value")), finite(figure.get("stderr"))
    if not isinstance(name, str) or not is_figure(name):
        return ""
    if mean is None or not in_range(name, mean):
        return f"a value of {printable(figure.get('value'), 20)}"
    rows = rows_in(figure)
    if rows is None:
        return f"{printable(figure.get('rows'), 20)} rows"
    if not isinstance(figure.get("partial", ""), str):
        return "partial without a reason"
    if figure.get("stderr") is not None and (error is None or not 0 <= error <= _most_error(name, mean, rows) + TOLERANCE):
        return f"a standard error of {printable(figure['stderr'], 20)}"
    return ""


def _most_error(name: str, mean: float, rows: int) -> float:
    """The largest standard error of a mean over values in [0, 1]: half of them 0, half of them 1. Others: any."""
    if name != HEADLINE_NAME and name.rpartition(".")[2] in LEXICAL and rows > 1:
        return math.sqrt(max(0.0, mean * (1 - mean)) / (rows - 1))
    return 4.0


def complete(claim: Claim, now: datetime) -> Iterator[str]:
    """Every figure that a rank needs, over every official row."""
    skipped = OTHER_IN_VERSION_1 if claim.manifest.get("version") == 1 else ()
    missing = [name for name in _WANTED if name not in claim.figures and name.partition(".")[0] not in skipped]
    if missing:
        yield f"figures missing: {some(missing)}"
    for name, value in claim.figures.items():
        wanted = _official_rows(name)
        if wanted and value.partial:
            yield f"{name} is partial ({printable(value.partial, 80)}), the headline is not"
        elif wanted and value.rows != wanted:
            yield f"{name} is over {value.rows or 0:,} rows, the benchmark has {wanted:,}"


def _official_rows(name: str) -> int:
    """The rows that a whole figure is over; 0 for figures that a judge or a model may leave rows out of, and for others."""
    scope, _, metric = name.rpartition(".")
    return _ROWS.get(scope, 0) if metric in LEXICAL else sum(SECTION_ROWS.values()) if name == HEADLINE_NAME else 0


def headline_of_sections(claim: Claim, now: datetime) -> Iterator[str]:
    """The headline is the unweighted mean of its six parts."""
    said, found = claim.figures.get(HEADLINE_NAME), headline_over(claim.figures)
    if said is None or found is None:
        return
    if abs(said.mean - found.mean) > TOLERANCE:
        yield f"its headline is {said.mean:.4f}, the mean of its sections {found.mean:.4f}"
    elif not _close(said.error, found.error):
        yield f"the standard error of its headline is {_number(said.error)}, that of its sections gives {_number(found.error)}"


def sections_of_tasks(claim: Claim, now: datetime) -> Iterator[str]:
    """A section is the mean over the rows of its tasks; two rows of official tasks count in another section (0 to 1 each)."""
    if claim.manifest.get("version") == 1:
        return
    for section, (name, tasks) in _SECTIONS.items():
        part, figures = claim.figures.get(name), [claim.figures.get(task.figure) for task in tasks]
        if part is None or None in figures:
            continue
        whole = sum(task.scored * figure.mean for task, figure in zip(tasks, figures, strict=True) if figure)
        scored, rows = sum(task.scored for task in tasks), SECTION_ROWS[section]
        if not -TOLERANCE * rows <= part.mean * rows - whole <= rows - scored + TOLERANCE * rows:
            yield f"{name} is {part.mean:.4f}, its tasks give {whole / scored:.4f}"


def means_of_rows(claim: Claim, now: datetime) -> Iterator[str]:
    """The figures are the means of the rows' values, and the rows are each there once."""
    if claim.rows is None:
        return
    yield from claim.rows.wrong
    for section, scores in claim.rows.scores.items():
        if len(scores) != SECTION_ROWS[section]:
            yield f"the samples have {len(scores)} different rows of {section}, the benchmark has {SECTION_ROWS[section]}"
    over_rows = claim.rows.figures
    for name, said in claim.figures.items():
        if name not in over_rows:
            if _official_rows(name):
                yield f"{name} is claimed, the samples have no rows for it"
        elif differ := _difference(said, over_rows[name]):
            yield f"{name} {differ}"


def _difference(said: Value, found: Value) -> str:
    if abs(said.mean - found.mean) > TOLERANCE:
        return f"is {said.mean:.4f}, the samples give {found.mean:.4f}"
    if said.rows != found.rows or bool(said.partial) != bool(found.partial):
        return f"is over {_over(said)}, the samples have {_over(found)}"
    if not _close(said.error, found.error):
        return f"has a standard error of {_number(said.error)}, the samples give {_number(found.error)}"
    return ""


def _over(value: Value) -> str:
    return f"{value.rows or 0:,} rows" + (f" ({printable(value.partial, 80)})" if value.partial else "")


def _close(one: float | None, other: float | None) -> bool:
    return one is other if one is None or other is None else abs(one - other) <= TOLERANCE


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


def _shown(text: object) -> str:
    return printable(text, 80)
