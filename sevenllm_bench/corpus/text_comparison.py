"""Which known texts are held by examples, or are what a part of an example was taken from: shares of features, by arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenllm_bench.corpus.similarity import counted
from sevenllm_bench.corpus.text_index import TextIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sevenllm_bench.corpus.similarity import Features

#: In a short text, chance agreement in a phrase or two is a large share: it must agree in so much, or in `enough` features.
SHORT_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Threshold:
    """From where a text counts as found.

    Attributes:
        share: Share of its features.
        enough: Features that say something; a text with fewer is never found.
        least: A part of an example that is taken from the text is found, too, if it has this share of the text; None: it isn't.
    """

    share: float
    enough: int
    least: float | None = None

    def needed(self, sizes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Features that must agree, for texts of some sizes."""
        import numpy as np

        needed = np.maximum(self.share * sizes, np.minimum(SHORT_SHARE * sizes, self.enough))
        return np.where(sizes >= self.enough, needed, np.inf)


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A known text in an example.

    Attributes:
        example: Place of the example.
        text: Place of the known text.
        share: Share of features, of the known text or of the example's part.
        parts: Places of the example's parts that agree, the essential ones.
    """

    example: int
    text: int
    share: float
    parts: tuple[int, ...]


class TextComparison:
    """Compares examples with known texts by one kind of features."""

    def __init__(
        self,
        features: Callable[[Sequence[str]], Features],
        texts: Sequence[str],
        limits: Sequence[Threshold],
        window: float | None = None,
    ) -> None:
        """Index the known texts.

        Args:
            features: Takes normalised texts apart.
            texts: The known texts, normalised.
            limits: Those of each text.
            window: Features of a text must be found within a stretch of so many times its length; None: anywhere.
        """
        import numpy as np

        self._features, self._window = features, window
        found = features(texts)
        self._lengths = np.bincount(found.owners, minlength=len(texts))
        self._index = TextIndex(found, len(texts))
        self._kinds = {kind: np.array([one == kind for one in limits], dtype=bool) for kind in dict.fromkeys(limits)}
        self._needed = np.zeros(len(texts))
        for kind, own in self._kinds.items():
            self._needed[own] = kind.needed(self._index.sizes[own])
        self._fewest = np.minimum(
            self._needed, [SHORT_SHARE * kind.enough if kind.least is not None else np.inf for kind in limits]
        )

    def too_short(self) -> set[int]:
        """Places of the texts that have too few features to be found."""
        import numpy as np

        return set(np.flatnonzero(np.isinf(self._needed)).tolist())

    def find(self, parts: Sequence[str], example_of: NDArray[np.int64]) -> Iterator[TextMatch]:
        """Known texts found.

        Args:
            parts: Normalised texts of the examples, those of one example after each other.
            example_of: The example that each belongs to, ascending, shape (parts,).
        """
        import numpy as np

        features = self._features(parts)
        places, entries = self._index.entries(features.hashes)
        texts, owners = self._index.owners[entries], features.owners[places]
        # Almost all hits are chance agreement: a few of a text in an example.
        groups = example_of[owners] * self._needed.size + texts
        many = np.flatnonzero(np.bincount(groups)[groups] >= self._fewest[texts])
        if many.size:
            hits = _Hits(places[many], entries[many], texts[many], owners[many])
            yield from self._held(hits, example_of)
            yield from self._taken(hits, example_of, features)

    def _held(self, hits: _Hits, example_of: NDArray[np.int64]) -> Iterator[TextMatch]:
        """Known texts of whose features an example holds enough, whichever its parts."""
        import numpy as np

        count = self._needed.size
        groups = example_of[hits.parts] * count + hits.texts
        distinct = counted(groups * self._index.owners.size + hits.entries)[0] // self._index.owners.size
        found, shared = counted(distinct)
        kept = shared >= self._needed[found % count]
        order = np.argsort(groups, kind="stable") if kept.any() else groups
        for group, number in zip(found[kept].tolist(), shared[kept].tolist(), strict=True):
            begin, end = np.searchsorted(groups, [group, group + 1], sorter=order)
            own = hits.at(order[begin:end])
            text = group % count
            if self._window is not None:
                number, own = _densest(own, int(self._window * self._lengths[text]))
            if number >= self._needed[text]:
                yield TextMatch(group // count, text, number / int(self._index.sizes[text]), own.essential_parts())

    def _taken(self, hits: _Hits, example_of: NDArray[np.int64], features: Features) -> Iterator[TextMatch]:
        """Parts of examples of whose features enough are in one known text."""
        import numpy as np

        count, all_ = self._needed.size, self._index.owners.size
        distinct = counted(hits.parts * all_ + hits.entries)[0]
        found, shared = counted(distinct // all_ * count + self._index.owners[distinct % all_])
        sizes = np.bincount(features.owners)[found // count]
        for kind, own in self._kinds.items():
            if kind.least is None:
                continue
            kept = own[found % count] & (shared >= kind.needed(sizes)) & (shared >= kind.least * self._index.sizes[found % count])
            for group, number, size in zip(found[kept].tolist(), shared[kept].tolist(), sizes[kept].tolist(), strict=True):
                part = group // count
                yield TextMatch(int(example_of[part]), group % count, number / size, (part,))


@dataclass(frozen=True, slots=True)
class _Hits:
    """Features of examples that known texts have: where each is, the entry of the index, the text, and the part."""

    places: NDArray[np.int64]
    entries: NDArray[np.int64]
    texts: NDArray[np.int64]
    parts: NDArray[np.int64]

    def at(self, chosen: NDArray[np.int64]) -> _Hits:
        return _Hits(self.places[chosen], self.entries[chosen], self.texts[chosen], self.parts[chosen])

    def essential_parts(self) -> tuple[int, ...]:
        """Parts with a fifth or more of the features that the part with most of them has."""
        parts, counts = counted(self.parts)
        return tuple(parts[counts * 5 >= counts.max()].tolist())


def _densest(hits: _Hits, length: int) -> tuple[int, _Hits]:
    """The stretch of `length` features with the most distinct hits: how many, and which. Stretches begin at each half."""
    import numpy as np

    half = max(1, length // 2)
    blocks = hits.places // half
    most = int(hits.entries.max()) + 1
    # Each block is in two stretches: its own, and that of the block before it.
    distinct = counted(np.concatenate([blocks, blocks - 1]) * most + np.tile(hits.entries, 2))[0]
    stretches, numbers = counted(distinct // most)
    best = int(numbers.argmax())
    within = (blocks == stretches[best]) | (blocks == stretches[best] + 1)
    return int(numbers[best]), hits.at(np.flatnonzero(within))
