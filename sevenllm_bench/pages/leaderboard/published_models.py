"""The published models on the leaderboard: scored by this package, without a rank, and where they would be among the ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sevenllm_bench.figures.cells import HEADLINE_NAME, mean_over
from sevenllm_bench.figures.figures import combined_error, standard_error
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.leaderboard.entry import PARTS, Entry, Value
from sevenllm_bench.published.published_runs import label_of, notes_on
from sevenllm_bench.published.score_file import published_scores


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
    """The models' headline and its parts, and notes: the same for every board.

    They are `figures_of` a published run, from the columns of the file: a run of samples takes ten times as long to make.
    """
    scores = published_scores()
    places: dict[str, list[int]] = {}
    for place, row in enumerate(scores.rows):
        places.setdefault(f"{row.language}_{row.kind}.{HEADLINE[row.kind]}", []).append(place)
    found = []
    for name, model in scores.models.items():
        values = {part: [model.metrics[part.partition(".")[2]][place] for place in places[part]] for part in PARTS}
        known = {part: [value for value in column if value is not None] for part, column in values.items()}
        figures = {part: Value(mean_over([column]), standard_error(column), len(column)) for part, column in known.items()}
        error = combined_error([value.error for value in figures.values()])
        figures[HEADLINE_NAME] = Value(mean_over(known.values()), error, sum(map(len, known.values())))
        found.append((Entry(label_of(name), source="published", figures=figures), tuple(notes_on(name, scores))))
    return found
