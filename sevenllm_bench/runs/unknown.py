"""The value of what a run's files don't say, which is not None: a `limit` of None is a run without limit."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value

    def __bool__(self) -> bool:
        return False


#: What a run's files don't say.
UNKNOWN: Final = Unknown.UNKNOWN
