"""Types of the values of a configuration, and what all of its sections have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _share_or_steps(value: float) -> float:
    if value > 1 and value != int(value):
        raise ValueError(f"a share below 1, or a whole number of steps, not {value}")
    return value


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Each value once; there must be one."""
    if not values:
        raise ValueError("must name one at least")
    return tuple(dict.fromkeys(values))


#: Strict, so that true is no number and "3" no count. Bounded where PyTorch would overflow.
Flag = Annotated[bool, Field(strict=True)]
Positive = Annotated[int, Field(strict=True, gt=0, lt=2**31)]
Number = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
#: Bounded, so that sums and ratios of weights are numbers.
Weight = Annotated[float, Field(strict=True, ge=0, le=1e12, allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Temperature = Annotated[float, Field(strict=True, gt=0)]
Share = Annotated[float, Field(strict=True, ge=0, lt=1)]
ShareOrSteps = Annotated[float, Field(strict=True, ge=0, lt=2**31, allow_inf_nan=False), AfterValidator(_share_or_steps)]
Text = Annotated[str, AfterValidator(_not_blank)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, and values don't change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
