"""How often each example comes, so that the sources of a run have the shares of its tokens that were asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sevenllm_bench.corpus.selection import ranked


def mixture(
    sizes: Sequence[int], ids: Sequence[int], sources: Sequence[str], weights: Mapping[str, float], seed: int
) -> list[int]:
    """Choose examples so that the sources have shares of the tokens as their weights.

    The source of the largest weight (of equals the first) is taken once, whole. Of the others a sample is taken, or all
    examples equally often and a sample of them once more; a keyed hash of the ids says which. Each source comes as near to
    its share as whole examples allow: within half of one.

    Args:
        sizes: Tokens of each example.
        ids: Ids of the examples.
        sources: Source of each example.
        weights: Weight of each source, above 0.
        seed: Another seed chooses others.

    Returns:
        Places of the examples: those that come, in order; then again those that come a second time, and so on.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, source in enumerate(sources):
        places[source].append(place)
    main = max(places, key=lambda source: (weights[source], -list(weights).index(source)))
    tokens = {source: sum(sizes[place] for place in members) for source, members in places.items()}
    times = [0] * len(sizes)
    for source, members in places.items():
        each, rest = divmod(tokens[main] * weights[source] / weights[main], tokens[source])
        order = [members[place] for place in ranked([ids[place] for place in members], f"mixture {source}", seed)]
        more = _nearest([sizes[place] for place in order], rest, at_least=0 if each else 1)
        for rank, place in enumerate(order):
            times[place] = int(each) + (rank < more)
    return [place for turn in range(max(times, default=0)) for place, often in enumerate(times) if often > turn]


def _nearest(sizes: Sequence[int], target: float, at_least: int) -> int:
    """How many of the first sizes add up to `target` most nearly."""
    total = 0
    for count, size in enumerate(sizes):
        if total + size / 2 >= target:
            return max(count, at_least)
        total += size
    return len(sizes)
