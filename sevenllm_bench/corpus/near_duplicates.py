"""Texts that nearly equal others: MinHash and rare shingles find candidates, all shingles together decide."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sevenllm_bench.corpus.similarity import mixed, overlap, shingles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sevenllm_bench.corpus.similarity import Shingles

#: Values in a signature.
PERMUTATIONS = 128

#: Bands of a signature and values in each, for `NearIndex`: a text of Jaccard index 0.5 is missed with probability 1e-8, one
#: of 0.8 with 4e-29. An unrelated one (0.01) is a candidate in one case of 160, which costs a comparison.
INDEX_BANDS = (64, 2)
#: The same for `near_groups`, where every text meets every other: 0.8 is missed with 5e-8, 0.7 with 2e-4.
GROUP_BANDS = (32, 4)
#: Jaccard index from which two texts are one group.
GROUP_JACCARD = 0.5

#: A shingle that more texts of an index hold hints at none of them.
_RARE = 32
#: Share of the shorter text's shingles that must be rare ones of the other. What decides asks for at least 0.5 (`leaks`),
#: so a text is found for sure if no more than 0.3 of its shingles are common; of official texts it is 0.1 at most.
_RARE_SHARE = 0.2


def signature(hashes: Shingles) -> NDArray[np.uint32]:
    """The MinHash signature of a set of shingles, shape (128,): the least value under each of 128 permutations.

    Uses one buffer, so not for several threads at a time.
    """
    import numpy as np

    multipliers, offsets = _permutations()
    # datasketch's own MinHash takes fifteen times as long, most of it for memory; this buffer is used again.
    values = _buffer(1 << max(12, int(hashes.size - 1).bit_length()))[: PERMUTATIONS * hashes.size].reshape(PERMUTATIONS, -1)
    np.multiply(multipliers, hashes, out=values)
    np.add(values, offsets, out=values)
    return values.min(axis=1, initial=np.uint32(0xFFFFFFFF))


@functools.cache
def _permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Odd multipliers and offsets of permutations of the 32-bit numbers, each of shape (128, 1)."""
    import numpy as np

    numbers = mixed(np.arange(1, 2 * PERMUTATIONS + 1, dtype=np.uint64)).reshape(2, PERMUTATIONS, 1)
    return numbers[0] | np.uint32(1), numbers[1]


@functools.lru_cache(maxsize=2)
def _buffer(size: int) -> NDArray[np.uint32]:
    import numpy as np

    return np.empty(PERMUTATIONS * size, dtype=np.uint32)


class NearIndex:
    """Finds those of some texts that share many shingles with a query, whichever is the longer one.

    MinHash finds texts of like length. A text within a much longer one has a small Jaccard index; shingles that few texts
    hold lead to it. Neither decides: overlaps are counted exactly.
    """

    def __init__(self, texts: Sequence[Shingles]) -> None:
        """Index the shingles of each text."""
        from datasketch import MinHash, MinHashLSH

        self._texts = texts
        # A carrier: the LSH reads nothing but its values.
        self._minhash = MinHash(num_perm=PERMUTATIONS)
        self._lsh = MinHashLSH(num_perm=PERMUTATIONS, params=INDEX_BANDS)
        for place, hashes in enumerate(texts):
            if hashes.size:
                self._lsh.insert(place, self._signed(hashes))
        self._index_rare()

    def matches(self, hashes: Shingles) -> Iterator[tuple[int, int]]:
        """Place of each candidate among the texts, and how many shingles it shares with the query; sorted by place."""
        if hashes.size and self._values.size:
            candidates = {*self._lsh.query(self._signed(hashes)), *self._by_rare(hashes)}
            for place in sorted(candidates):
                yield place, overlap(hashes, self._texts[place])

    def _signed(self, hashes: Shingles) -> object:
        self._minhash.hashvalues = signature(hashes)
        return self._minhash

    def _index_rare(self) -> None:
        import numpy as np

        self._sizes = np.array([hashes.size for hashes in self._texts], dtype=np.int64)
        hashes = np.concatenate([np.empty(0, dtype=np.uint32), *self._texts])
        owners = np.repeat(np.arange(len(self._texts)), self._sizes)
        order = np.argsort(hashes, kind="stable")
        self._values, begins, counts = np.unique(hashes[order], return_index=True, return_counts=True)
        self._owners, self._begins = owners[order], begins
        self._counts = np.where(counts <= _RARE, counts, 0)

    def _by_rare(self, hashes: Shingles) -> list[int]:
        """Places of the texts that share enough rare shingles with the query."""
        import numpy as np

        places = np.searchsorted(self._values, hashes)
        places[places == self._values.size] = 0
        found = places[self._values[places] == hashes]
        counts = self._counts[found]
        # The owners of each found shingle lie together: from its begin on, as many as it has.
        ends = np.cumsum(counts)
        within = np.arange(ends[-1] if ends.size else 0) - np.repeat(ends - counts, counts)
        hits = np.bincount(self._owners[np.repeat(self._begins[found], counts) + within], minlength=self._sizes.size)
        return np.flatnonzero((hits > 0) & (hits >= _RARE_SHARE * np.minimum(self._sizes, hashes.size))).tolist()


def near_groups(texts: Sequence[str]) -> list[int]:
    """Group texts that nearly equal one another, directly or through others (Jaccard index of 0.5 or more).

    Args:
        texts: Distinct normalised texts.

    Returns:
        For each text the least place of a text in its group. Two texts of Jaccard index 0.8 are missed with probability
        5e-8, of 0.7 with 2e-4, of 0.5 with 0.13.
    """
    import numpy as np

    parents = list(range(len(texts)))
    signatures = np.stack([signature(shingles(text)) for text in texts]) if texts else np.empty((0, PERMUTATIONS), np.uint32)
    bands, width = GROUP_BANDS
    read = functools.lru_cache(maxsize=4096)(lambda place: shingles(texts[place]))
    for band in range(bands):
        columns = signatures[:, band * width : (band + 1) * width]
        order = np.lexsort(columns.T)
        same = (columns[order[1:]] == columns[order[:-1]]).all(axis=1)
        # Texts that agree in a band lie together; each is compared with the one before it.
        for one, other in np.stack([order[:-1][same], order[1:][same]], axis=1).tolist():
            first, second = sorted((_root(parents, one), _root(parents, other)))
            if first != second and _jaccard(read(one), read(other)) >= GROUP_JACCARD:
                parents[second] = first
    return [_root(parents, place) for place in range(len(texts))]


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = place = parents[parents[place]]
    return place


def _jaccard(one: Shingles, other: Shingles) -> float:
    common = overlap(one, other)
    return common / max(1, one.size + other.size - common)
