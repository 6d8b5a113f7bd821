"""Types of the values of a fine-tuning configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field


def _share_or_steps(value: float) -> float:
    if value > 1 and value != int(value):
        raise ValueError(f"a share below 1, or a whole number of steps, not {value}")
    return value


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Each value once; there must be one."""
    if not values:
        raise ValueError("must name one at least")
    return tuple(dict.fromkeys(values))


#: Bounded, so that sums and ratios of weights are numbers.
Weight = Annotated[float, Field(strict=True, ge=0, le=1e12, allow_inf_nan=False)]
Temperature = Annotated[float, Field(strict=True, gt=0)]
Share = Annotated[float, Field(strict=True, ge=0, lt=1)]
ShareOrSteps = Annotated[float, Field(strict=True, ge=0, lt=2**31, allow_inf_nan=False), AfterValidator(_share_or_steps)]
