"""Where submissions stand in words: ranks, the bands of ranks that they may have, and who leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from markupsafe import Markup

from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.pages.interval_bar import interval_bar
from sevenllm_bench.pages.leaderboard.entry import Entry, RankBand, Value
from sevenllm_bench.pages.leaderboard.model_figures import interval_of


@dataclass(frozen=True, slots=True)
class RankWords:
    """Where a ranked submission stands.

    Attributes:
        place: From 1, by headline; equal headlines share it.
        band: The ranks that it may have, as "1–6"; empty where they aren't known.
        how: How the band was found, in words; empty where it isn't known.
    """

    place: int
    band: str = ""
    how: str = ""

    @property
    def text(self) -> str:
        """What the table shows: the band, or else the place."""
        return self.band or str(self.place)


def standings(ranked: Sequence[Entry]) -> dict[int, RankWords]:
    """`id` of an entry to its standing.

    Args:
        ranked: Entries with a headline, the best first.
    """
    found: dict[int, RankWords] = {}
    place, before = 0, None
    for number, entry in enumerate(ranked, 1):
        if entry.headline != before:
            place, before = number, entry.headline
        found[id(entry)] = RankWords(place, _band(entry.band), _how(entry.band))
    return found


def _band(band: RankBand | None) -> str:
    if band is None:
        return ""
    return str(band.best) if band.best == band.worst else f"{band.best}–{band.worst}"


def _how(band: RankBand | None) -> str:
    if band is None:
        return ""
    return "by paired tests of its rows with every other's" if band.paired else "by intervals alone, without its rows"


@dataclass(frozen=True, slots=True)
class Leader:
    """The entry with the highest headline.

    Attributes:
        entry: It.
        alone: Whether it can be told that it is the best.
        others: How many entries may be as good, where that isn't so; None where that isn't known.
        how: By what.
    """

    entry: Entry
    alone: bool
    others: int | None
    how: str = "by their 95 % intervals"


#: How submissions are compared, by whether their bands come from paired tests.
_COMPARED = {
    frozenset([True]): "by paired tests, corrected over all pairs",
    frozenset([False]): "by intervals alone",
    frozenset([True, False]): "by paired tests, corrected over all pairs, and by intervals where rows are lacking",
}


def leader(ranked: Sequence[Entry]) -> Leader | None:
    """Who leads, and whether that is certain: by the bands of ranks, or else by intervals; None for fewer than two entries."""
    if len(ranked) < 2:
        return None
    first = ranked[0]
    if any(entry.band for entry in ranked):
        others = sum(entry.band is not None and entry.band.best == 1 for entry in ranked[1:])
        how = _COMPARED[frozenset(entry.band.paired for entry in ranked if entry.band)]
        return Leader(first, others == 0 and first.band is not None and first.band.worst == 1, others, how)
    low = interval_of(first.figures[HEADLINE_NAME])[0]
    ends = [interval_of(entry.figures[HEADLINE_NAME])[1] for entry in ranked[1:]]
    if low is None or None in ends:
        return Leader(first, False, None)
    others = sum(end >= low for end in ends if end is not None)
    return Leader(first, others == 0, others)


def headline_bars(ranked: Sequence[Entry]) -> Callable[[Value], Markup]:
    """What draws a headline's bar, between limits that hold all of them, in twentieths."""
    low, high = headline_limits(ranked)

    def bar(value: Value) -> Markup:
        return interval_bar(value.mean, *interval_of(value), (low, high))

    return bar


def headline_limits(ranked: Sequence[Entry]) -> tuple[float, float]:
    """The twentieths between which every headline and its interval lies; 0 and 1 where there is none."""
    values = [entry.figures[HEADLINE_NAME] for entry in ranked]
    ends = [end for value in values for end in (value.mean, *interval_of(value)) if end is not None]
    return (floor(20 * min(ends)) / 20, ceil(20 * max(ends)) / 20) if ends else (0.0, 1.0)


def ranked_of(current: Sequence[Entry]) -> list[Entry]:
    """The entries of the main table: models that generate, with a headline over every official row and no reason against it."""
    return [entry for entry in current if not entry.is_encoder and entry.headline is not None]
