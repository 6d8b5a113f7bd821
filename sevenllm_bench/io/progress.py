"""How far a long command is: lines on standard error of a terminal, two seconds after its start, gone when it ends.

A library prints nothing unasked: steps show themselves only inside `steps_shown`, which the command line enters.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

#: Seconds after a command's start at which its steps become visible.
AFTER = 2.0
_REFRESHES_PER_SECOND = 5

_Item = TypeVar("_Item")


@contextmanager
def steps_shown(after: float = AFTER) -> Iterator[None]:
    """Show the steps that run inside, from `after` seconds on; nothing where standard error is no terminal that can."""
    global _screen
    outer = _screen
    if outer is not None or not _is_terminal():
        yield
        return
    _screen = _Screen(after)
    try:
        yield
    finally:
        _screen.close()
        _screen = None


@contextmanager
def step(words: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """A step of a command; gives a function to call whenever one of `total` things is done.

    Args:
        words: What is being done: "comparing the runs".
        total: Number of things; None where that isn't known, so that only the time is shown.
    """
    screen, own = _screen, _Step(words, total)
    if screen is None:
        yield lambda: None
        return
    screen.begin(own)
    try:
        yield lambda: screen.advance(own)
    finally:
        screen.end(own)


def tracked(items: Iterable[_Item], words: str, total: int | None = None) -> Iterator[_Item]:
    """The items, each counted as done when the next one is asked for.

    Args:
        items: What is worked on.
        words: What is being done: "reading runs".
        total: Number of items, where `items` has no length.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with step(words, total) as advance:
        for item in items:
            yield item
            advance()


@contextmanager
def aside() -> Iterator[None]:
    """No line is on the terminal inside, so that something else can be printed while steps run."""
    if _screen is None:
        yield
    else:
        with _screen.hidden():
            yield


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


@dataclass(eq=False, slots=True)
class _Step:
    """A step that runs: how much of it is done, and its number among rich's tasks once it is visible."""

    words: str
    total: int | None
    done: int = 0
    task: Any = None
    begun: float = field(default_factory=time.monotonic)

    @property
    def line(self) -> str:
        if self.total is not None:
            return f"{self.words}: {self.done:,} of {self.total:,}"
        return f"{self.words}: {self.done:,}" if self.done else self.words


class _Screen:
    """The lines of the steps that run; rich draws them, and is imported only when there is something to draw."""

    def __init__(self, after: float) -> None:
        self._lock = threading.RLock()
        self._steps: list[_Step] = []
        self._bars: Any = None
        self._timer = threading.Timer(after, self._appear)
        self._timer.daemon = True
        self._timer.start()

    def begin(self, new: _Step) -> None:
        with self._lock:
            self._steps.append(new)
            if self._bars:
                self._draw(new)

    def advance(self, own: _Step) -> None:
        with self._lock:
            own.done += 1
            if own.task is not None:
                self._bars.update(own.task, description=own.line, completed=own.done)

    def end(self, own: _Step) -> None:
        with self._lock:
            self._steps.remove(own)
            if own.task is not None:
                self._bars.remove_task(own.task)
                if not self._steps:  # the line is cleared, for what is printed next
                    self._bars.stop()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        with self._lock:
            if self._bars:
                self._bars.stop()
            yield
            if self._bars and self._steps:
                self._bars.start()

    def close(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._steps = []
            if self._bars:
                self._bars.stop()

    def _appear(self) -> None:
        bars = _bars()
        with self._lock:
            self._bars = bars
            for found in self._steps:
                self._draw(found)

    def _draw(self, found: _Step) -> None:
        found.task = self._bars.add_task(found.line, total=found.total, completed=found.done)
        self._bars.tasks[-1].start_time = found.begun
        self._bars.start()


def _bars() -> Any:
    """Bars of rich that leave no line, and leave both streams to whoever prints."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", style="none", markup=False),
        BarColumn(20),
        TimeElapsedColumn(),
        get_time=time.monotonic,
        console=Console(stderr=True),
        refresh_per_second=_REFRESHES_PER_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )


_screen: _Screen | None = None


def _forget() -> None:
    """A process that was forked has the screen's memory but not its thread; only the first one draws."""
    global _screen
    _screen = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
