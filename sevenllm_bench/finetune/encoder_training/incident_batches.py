"""Batches of pairs in which no text is a negative of a query about the same incident."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sevenllm_bench.corpus.selection import ranked
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber


class IncidentBatches:
    """Batches for losses that take the other texts of a batch as negatives.

    In a batch every incident is that of one query at most, and no hard negative is of an incident that a query of the batch is
    about. Each pass has another order, which the seed decides; every process of a run has the same batches, as many in each
    pass, a multiple of the number of processes. A batch of one pair without hard negatives teaches nothing and is left out.
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
        open_batches: list[_Batch] = []
        full: list[list[int]] = []
        for place in ranked(range(len(self._incidents)), f"pass {number}", self._seed):
            incident, negatives = self._incidents[place], self._negatives[place]
            batch = next((one for one in open_batches if one.takes(incident, negatives)), None)
            if batch is None:
                open_batches.append(batch := _Batch())
            batch.add(place, incident, negatives)
            if len(batch.places) == self._size:
                full.append(batch.places)
                open_batches.remove(batch)
        rest = [batch.places for batch in open_batches if len(batch.places) > 1 or self._negatives[batch.places[0]]]
        return [*full, *rest] or [batch.places for batch in open_batches]


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
