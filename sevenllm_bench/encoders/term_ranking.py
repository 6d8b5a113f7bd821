"""The rank of a sequence of tokens among all sequences of its length, from independent distributions at each position."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

#: Ranks beyond this one are not found.
MOST = 10


def rank_of(log_probabilities: np.ndarray, tokens: Sequence[int], most: int = MOST) -> int | None:
    """The rank of a sequence of tokens: 1 + the number of sequences of the same length with a larger joint score.

    The joint score is the sum of the log-probabilities of its tokens, added from the first position on. Sequences with
    exactly the same score share the better rank.

    Args:
        log_probabilities: Array (length, vocabulary).
        tokens: The token at each position.
        most: The largest rank that is found.

    Returns:
        The rank; None where it is larger than `most`, or where there is no token.
    """
    if not tokens:
        return None
    own = 0.0
    for position, token in enumerate(tokens):
        own += float(log_probabilities[position][token])
    larger = sum(score > own for score in largest_joint_scores(log_probabilities, most))
    return larger + 1 if larger < most else None


def largest_joint_scores(log_probabilities: np.ndarray, count: int = MOST) -> list[float]:
    """The largest joint scores of all sequences of tokens, the largest first.

    No sequence among the `count` best has a token that is not among the `count` best of its position, nor a beginning that is
    not among the `count` best beginnings, so that these are all that is looked at.

    Args:
        log_probabilities: Array (length, vocabulary).
        count: How many.
    """
    import numpy as np

    best = [0.0]
    for row in log_probabilities:
        few = min(count, len(row))
        candidates = np.partition(row, len(row) - few)[-few:].tolist()
        best = heapq.nlargest(count, (score + float(value) for score in best for value in candidates))
    return best
