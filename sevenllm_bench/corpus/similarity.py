"""How much two texts have in common, whatever their case, punctuation and spaces.

A text is normalised, cut into shingles (all windows of some characters) and compared as a set of their hashes. Every hash
is a function of the text alone: no seed, no process and no machine changes it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from sevenllm_bench.data.rows import Row
from sevenllm_bench.text.unicode import nfkc

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    #: Sorted distinct 32-bit hashes of a text's shingles.
    Shingles = NDArray[np.uint32]

#: Bytes of UTF-8 in a shingle: twelve English letters (about two words) or four Chinese characters (about two words), so
#: that both languages are compared with the same grain. Windows begin at characters. A fixed number of *characters* is
#: either too coarse for Chinese or, at five, so fine that unrelated English texts share a third of a short one.
SHINGLE_BYTES = 12

#: A text with fewer shingles is too short for its overlap with others to say anything; it is compared whole.
MIN_SHINGLES = 20

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_MASK = (1 << 64) - 1


def normalised(text: str) -> str:
    """Letters and digits of `text` in NFKC and folded case; texts that differ in nothing else become equal."""
    # Twice, since folding and dropping can leave characters that compose.
    return _nfkc(_NOT_ALPHANUMERIC.sub("", _nfkc(_nfkc(text).casefold())))


def _nfkc(text: str) -> str:
    """As `nfkc`, which goes through a text mark by mark; most texts have no marks, and the corpus is large."""
    return nfkc(text) if any(map(unicodedata.combining, set(text))) else unicodedata.normalize("NFKC", text)


def normalised_question(row: Row) -> str:
    """What a row asks, normalised: its instruction, or its question and options."""
    if isinstance(row.instruction, str):
        return normalised(row.instruction)
    return "\n".join(normalised(str(part)) for part in (row.instruction.get("question", ""), *row.choices.values()))


def shingles(text: str) -> Shingles:
    """Hashes of the shingles of a normalised text, sorted and distinct; one for a text shorter than a shingle, none for none."""
    import numpy as np

    content = np.frombuffer(text.encode("utf-8", "surrogatepass").ljust(SHINGLE_BYTES if text else 0, b"\0"), dtype=np.uint8)
    if not content.size:
        return np.empty(0, dtype=np.uint32)
    count = content.size - SHINGLE_BYTES + 1
    begins = (content[:count] & 0xC0) != 0x80
    hashes = np.zeros(count, dtype=np.uint64)
    for offset in range(SHINGLE_BYTES):
        hashes *= np.uint64(0x100000001B3)
        hashes += content[offset : offset + count]
    return np.unique(mixed(hashes[begins]))


def overlap(one: Shingles, other: Shingles) -> int:
    """Number of shingles that two sets have in common."""
    import numpy as np

    small, large = sorted((one, other), key=len)
    places = np.searchsorted(large, small)
    return int(np.count_nonzero(large[np.minimum(places, large.size - 1)] == small)) if small.size else 0


def mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The upper half of MurmurHash3's finalizer over 64 bits: neighbouring values land far apart."""
    import numpy as np

    for multiplier in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        hashes ^= hashes >> np.uint64(33)
        hashes *= np.uint64(multiplier)
    return (hashes >> np.uint64(32)).astype(np.uint32)
