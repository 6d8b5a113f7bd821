"""The published models on the leaderboard: scored by this package, without a rank, and where they would be among the ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.published.published_runs import published_runs


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A published model beside the submissions.

    Attributes:
        entry: Its figures, as a submission has them; it is none, and has no page.
        place: The rank that its score would have among the ranked submissions, from 1.
        notes: What a reader must know of it.
    """

    entry: Entry
    place: int
    notes: tuple[str, ...]

    @property
    def headline(self) -> Value:
        """Its headline."""
        return self.entry.figures[HEADLINE_NAME]


def published_models(ranked: Sequence[Entry]) -> list[PublishedModel]:
    """The published models, the best first.

    Args:
        ranked: The submissions with a rank.

    Raises:
        DataError: The scores are out of date, see `published_scores`.
    """
    found = []
    for entry, notes in _scored():
        score = entry.figures[HEADLINE_NAME].mean
        place = 1 + sum(other.headline is not None and other.headline > score for other in ranked)
        found.append(PublishedModel(entry, place, notes))
    return sorted(found, key=lambda model: -model.headline.mean)


@cache
def _scored() -> list[tuple[Entry, tuple[str, ...]]]:
    """The models' figures and notes: about a second, and the same for every board."""
    found = []
    for run in published_runs():
        figures = {figure.id: Value(figure.value, figure.stderr, figure.rows, figure.why_partial) for figure in figures_of(run)}
        found.append((Entry(run.label, source="published", figures=figures), run.notes))
    return found
