"""Rank bands of a board: paired tests where submissions have rows, intervals where they have none."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sevenllm_bench.catalog import SECTION_ROWS, SECTIONS
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.pages.leaderboard.entry import PARTS, Entry, RankBand
from sevenllm_bench.stats.rank_bands import Band, Ranked, rank_bands

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Each section's rows, by id; entries are tested in pairs where they have the same ones.
_RowIds = tuple[frozenset[int], ...]


def with_bands(entries: Sequence[Entry], current: Sequence[Entry] | None = None) -> list[Entry]:
    """The entries, those with a rank with the band of ranks that they may have, see `stats.rank_bands`.

    Entries are tested in pairs where both have values for the rows that most entries have values for. Otherwise their
    headlines are compared with their standard errors, and the band is marked as not paired. Where the standard error isn't
    known, or is larger than values in [0, 1] with these means can have, it is taken to be the largest possible.

    Args:
        entries: The submissions.
        current: Those of them that stand in the table; default: all. Of these, the ones with a headline that aren't refused
            and aren't encoders have a rank.

    Returns:
        All entries in the order given.
    """
    ranked = [entry for entry in (entries if current is None else current) if _has_rank(entry)]
    bands = _bands(ranked)
    found = {id(entry): RankBand(band.best, band.worst, paired) for entry, (band, paired) in zip(ranked, bands, strict=True)}
    return [replace(entry, band=found.get(id(entry))) for entry in entries]


def _has_rank(entry: Entry) -> bool:
    return entry.headline is not None and not entry.refused and not entry.is_encoder


def _bands(entries: Sequence[Entry]) -> list[tuple[Band, bool]]:
    """The band of every entry, and whether it comes from paired tests."""
    ids = [_row_ids(entry) for entry in entries]
    counted = Counter(found for found in ids if found)
    usual = counted.most_common(1)[0][0] if counted else None
    paired = [found is not None and found == usual for found in ids]
    order = [sorted(section) for section in usual or ()]
    systems = [
        Ranked(entry.headline or 0.0, _error(entry), _strata(entry, order) if has_rows else ())
        for entry, has_rows in zip(entries, paired, strict=True)
    ]
    return list(zip(rank_bands(systems), paired, strict=True))


def _row_ids(entry: Entry) -> _RowIds | None:
    """The rows that it has values for; None where a section has none."""
    found = tuple(frozenset(entry.row_scores.get(section, ())) for section in SECTIONS)
    return found if all(found) else None


def _strata(entry: Entry, order: Sequence[Sequence[int]]) -> list[NDArray[Any]]:
    import numpy as np

    values = (entry.row_scores[section] for section in SECTIONS)
    return [np.array([own[row] for row in rows], dtype=float) for own, rows in zip(values, order, strict=True)]


def _error(entry: Entry) -> float:
    """The headline's standard error, or the largest possible one."""
    largest = _largest_error(entry)
    claimed = entry.figures[HEADLINE_NAME].error
    return min(claimed, largest) if claimed else largest


def _largest_error(entry: Entry) -> float:
    """From the sections' means m and rows n: values in [0, 1] have a variance of at most m (1 - m) n / (n - 1)."""
    total = 0.0
    for part in PARTS:
        value = entry.figures.get(part)
        mean = value.mean if value else 0.5
        total += mean * (1 - mean) / (SECTION_ROWS[part.partition(".")[0]] - 1)
    return math.sqrt(total) / len(PARTS)
