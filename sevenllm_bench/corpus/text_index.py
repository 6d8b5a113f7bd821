"""Which of some known texts hold the features (hashes) of others: an inverted index, exact, over arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenllm_bench.corpus.similarity import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sevenllm_bench.corpus.similarity import Features

#: A feature that more texts of an index hold is a common phrase, and counts for none of them.
COMMON = 5
#: Bits of a hash that a table of known ones is indexed by: a quick look before the slow one.
_BITS = 25


class TextIndex:
    """Features of some texts.

    Attributes:
        sizes: Number of distinct features of each text that are not common, shape (texts,).
        owners: For each entry (a feature of a text) the text's place, shape (entries,).
    """

    def __init__(self, features: Features, texts: int) -> None:
        """Index the features of `texts` texts."""
        import numpy as np

        keys = np.unique(features.hashes.astype(np.uint64) << np.uint64(32) | features.owners.astype(np.uint64))
        hashes = (keys >> np.uint64(32)).astype(np.uint32)
        counts = counted(hashes)[1]
        rare = np.repeat(counts <= COMMON, counts)
        keys, hashes = keys[rare], hashes[rare]
        self.owners: NDArray[np.int64] = keys.astype(np.uint32).astype(np.int64)
        self.sizes: NDArray[np.int64] = np.bincount(self.owners, minlength=texts)
        self._values, self._begins, self._counts = np.unique(hashes, return_index=True, return_counts=True)
        self._known = np.zeros(1 << _BITS, dtype=bool)
        self._known[hashes >> (32 - _BITS)] = True

    def entries(self, hashes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All entries with one of some hashes.

        Returns:
            Places among `hashes`, ascending, and entries; both of shape (found,).
        """
        import numpy as np

        places = np.flatnonzero(self._known[hashes >> (32 - _BITS)])
        if not places.size or not self._values.size:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        asked = hashes[places]
        found = np.minimum(np.searchsorted(self._values, asked), self._values.size - 1)
        same = self._values[found] == asked
        found, places = found[same], places[same]
        counts = self._counts[found]
        # The entries of a hash lie together: from its begin on, as many as it has.
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(places, counts), np.repeat(self._begins[found], counts) + within
