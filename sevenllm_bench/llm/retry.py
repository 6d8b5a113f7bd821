"""When a call that failed is tried again."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sevenllm_bench.llm.settings import ConnectionSettings

#: Most seconds to wait because a server asks for it.
MOST_RETRY_AFTER = 120.0


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float:
    """Seconds that a reply's headers ask to wait: `retry-after-ms`, or `Retry-After` in seconds or as an HTTP date.

    Args:
        headers: The headers, in lower case or in a mapping that doesn't care.
        now: Seconds since 1970, for dates; default: the clock's.

    Returns:
        From 0 (no such header, or none that can be read) to 120.
    """
    milliseconds, given = _number(headers.get("retry-after-ms")), headers.get("retry-after")
    seconds = milliseconds / 1000 if milliseconds is not None else _number(given)
    if seconds is None:
        try:
            seconds = parsedate_to_datetime(given or "").timestamp() - (time.time() if now is None else now)
        except (ValueError, OverflowError):
            return 0.0
    return min(max(seconds, 0.0), MOST_RETRY_AFTER)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def backoff(failures: int, settings: ConnectionSettings) -> float:
    """Seconds before the next try after `failures` of them: doubled each time, less up to a half at random."""
    longest = min(settings.max_backoff_s, settings.backoff_s * 2.0 ** min(failures - 1, 30))
    return longest * random.uniform(0.5, 1)  # noqa: S311  (spreads the load, hides nothing)


class Gate:
    """Holds all workers back while the server asks for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start open; `clock` gives seconds."""
        self._clock = clock
        self._opens = -math.inf

    def close(self, seconds: float) -> None:
        """Stay closed for `seconds` from now, or longer where that was asked before."""
        self._opens = max(self._opens, self._clock() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds until it opens, 0 when it is open."""
        return max(0.0, self._opens - self._clock())
