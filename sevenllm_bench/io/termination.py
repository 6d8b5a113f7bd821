"""SIGTERM ends a program as Ctrl-C does, so that nothing half-written stays, also where a library loses the exception."""

from __future__ import annotations

import signal
import threading
from typing import Any

_CODE = 128 + signal.SIGTERM
_received = threading.Event()


def end_in_order() -> None:
    """Let SIGTERM raise SystemExit, unless it is handled or ignored already; safe to call twice."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _end)


def _end(*_: Any) -> None:
    _received.set()
    raise SystemExit(_CODE)


def raise_if_terminated() -> None:
    """Raise SystemExit again, for long work: a bare `except` may have swallowed it (dill's do, while it hashes functions)."""
    if _received.is_set():
        raise SystemExit(_CODE)
