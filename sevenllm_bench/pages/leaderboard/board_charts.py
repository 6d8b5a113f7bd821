"""The leaderboard's charts: scores against sizes, and the history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.vocabulary import SCORE
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.history_chart import Dated, history_chart
from sevenllm_bench.pages.charts.preview import Preview, PreviewLine
from sevenllm_bench.pages.charts.size_chart import Sized, size_chart
from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.text.display import plain

#: Names in a note.
_MOST_NAMED = 12


def board_charts(entries: Sequence[Entry], current: Sequence[Entry]) -> dict[str, Chart]:
    """The charts that there is something for: "size" with two models of known size, "history" with two dates.

    Args:
        entries: All submissions.
        current: The newest of each model and protocol.
    """
    made: dict[str, Chart] = {}
    ranked = [entry for entry in current if _counts(entry) and not entry.is_encoder]
    if sum(entry.facts.parameters is not None for entry in ranked) > 1:
        made["size"] = _size(ranked)
    dated = [entry for entry in entries if _counts(entry) and _day(entry.date)]
    if len({entry.date for entry in dated}) > 1:
        made["history"] = _history(dated)
    return made


def board_preview(current: Sequence[Entry], count: int) -> Preview:
    """What is shown of a link to the leaderboard: the models that can be ranked, the highest headline first.

    Args:
        current: The newest of each model and protocol.
        count: Number of submissions.
    """
    ranked = [entry for entry in current if _counts(entry) and not entry.is_encoder]
    found = sorted(ranked, key=lambda entry: -entry.figures[HEADLINE_NAME].mean)
    lines = [PreviewLine(entry.name, *_with_ends(entry)) for entry in found]
    words = f"{count:,} {'submission' if count == 1 else 'submissions'} on 28 cyber threat intelligence tasks"
    return Preview("SEvenLLM leaderboard", words, tuple(lines))


def _counts(entry: Entry) -> bool:
    """Whether it has a headline that can be ranked."""
    return entry.headline is not None and not entry.refused


def _short(name: str) -> str:
    """A model's name without its organization."""
    return name.rpartition("/")[2] or name


def _size(entries: Sequence[Entry]) -> Chart:
    without = [entry.name for entry in entries if entry.facts.parameters is None]
    words = f"{SCORE.capitalize()} of every model against its number of parameters, on a scale that multiplies; "
    words += f"the line is the best {SCORE} of all models up to a size, and the intervals are those of the best."
    sized = [_sized(entry, size) for entry in entries if (size := entry.facts.parameters) is not None]
    return size_chart("size", f"{SCORE.capitalize()} and size", words, sized, SCORE, _without(without))


def _sized(entry: Entry, billions: float) -> Sized:
    return Sized(entry.name, _short(entry.name), billions, *_with_ends(entry), entry.facts.from_name)


def _with_ends(entry: Entry) -> tuple[float, float | None, float | None]:
    """The headline and the ends of its interval."""
    value = entry.figures[HEADLINE_NAME]
    if not value.has_interval or value.error is None:
        return value.mean, None, None
    half = 1.959964 * value.error
    return value.mean, max(0.0, value.mean - half), min(1.0, value.mean + half)


def _without(names: Sequence[str]) -> str:
    """Which models have no size."""
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    listed = ", ".join(plain(name, 60) for name in names[:_MOST_NAMED])
    return f"Not in the chart, since their size isn't known: {listed}{more}."


def _history(entries: Sequence[Entry]) -> Chart:
    words = f"{SCORE.capitalize()} of every submission by date, and the best so far as a line in steps."
    found = [Dated(day, e.name, _short(e.name), e.headline) for e in entries if (day := _day(e.date)) and e.headline is not None]
    return history_chart("history", f"{SCORE.capitalize()} by date", words, found, SCORE)


def _day(words: str) -> date | None:
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None
