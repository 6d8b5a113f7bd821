"""Resampling: rows with replacement (bootstrap), and signs of differences (permutation). Deterministic by seed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Most numbers held in memory at once while drawing.
_CHUNK = 4_000_000
#: With up to this many differing rows, all 2^n sign patterns are looked at instead of drawn ones.
EXACT_UP_TO = 13


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for each thing computed, so that no figure depends on what else is in a table."""
    import numpy as np

    return np.random.default_rng([seed, *(zlib.crc32(name.encode("utf-8", "replace")) for name in names)])


def content_of(strata: Sequence[NDArray[Any]]) -> list[str]:
    """Names for `generator` by values alone: the same rows give the same figures under any label, in any table.

    Args:
        strata: Arrays of values, or of differences, whose signs don't matter: a comparison turned around mirrors itself.
    """
    import numpy as np

    # To nine places, so that the last bit, which another machine may compute otherwise, doesn't matter; + 0.0 turns -0.0 to 0.0.
    return [sha256((np.abs(np.round(values, 9)) + 0.0).tobytes()).hexdigest() for values in strata]


def bootstrap_means(strata: Sequence[NDArray[Any]], rng: np.random.Generator, resamples: int) -> NDArray[Any]:
    """Means of resampled rows, each stratum resampled by itself.

    A resampled mean varies by (n - 1) / n too little; its distance from the mean is widened by the root of n / (n - 1).

    Args:
        strata: Arrays of n values each, n > 1.
        rng: Source of chance.
        resamples: How many means.

    Returns:
        `resamples` means, unsorted.
    """
    import numpy as np

    total = np.zeros(resamples)
    for values in strata:
        n = len(values)
        step = max(1, _CHUNK // n)
        parts = [
            values[rng.integers(0, n, (min(step, resamples - start), n), dtype=np.int32)].mean(axis=1)
            for start in range(0, resamples, step)
        ]
        mean = values.mean()
        total += mean + (np.concatenate(parts) - mean) * np.sqrt(n / (n - 1))
    return total / len(strata)


def sign_flip_p(strata: Sequence[NDArray[Any]], rng: np.random.Generator, resamples: int) -> float:
    """Two-sided p-value of a paired permutation test: how often do random signs give a mean as far from 0?

    If two models are equal, each row's difference could as well have the other sign. With few differing rows all sign
    patterns are counted, and p is exact; otherwise the observed pattern counts as one of those drawn, so p is never 0.

    Args:
        strata: Arrays of paired differences.
        rng: Source of chance.
        resamples: How many sign patterns to draw.
    """
    import numpy as np

    shares = np.concatenate([values / len(values) for values in strata])
    shares = shares[shares != 0]
    if not len(shares):
        return 1.0
    observed = abs(shares.sum()) * (1 - 1e-9)  # sums in another order are equal too
    if len(shares) <= EXACT_UP_TO:
        patterns = (np.arange(2 ** len(shares))[:, None] >> np.arange(len(shares))) & 1
        return float((np.abs((2 * patterns - 1) @ shares) >= observed).mean())
    step = max(1, _CHUNK // len(shares))
    as_far = 0
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        bytes_drawn = rng.integers(0, 256, (rows, -(-len(shares) // 8)), dtype=np.uint8)
        bits = np.unpackbits(bytes_drawn, axis=1, count=len(shares))
        as_far += int((np.abs(2.0 * (bits @ shares) - shares.sum()) >= observed).sum())
    return (as_far + 1) / (resamples + 1)
