"""Marks beside an entry's name: answers that were replayed, or that are the references' or another submission's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.submission.copies import LEAST_ROWS, MOST_LIKE_ANOTHER, likeness
from sevenllm_bench.text.display import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

REPLAYED = "answers replayed from a file"
#: Pairs are compared over so many rows first; those with a third of the share that is looked for, over all.
_ROUGH_ROWS = 100
#: Digits of a sketch that agree in answers that are roughly alike.
_ROUGHLY = 12
_MOST_NAMED = 3


def with_marks(entries: Sequence[Entry]) -> list[Entry]:
    """The entries with their marks; submissions of the same model may have the same answers.

    Args:
        entries: All entries of the leaderboard.
    """
    alike: dict[int, list[tuple[float, str]]] = {}
    for one, other in _candidates(entries):
        found = likeness(entries[one].sketches, entries[other].sketches)
        if found.rows >= LEAST_ROWS and found.alike > MOST_LIKE_ANOTHER:
            alike.setdefault(one, []).append((found.alike, entries[other].name))
            alike.setdefault(other, []).append((found.alike, entries[one].name))
    return [replace(entry, marks=tuple(_marks(entry, alike.get(place, [])))) for place, entry in enumerate(entries)]


def _marks(entry: Entry, alike: Sequence[tuple[float, str]]) -> Iterator[str]:
    if entry.source == "sevenllm-replay":
        yield REPLAYED
    for kind, share in entry.like_references.items():
        yield f"{share:.0%} of {kind} answers like the references"
    for share, name in sorted(alike, reverse=True)[:_MOST_NAMED]:
        yield f"{share:.0%} of answers like {plain(name, 80)}"


def _candidates(entries: Sequence[Entry]) -> Iterator[tuple[int, int]]:
    """Pairs of entries of different models that may have many answers in common: places in `entries`."""
    import numpy as np

    having = [place for place, entry in enumerate(entries) if len(entry.sketches) >= LEAST_ROWS]
    shared = sorted({row_id for place in having for row_id in entries[place].sketches})
    rows = shared[:: max(1, len(shared) // _ROUGH_ROWS)]
    table = np.array([_digits(entries[place], rows) for place in having], dtype=np.uint8)
    for first, place in enumerate(having):
        agreeing = ((table[first] == table[first + 1 :]) & (table[first] > 0)).sum(axis=2) >= _ROUGHLY
        for offset in np.flatnonzero(agreeing.mean(axis=1) > MOST_LIKE_ANOTHER / 3).tolist():
            other = having[first + 1 + offset]
            if entries[place].seen_name != entries[other].seen_name:
                yield place, other


def _digits(entry: Entry, rows: Sequence[int]) -> NDArray[Any]:
    """Rows × 16 digits as bytes; zero where there is no answer to compare."""
    import numpy as np

    text = "".join(entry.sketches.get(row_id, "\0" * 16) for row_id in rows)
    return np.frombuffer(text.encode("ascii"), dtype=np.uint8).reshape(len(rows), 16)
