"""A family of tests: Holm's correction, enough random draws for it, and whether any finding is possible at all.

With m tests, Holm's correction multiplies the least p-value by m, and a p-value from B drawn sign patterns is at least
1 / (B + 1). So 362 tests of 2,000 draws each can't have a finding, whatever the rows say. Where a family needs more draws than
were asked for, the tests with a small p-value are drawn again, more often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sevenllm_bench.stats.paired import ALPHA, Paired, holm, least_p
from sevenllm_bench.stats.resampling import EXACT_UP_TO, Draws, sign_flip_ps

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers of draws for families that need more than were asked for: few steps, so that a run more in a table seldom moves a
#: p-value. The last is the most: enough for 10,000 tests to have a finding, and for 2,000 to be decided well.
STEPS = (10_000, 50_000, 200_000)
#: So many patterns as far from 0 as the observed one can be expected where p is just small enough for a finding. With fewer,
#: the seed decides.
_EXPECTED = 5
#: Fewer patterns as far as the observed one than this make a first p-value small.
_SMALL = 10


@dataclass(frozen=True, slots=True)
class Family:
    """Tests that are corrected together.

    Attributes:
        size: Number of tests; those that couldn't reach `ALPHA` whatever the rows say don't count.
        resamples: Draws behind the p-values that decide; 0 where all tests are exact.
        least: The least corrected p-value that any of the tests can have; None for an empty family.
    """

    size: int
    resamples: int
    least: float | None

    @property
    def is_decidable(self) -> bool:
        """Whether a finding is possible; True for an empty family, of which nothing is asked."""
        return self.least is None or self.least <= ALPHA


def decide(
    tests: Sequence[Paired], differences: Sequence[Sequence[NDArray[Any]]], seed: int, resamples: int
) -> tuple[list[Paired], list[float | None], Family]:
    """Correct the p-values of a family, after drawing again where the family needs more draws than there were.

    Tests with a small first p-value get a second one from `enough_resamples` new draws, which replaces the first. This is
    valid: "small" is a fixed limit h. Below h, the final p-value is at most a only where the second one is, which has a
    chance of at most a for equal models; from h on, only where the first one is.

    Args:
        tests: The tests, of `resamples` draws each where they aren't exact.
        differences: The differences behind each, by stratum.
        seed: Seed of the new draws.
        resamples: Draws behind the p-values given.

    Returns:
        The tests with their final p-values, the corrected p-values (None where there is no test), and the family.
    """
    size = sum(test.p is not None for test in tests)
    drawn = [place for place, test in enumerate(tests) if _is_drawn(test)]
    enough = enough_resamples(size, resamples)
    final = list(tests)
    if drawn and enough > resamples:
        small = [place for place in drawn if (tests[place].p or 0.0) <= _SMALL / (resamples + 1)]
        again = sign_flip_ps([differences[place] for place in small], Draws(seed, enough, "again"))
        for place, p in zip(small, again, strict=True):
            final[place] = replace(tests[place], p=p)
    floors = [_floor(test, enough) for test in tests if test.p is not None]
    family = Family(size, enough if drawn else 0, min(1.0, size * min(floors)) if floors else None)
    return final, holm([test.p for test in final]), family


def enough_resamples(size: int, resamples: int) -> int:
    """Draws for a family: those asked for, or else the first of `STEPS` with `_EXPECTED` at Holm's first limit, `ALPHA` / size.

    Args:
        size: Number of tests.
        resamples: Draws asked for.
    """
    needed = _EXPECTED * size / ALPHA
    if resamples >= needed:
        return resamples
    return max(resamples, next((step for step in STEPS if step >= needed), STEPS[-1]))


def _is_drawn(test: Paired) -> bool:
    return test.test == "permutation" and test.wins + test.losses > EXACT_UP_TO


def _floor(test: Paired, resamples: int) -> float:
    """The least p-value that a test can have."""
    least = least_p(test.wins + test.losses)
    return max(least, 1 / (resamples + 1)) if _is_drawn(test) else least
