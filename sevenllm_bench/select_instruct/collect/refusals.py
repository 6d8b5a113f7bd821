"""Why something is not fetched, or not read."""

from __future__ import annotations


class RefusedError(Exception):
    """It is against the rules or over a limit: asking again would give the same."""

    def __init__(self, reason: str) -> None:
        """Say why, in words for the log."""
        super().__init__(reason)
        self.reason = reason


class HostRefusedError(RefusedError):
    """Nothing at all is asked of this host."""


class FailedError(Exception):
    """It didn't work this time."""

    def __init__(self, reason: str, again: bool = True) -> None:
        """Say why, and whether it may be tried `again` in this run."""
        super().__init__(reason)
        self.reason, self.again = reason, again


class OutOfTimeError(Exception):
    """The time of the whole fetching is over; what is left stays for the next run."""

    reason = "the time of the whole fetching (collect.max_seconds) is over"
