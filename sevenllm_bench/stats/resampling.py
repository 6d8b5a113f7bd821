"""Resampling: rows with replacement (bootstrap), and signs of differences (permutation). Deterministic by seed."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    _Draw = Callable[[np.random.Generator, int, int], NDArray[Any]]

#: Most numbers drawn at once.
_CHUNK = 4_000_000
#: Most bytes that `Draws` keeps for the next figure over as many rows.
_KEPT = 64_000_000
#: Up to so many numbers are kept as floats, as a product with values needs them: half the time of a figure.
_KEPT_AS_FLOATS = 1_000_000
#: With up to this many differing rows, all 2^n sign patterns are looked at instead of drawn ones.
EXACT_UP_TO = 13


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for each thing computed, so that no figure depends on what else is in a table."""
    import numpy as np

    return np.random.default_rng([seed, *(zlib.crc32(name.encode("utf-8", "replace")) for name in names)])


class Draws:
    """Random draws by the number of rows alone: all figures over as many rows share them.

    So the same rows give the same figures under any label and in any table, a comparison turned around is its mirror, and a
    report of hundreds of figures draws once for each number of rows. Each figure by itself is as random as with draws of its
    own; only the errors of several figures hang together.

    Attributes:
        resamples: Number of draws.
    """

    def __init__(self, seed: int, resamples: int, *names: str) -> None:
        """Name the draws.

        Args:
            seed: Seed of all of them.
            resamples: Number of draws.
            names: What else makes them other draws.
        """
        self.resamples = resamples
        self._seed, self._names = seed, names
        self._kept: dict[tuple[str, ...], NDArray[Any]] = {}

    def counts(self, rows: int, place: int = 0) -> Iterator[NDArray[Any]]:
        """How often each row is drawn (with replacement, as many as there are): draws x rows, in blocks.

        Args:
            rows: Number of rows.
            place: Strata with as many rows as another of the same figure count up from 0, since they are drawn independently.
        """
        return self._blocks(_draw_counts, rows, "rows", str(rows), str(place))

    def signs(self, rows: int) -> Iterator[NDArray[Any]]:
        """Sign patterns: draws x rows, 0 or 1 with equal chance, in blocks."""
        return self._blocks(_draw_signs, rows, "signs", str(rows))

    def _blocks(self, draw: _Draw, rows: int, *name: str) -> Iterator[NDArray[Any]]:
        step = max(1, _CHUNK // rows)
        if step < self.resamples:  # drawn again for every figure: too many to keep
            rng = generator(self._seed, *self._names, *name)
            yield from (draw(rng, min(step, self.resamples - start), rows) for start in range(0, self.resamples, step))
            return
        if name not in self._kept:
            drawn = draw(generator(self._seed, *self._names, *name), self.resamples, rows)
            drawn = drawn.astype(float) if drawn.size <= _KEPT_AS_FLOATS else drawn
            if sum(block.nbytes for block in self._kept.values()) + drawn.nbytes > _KEPT:
                self._kept.clear()
            self._kept[name] = drawn
        yield self._kept[name]


def _draw_counts(rng: np.random.Generator, draws: int, rows: int) -> NDArray[Any]:
    import numpy as np

    drawn = rng.integers(0, rows, (draws, rows), dtype=np.int32)
    drawn += np.arange(0, draws * rows, rows, dtype=np.int32)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * rows).astype(np.uint8).reshape(draws, rows)


def _draw_signs(rng: np.random.Generator, draws: int, rows: int) -> NDArray[Any]:
    import numpy as np

    drawn = rng.integers(0, 256, (draws, -(-rows // 8)), dtype=np.uint8)
    return np.unpackbits(drawn, axis=1, count=rows)


def bootstrap_means(strata: Sequence[NDArray[Any]], draws: Draws) -> NDArray[Any]:
    """Means of resampled rows, each stratum resampled by itself.

    A resampled mean varies by (n - 1) / n too little; its distance from the mean is widened by the root of n / (n - 1).

    Args:
        strata: Arrays of n values each, n > 1.
        draws: Source of chance.

    Returns:
        A mean per draw, unsorted.
    """
    import numpy as np

    total = np.zeros(draws.resamples)
    alike: Counter[int] = Counter()
    for values in strata:
        n, mean = len(values), values.mean()
        # Distances from the mean are small numbers, so that nothing is lost to rounding.
        moved = np.concatenate([block @ (values - mean) for block in draws.counts(n, alike[n])]) / n
        total += mean + moved * np.sqrt(n / (n - 1))
        alike[n] += 1
    return total / len(strata)


def sign_flip_p(strata: Sequence[NDArray[Any]], draws: Draws) -> float:
    """Two-sided p-value of a paired permutation test: how often do random signs give a mean as far from 0?

    If two models are equal, each row's difference could as well have the other sign. With few differing rows all sign
    patterns are counted, and p is exact; otherwise the observed pattern counts as one of those drawn, so p is never 0.

    Args:
        strata: Arrays of paired differences.
        draws: Source of chance.
    """
    return sign_flip_ps([strata], draws)[0]


def sign_flip_ps(tests: Sequence[Sequence[NDArray[Any]]], draws: Draws) -> list[float]:
    """The p-values of several such tests; those over as many rows share each pattern.

    Args:
        tests: The strata of each.
        draws: Source of chance.
    """
    import numpy as np

    shares = [np.concatenate([values / len(values) for values in strata]) for strata in tests]
    found = [_exact_p(values[values != 0]) for values in shares]
    by_rows: dict[int, list[int]] = {}
    for place, values in enumerate(shares):
        if found[place] is None:
            by_rows.setdefault(len(values), []).append(place)
    for rows, places in by_rows.items():
        p_values = _drawn_p(np.stack([shares[place] for place in places], axis=1), draws.signs(rows))
        for place, p in zip(places, p_values, strict=True):
            found[place] = p
    return [float(p) for p in found if p is not None]


def _exact_p(differing: NDArray[Any]) -> float | None:
    """From all patterns; None where there are too many of them."""
    import numpy as np

    if len(differing) > EXACT_UP_TO:
        return None
    patterns = (np.arange(2 ** len(differing))[:, None] >> np.arange(len(differing))) & 1
    return float((np.abs((2 * patterns - 1) @ differing) >= _observed(differing)).mean())


def _drawn_p(shares: NDArray[Any], signs: Iterable[NDArray[Any]]) -> list[float]:
    """From drawn patterns, a p-value for each column."""
    import numpy as np

    total, observed = shares.sum(axis=0), _observed(shares)
    as_far, drawn = np.zeros(shares.shape[1], dtype=np.int64), 0
    for block in signs:
        as_far += (np.abs(2.0 * (block @ shares) - total) >= observed).sum(axis=0)
        drawn += len(block)
    return [(int(count) + 1) / (drawn + 1) for count in as_far]


def _observed(shares: NDArray[Any]) -> Any:
    """How far the observed sums are from 0, a little less: sums in another order are equal too."""
    return abs(shares.sum(axis=0)) * (1 - 1e-9)
