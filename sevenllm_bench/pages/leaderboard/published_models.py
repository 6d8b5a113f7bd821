"""The published models on the leaderboard: scored by this package, without a rank; where they would be; the leader's tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from sevenllm_bench.figures.cells import HEADLINE_NAME, mean_over
from sevenllm_bench.figures.figures import combined_error, standard_error
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.leaderboard.entry import PARTS, Entry, Value
from sevenllm_bench.pages.leaderboard.leader_tests import LeaderTest, leader_tests, leader_with_rows
from sevenllm_bench.pages.leaderboard.model_figures import interval_of
from sevenllm_bench.published.published_runs import label_of, notes_on
from sevenllm_bench.published.score_file import published_scores


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A published model beside the submissions.

    Attributes:
        entry: Its figures, as a submission has them; it is none, and has no page.
        place: The rank that its score would have among the ranked submissions, from 1.
        notes: What a reader must know of it.
        test: The leader against it; None where no submission has rows.
    """

    entry: Entry
    place: int
    notes: tuple[str, ...]
    test: LeaderTest | None = None

    @property
    def headline(self) -> Value:
        """Its headline."""
        return self.entry.figures[HEADLINE_NAME]


@dataclass(frozen=True, slots=True)
class PublishedBoard:
    """The published models on a board.

    Attributes:
        models: The models, the best first.
        leader: The submission that is tested against each of them; None where none has rows.
    """

    models: tuple[PublishedModel, ...]
    leader: Entry | None

    def as_json(self) -> list[dict[str, Any]]:
        """Each model: `name`, `mean`, `low` and `high` (ends of the 95 % interval), `would_be`, and `test` where there is one.

        A test has `against` (id of the leader's entry), `rows`, `difference` (the leader less the model), `p` (Holm), `tests`,
        `verdict` (of the leader), `why_not`.
        """
        against = self.leader.id if self.leader else None
        found = []
        for model in self.models:
            low, high = interval_of(model.headline)
            line = {"name": model.entry.name, "mean": model.headline.mean, "low": low, "high": high, "would_be": model.place}
            found.append(line | ({"test": {"against": against, **asdict(model.test)}} if model.test else {}))
        return found


def published_models(ranked: Sequence[Entry]) -> PublishedBoard:
    """The published models beside a board's submissions.

    Args:
        ranked: The submissions with a rank, the best first.

    Raises:
        DataError: The scores are out of date, see `published_scores`.
    """
    scored, best = published_entries(), leader_with_rows(ranked)
    tests = leader_tests(best, [entry for entry, _ in scored]) if best else [None] * len(scored)
    found = []
    for (entry, notes), test in zip(scored, tests, strict=True):
        score = entry.figures[HEADLINE_NAME].mean
        place = 1 + sum(other.headline is not None and other.headline > score for other in ranked)
        found.append(PublishedModel(entry, place, notes, test))
    return PublishedBoard(tuple(sorted(found, key=lambda model: -model.headline.mean)), best)


@cache
def published_entries() -> list[tuple[Entry, tuple[str, ...]]]:
    """Each published model as an entry with its headline, its parts and its rows, and the notes on it.

    They are `figures_of` a published run, from the columns of the file: a run of samples takes ten times as long to make.
    """
    scores = published_scores()
    places: dict[str, list[int]] = {}
    by_task = sorted(enumerate(scores.rows), key=lambda found: (found[1].blank.leaf.name, found[1].id))  # as in `RowValues`
    for place, row in by_task:
        places.setdefault(f"{row.language}_{row.kind}.{HEADLINE[row.kind]}", []).append(place)
    found = []
    for name, model in scores.models.items():
        values = {part: [model.metrics[part.partition(".")[2]][place] for place in places[part]] for part in PARTS}
        known = {part: [value for value in column if value is not None] for part, column in values.items()}
        figures = {part: Value(mean_over([column]), standard_error(column), len(column)) for part, column in known.items()}
        error = combined_error([value.error for value in figures.values()])
        figures[HEADLINE_NAME] = Value(mean_over(known.values()), error, sum(map(len, known.values())))
        by_row = {
            part.partition(".")[0]: {
                scores.rows[place].id: value for place, value in zip(places[part], column, strict=True) if value is not None
            }
            for part, column in values.items()
        }
        entry = Entry(label_of(name), source="published", figures=figures, row_scores=by_row)
        found.append((entry, tuple(notes_on(name, scores))))
    return found
