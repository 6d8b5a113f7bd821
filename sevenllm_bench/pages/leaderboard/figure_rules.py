"""Rules about figures: each must be possible, and they must agree with one another and with the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from sevenllm_bench.catalog import SECTION_ROWS
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.vocabulary import SCORE
from sevenllm_bench.metrics.registry import LEXICAL
from sevenllm_bench.pages.leaderboard.claim import OFFICIAL, Claim
from sevenllm_bench.pages.leaderboard.entry import PARTS, Value
from sevenllm_bench.pages.leaderboard.manifest_figures import OTHER_IN_VERSION_1, headline_over
from sevenllm_bench.pages.leaderboard.possible_figures import why_impossible
from sevenllm_bench.submission.verify.findings import TOLERANCE, some
from sevenllm_bench.text.display import printable

#: The figures that a ranked submission must have: its headline, the six parts of it, and every official task.
_WANTED = (HEADLINE_NAME, *PARTS, *(task.figure for task in OFFICIAL))
#: Official rows by task and section.
_ROWS = {**{task.name: task.scored for task in OFFICIAL}, **SECTION_ROWS}
#: Metric to those that are never below it, over the same rows.
_COUNTED_IN = {
    "acc": ("answered",),
    "circular_acc": ("acc",),
    "recall_at_1": ("recall_at_5", "recall_at_10"),
    "recall_at_5": ("recall_at_10",),
    "ranking_acc": ("ranking_mrr",),
    "span_f1": ("span_f1_partial",),
    "top_1": ("top_5", "top_10"),
    "top_5": ("top_10",),
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
    wrong = [f"{_shown(of['id'])} ({why})" for of in listed if isinstance(of, dict) and (why := why_impossible(of))]
    if wrong:
        yield f"figures that can't be: {some(wrong)}"


def never_above(claim: Claim, now: datetime) -> Iterator[str]:
    """Metrics that count some of what another one counts, over the same rows."""
    for name, less in claim.figures.items():
        scope, _, metric = name.rpartition(".")
        for more in _COUNTED_IN.get(metric, ()):
            other = claim.figures.get(f"{scope}.{more}")
            if other and less.rows == other.rows and less.mean > other.mean + TOLERANCE:
                yield f"{name} is {less.mean:.4f}, above {more} ({other.mean:.4f}), which counts all that it counts"


def complete(claim: Claim, now: datetime) -> Iterator[str]:
    """Every figure that a rank needs, over every official row."""
    skipped = OTHER_IN_VERSION_1 if claim.manifest.get("version") == 1 else ()
    missing = [name for name in _WANTED if name not in claim.figures and name.partition(".")[0] not in skipped]
    if missing:
        yield f"figures missing: {some(missing)}"
    for name, value in claim.figures.items():
        wanted = _official_rows(name)
        if wanted and value.partial:
            yield f"{name} is partial ({printable(value.partial, 80)}), the {SCORE} is not"
        elif value.rows != wanted and (wanted or (not value.partial and _has_more(name, value))):
            yield f"{name} is over {value.rows or 0:,} rows, the benchmark has {wanted or _rows_of(name):,}"


def _official_rows(name: str) -> int:
    """The rows that a whole figure is over; 0 for figures that a judge or a model may leave rows out of, and for others."""
    if name == HEADLINE_NAME:
        return sum(SECTION_ROWS.values())
    return _rows_of(name) if name.rpartition(".")[2] in LEXICAL else 0


def _rows_of(name: str) -> int:
    """The official rows of a figure's section or task; 0 where it has none."""
    return _ROWS.get(name.rpartition(".")[0], 0)


def _has_more(name: str, value: Value) -> bool:
    return 0 < _rows_of(name) < (value.rows or 0)


def headline_of_sections(claim: Claim, now: datetime) -> Iterator[str]:
    """The headline is the unweighted mean of its six parts."""
    said, found = claim.figures.get(HEADLINE_NAME), headline_over(claim.figures)
    if said is None or found is None:
        return
    if abs(said.mean - found.mean) > TOLERANCE:
        yield f"its {SCORE} is {said.mean:.4f}, the mean of its sections {found.mean:.4f}"
    elif not _close(said.error, found.error):
        yield f"the standard error of its {SCORE} is {_number(said.error)}, that of its sections gives {_number(found.error)}"


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
