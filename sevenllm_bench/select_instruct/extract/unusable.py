"""Why a file gives no text."""

from __future__ import annotations


class UnusableFileError(Exception):
    """A file or a text that is left out; the message says why, as the rest of a sentence about it.

    Attributes:
        check: What found it out: "extract", "language" or "too-short".
    """

    def __init__(self, reason: str, check: str = "extract") -> None:
        """Leave out for `reason`."""
        super().__init__(reason)
        self.check = check
