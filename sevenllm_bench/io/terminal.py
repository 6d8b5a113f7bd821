"""Standard output whose reader may stop reading."""

from __future__ import annotations

import os
import sys


def say(line: str) -> None:
    """Print a line at once. If the reader has closed the output, work continues without it: training must not stop."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()


def drop_output() -> None:
    """Send what is still to be printed to nowhere: Python would fail again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
