"""Which pass over the training rows is next: what is random in a pass is derived from it, so that a run can be gone on with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class PassNumber:
    """The pass that is next, from 0; the run's callback sets it before each pass, also of a run that goes on."""

    number: int = 0
