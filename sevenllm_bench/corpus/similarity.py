"""What texts have in common: n-grams in their order, and pairs of neighbouring words in any order.

Both are sets of hashes of a text in its normal form. Every hash is a function of the text alone: no seed, no process and no
machine changes it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    #: Sorted distinct 32-bit hashes of a text's shingles.
    Shingles = NDArray[np.uint32]

#: Bytes of UTF-8 in a shingle: twelve English letters (about two words) or four Chinese characters (about two words), so
#: that both languages are compared with the same grain. Windows begin at characters. A fixed number of *characters* is
#: either too coarse for Chinese or, at five, so fine that unrelated English texts share a third of a short one.
SHINGLE_BYTES = 12

#: Words apart that two words of a pair may be. Where neighbouring words are swapped, or windows of up to five are shuffled,
#: two thirds of a text's pairs or more stay; at two apart it is half.
PAIR_DISTANCE = 4

#: Digits and letters written for one another ("l33t"), as one byte.
_SAME = bytes.maketrans(b"013457i", b"oleastl")
_BASE = 0x100000001B3


@dataclass(frozen=True, slots=True)
class Features:
    """Hashes of some texts, one text after the other, each from its beginning to its end.

    Attributes:
        hashes: Shape (n,).
        owners: For each the place of its text, shape (n,).
    """

    hashes: NDArray[np.uint32]
    owners: NDArray[np.int64]


def shingle_features(texts: Sequence[str]) -> Features:
    """Shingles of normalised texts, whose blanks don't count; none of a text shorter than one."""
    content, owners = _bytes(texts)
    letters = content != 0x20
    content, owners = content[letters], owners[letters]
    count = max(content.size - SHINGLE_BYTES + 1, 0)
    begins = ((content[:count] & 0xC0) != 0x80) & (owners[:count] == owners[SHINGLE_BYTES - 1 :])
    return Features(mixed(_windows(content, count)[begins]), owners[:count][begins])


def pair_features(texts: Sequence[str]) -> Features:
    """Pairs of words up to `PAIR_DISTANCE` apart in normalised texts, in either order; Chinese characters count as words."""
    import numpy as np

    words, owners = _words(texts)
    padded = np.concatenate([words, np.zeros(PAIR_DISTANCE, dtype=np.uint32)])
    whose = np.concatenate([owners, np.full(PAIR_DISTANCE, -1)])
    others = np.arange(words.size)[:, None] + np.arange(1, PAIR_DISTANCE + 1)
    same = whose[others] == owners[:, None]
    # A sum is the same in either order; the words' hashes are mixed already.
    return Features((words[:, None] + padded[others])[same], np.repeat(owners, same.sum(axis=1)))


def _bytes(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """UTF-8 of all texts, a blank after each, and the place of the text that each byte belongs to."""
    import numpy as np

    encoded = [text.encode("utf-8", "surrogatepass").translate(_SAME) + b" " for text in texts]
    content = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return content, np.repeat(np.arange(len(encoded)), [len(part) for part in encoded])


def _windows(content: NDArray[np.uint8], count: int) -> NDArray[np.uint64]:
    """Polynomial hashes of the first `count` windows of `SHINGLE_BYTES` bytes: those of 4, then 8, then 12 bytes."""
    import numpy as np

    single = content.astype(np.uint64)
    double = single[:-1] * np.uint64(_BASE) + single[1:]
    four = double[:-2] * np.uint64(pow(_BASE, 2, 1 << 64)) + double[2:]
    shift = np.uint64(pow(_BASE, 4, 1 << 64))
    return (four[:count] * shift + four[4 : count + 4]) * shift + four[8 : count + 8]


def _words(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """A hash for each word: a run of ASCII letters and digits, or any other character; and the text of each."""
    import numpy as np

    content, owners = _bytes(texts)
    plain = (content < 0x80) & (content != 0x20)
    begins = content >= 0xC0
    begins[0:1] |= plain[0:1]
    begins[1:] |= plain[1:] & ~plain[:-1]
    starts = np.flatnonzero(begins)
    if not starts.size:
        return np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.int64)
    within = np.arange(content.size) - np.repeat(starts, np.diff(starts, append=content.size))[: content.size]
    values = np.where(content == 0x20, 0, content).astype(np.uint64) * _powers()[within & 63]
    return mixed(np.add.reduceat(values, starts)), owners[starts]


@functools.cache
def _powers() -> NDArray[np.uint64]:
    import numpy as np

    return np.array([pow(_BASE, place, 1 << 64) for place in range(64)], dtype=np.uint64)


def shingles(text: str) -> Shingles:
    """Hashes of the shingles of a normalised text, sorted and distinct; one for a text shorter than a shingle, none for none."""
    import numpy as np

    if not text.replace(" ", ""):
        return np.empty(0, dtype=np.uint32)
    short = max(0, SHINGLE_BYTES - len(text.replace(" ", "").encode("utf-8", "surrogatepass")))
    return counted(shingle_features([text + "\0" * short]).hashes)[0]


def overlap(one: Shingles, other: Shingles) -> int:
    """Number of shingles that two sets have in common."""
    import numpy as np

    small, large = sorted((one, other), key=len)
    places = np.searchsorted(large, small)
    return int(np.count_nonzero(large[np.minimum(places, large.size - 1)] == small)) if small.size else 0


def counted(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Distinct values in ascending order, and how often each comes; several times as fast as `np.unique`, which hashes them."""
    import numpy as np

    values = np.sort(values)
    begins = np.flatnonzero(np.concatenate([np.ones(min(values.size, 1), dtype=bool), values[1:] != values[:-1]]))
    return values[begins], np.diff(begins, append=values.size)


def mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The upper half of MurmurHash3's finalizer over 64 bits: neighbouring values land far apart."""
    import numpy as np

    for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        hashes ^= hashes >> np.uint64(33)
        hashes *= np.uint64(multiplier)
    return (hashes >> np.uint64(32)).astype(np.uint32)
