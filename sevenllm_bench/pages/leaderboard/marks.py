"""Marks beside an entry's name: answers that were replayed, or that are the references', a published model's or another's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.pages.leaderboard.published_models import published_entries
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
#: Share of rows with the same score from which answers are taken for a published model's; scores of text rarely agree by chance.
_LIKE_PUBLISHED = 0.99
#: Headlines that are further apart can't have so many rows alike, see `_like_published`.
_MOST_APART = 0.02
#: Scores that are no further apart are the same, six digits being recorded.
_SAME = 2e-6


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
    yield from _like_published(entry)
    for kind, share in entry.like_references.items():
        yield f"{share:.0%} of {kind} answers like the references"
    for share, name in sorted(alike, reverse=True)[:_MOST_NAMED]:
        yield f"{share:.0%} of answers like {plain(name, 80)}"


def _like_published(entry: Entry) -> Iterator[str]:
    """That an entry scores row by row like a published model: the same answers, as far as scores tell."""
    for model, _ in published_entries() if entry.row_scores and entry.headline is not None else ():
        if abs((entry.headline or 0.0) - (model.headline or 0.0)) > _MOST_APART:
            continue
        pairs = [
            (scores[row], value)
            for section, values in model.row_scores.items()
            for scores in [entry.row_scores.get(section, {})]
            for row, value in values.items()
            if row in scores
        ]
        same = sum(abs(one - other) <= _SAME for one, other in pairs)
        if len(pairs) >= LEAST_ROWS and same >= _LIKE_PUBLISHED * len(pairs):
            yield f"the same scores as {model.name} in {same:,} of {len(pairs):,} rows"


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
