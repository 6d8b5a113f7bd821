"""Choices that are the same on every machine and Python version: a stream of numbers from a name."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


class Chance:
    """A stream of choices; the same name gives the same stream.

    Python promises the same sequence for `random()` of one seed in every version, and for no other method.
    """

    def __init__(self, name: str) -> None:
        """Start the stream.

        Args:
            name: What it is for, e.g. "1:0:901".
        """
        self._random = random.Random(name)  # noqa: S311  (noise, no secret)

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        return min(int(self._random.random() * n), n - 1)

    def pick(self, values: Sequence[_T]) -> _T:
        """One of the values, which must not be empty."""
        return values[self.below(len(values))]

    def happens(self, share: float) -> bool:
        """True in `share` of the cases, from 0 to 1."""
        return self._random.random() < share

    def some(self, values: Sequence[_T], share: float) -> list[_T]:
        """About `share` of the values, in their order, and at least one of any."""
        chosen = [value for value in values if self.happens(share)]
        return chosen or ([self.pick(values)] if values else [])
