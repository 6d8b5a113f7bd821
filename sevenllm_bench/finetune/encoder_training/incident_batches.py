"""Batches of pairs in which no text is a negative of a query about the same incident."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sevenllm_bench.corpus.selection import ranked
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber


class IncidentBatches:
    """Batches for losses that take the other texts of a batch as negatives.

    In a batch every incident is that of one query at most, and no hard negative is of an incident that a query of the batch is
    about. Each pass has another order, which the seed decides; every process of a run has the same batches, as many in each
    pass as in the first, a multiple of the number of processes: some come twice, or are left out, where it needs that. A batch of
    one pair without hard negatives teaches nothing and is left out.
    """

    def __init__(
        self,
        incidents: Sequence[str],
        negatives: Sequence[Sequence[str]],
        batch_size: int,
        seed: int,
        passes: PassNumber,
        processes: int = 1,
    ) -> None:
        """Set up.

        Args:
            incidents: The incident of each of n pairs.
            negatives: The incidents of the hard negatives of each pair; n lists, empty without any.
            batch_size: Pairs of a batch, at most.
            seed: Of the order.
            passes: The pass that is next.
            processes: Processes that share the batches.
        """
        self._size = batch_size
        self._incidents, self._negatives = incidents, [frozenset(names) for names in negatives]
        self._seed, self._passes = seed, passes
        count = len(self._batches(0))
        self._count = count + -count % processes

    def __len__(self) -> int:
        """Batches of a pass."""
        return self._count

    def __iter__(self) -> Iterator[list[int]]:
        """The batches of the pass that is next, as places of pairs."""
        batches = self._batches(self._passes.number)
        return iter([batches[place % len(batches)] for place in range(self._count)])

    def _batches(self, number: int) -> list[list[int]]:
        """The batches of a pass: incidents with the most pairs left come first, so that none is left with pairs of its own."""
        left: dict[str, list[int]] = {}
        for place in ranked(range(len(self._incidents)), f"pass {number}", self._seed):
            left.setdefault(self._incidents[place], []).append(place)
        found = []
        while left:
            batch = _Batch()
            for incident in sorted(left, key=lambda name: -len(left[name])):
                if batch.takes(incident, self._negatives[left[incident][-1]]):
                    place = left[incident].pop()
                    batch.add(place, incident, self._negatives[place])
                if len(batch.places) == self._size:
                    break
            left = {incident: places for incident, places in left.items() if places}
            found.append(batch.places)
        of_use = [batch for batch in found if len(batch) > 1 or self._negatives[batch[0]]] or found
        return [of_use[place] for place in ranked(range(len(of_use)), f"batches of pass {number}", self._seed)]


class _Batch:
    def __init__(self) -> None:
        self.places: list[int] = []
        self._asked: set[str] = set()
        self._negatives: set[str] = set()

    def takes(self, incident: str, negatives: frozenset[str]) -> bool:
        return incident not in self._asked and incident not in self._negatives and not (negatives & self._asked)

    def add(self, place: int, incident: str, negatives: frozenset[str]) -> None:
        self.places.append(place)
        self._asked.add(incident)
        self._negatives |= negatives
