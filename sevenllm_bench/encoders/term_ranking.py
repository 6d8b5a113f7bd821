"""The rank of a sequence of tokens among all sequences of its length, from independent distributions at each position."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

#: Ranks beyond this one are not found.
MOST = 10


def rank_of(own: Sequence[float], best: Sequence[Sequence[float]], most: int = MOST) -> int | None:
    """The rank of a sequence of tokens: 1 + the number of sequences of the same length with a larger joint score.

    The joint score is the sum of the log-probabilities of the tokens, added from the first position on. Sequences with exactly
    the same score share the better rank.

    Args:
        own: Log-probability of the sequence's token at each position.
        best: At each position the largest log-probabilities of the vocabulary: all, or at least the `most` largest.
        most: The largest rank that is found.

    Returns:
        The rank; None where it is larger than `most`, or where there is no position.
    """
    if not own:
        return None
    score = 0.0
    for value in own:
        score += value
    larger = sum(other > score for other in largest_joint_scores(best, most))
    return larger + 1 if larger < most else None


def largest_joint_scores(best: Sequence[Sequence[float]], count: int = MOST) -> list[float]:
    """The largest joint scores of all sequences of tokens, the largest first.

    A sequence among the `count` best has at each position one of its `count` best tokens, and before it one of the `count` best
    beginnings, so that these are all that is looked at.

    Args:
        best: At each position the largest log-probabilities of the vocabulary: all, or at least the `count` largest.
        count: How many.
    """
    scores = [0.0]
    for values in best:
        few = heapq.nlargest(count, values)
        scores = heapq.nlargest(count, (score + value for score in scores for value in few))
    return scores
