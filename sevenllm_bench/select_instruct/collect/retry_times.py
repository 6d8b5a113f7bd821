"""How long to wait before a request is sent again."""

from __future__ import annotations

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

#: Most requests for one page.
ATTEMPTS = 3
#: Statuses after which it is tried again.
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Longest wait, in seconds, that a server may ask for.
LONGEST_WAIT = 300.0
_FIRST_WAIT = 2.0


def retry_after(header: str, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks for, as a number or as a date; None for none, or one that can't be read."""
    header = header.strip()
    if header.isascii() and header.isdecimal():
        return float(header[:12])
    try:
        date = parsedate_to_datetime(header)
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def own_wait(attempt: int) -> float:
    """Seconds to wait after the n-th failure (from 0), where the server says nothing."""
    return _FIRST_WAIT * 2.0**attempt
