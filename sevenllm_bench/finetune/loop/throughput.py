"""How fast a run goes, how long it will take, and the memory it needs, measured on the way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Throughput:
    """Measures the steps of this process. Evaluations and checkpoints are measured apart."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock.

        Args:
            clock: Gives seconds.
        """
        self._clock = clock
        self._start = clock()
        self._paused = 0.0
        self._breaks: dict[str, list[float]] = {}
        self._begun = (0, 0)
        self._first: tuple[int, int, float] | None = None
        self._last = (0, 0.0)

    def begin(self, step: int, tokens: int) -> None:
        """The first step of this process is about to begin.

        Args:
            step: Steps that were made before, by an earlier process.
            tokens: Tokens that were.
        """
        self._start, self._paused, self._breaks = self._clock(), 0.0, {}
        self._begun = (step, tokens)
        self._first, self._last = None, (tokens, 0.0)

    @contextmanager
    def pause(self, what: str) -> Iterator[None]:
        """Time that is not the steps': within another pause it counts as that one's.

        Args:
            what: "evaluation" or "checkpoint".
        """
        start, paused = self._clock(), self._paused
        yield
        seconds = self._clock() - start
        self._paused = paused + seconds
        self._breaks.setdefault(what, []).append(seconds)

    @property
    def seconds(self) -> float:
        """Seconds that this process's steps took until now."""
        return self._clock() - self._start - self._paused

    def step_done(self, step: int, tokens: int) -> None:
        """A step is over; the first one is left out of the estimates, since much is set up in it."""
        if self._first is None:
            self._first = (step, tokens, self.seconds)

    def since_last(self, tokens: int) -> float:
        """Tokens per second since this was last asked."""
        now, (before, then) = self.seconds, self._last
        self._last = (tokens, now)
        return (tokens - before) / max(now - then, 1e-9)

    def overall(self, tokens: int) -> float | None:
        """Tokens per second of this process's steps after its first one; None where there is no other."""
        if self._first is None or tokens == self._first[1]:
            return None
        return (tokens - self._first[1]) / max(self._seconds_to_last_step() - self._first[2], 1e-9)

    def _seconds_to_last_step(self) -> float:
        return self._last[1]

    def left(self, step: int, steps: int, evaluations: int, checkpoints: int) -> float:
        """Seconds until the end, by what the steps, evaluations and checkpoints took until now.

        Args:
            step: Steps that are made.
            steps: Steps of the whole run.
            evaluations: Evaluations that are to come.
            checkpoints: Checkpoints that are.
        """
        to_come = {"evaluation": evaluations, "checkpoint": checkpoints}
        breaks = sum(count * self._mean_break(what) for what, count in to_come.items())
        return (steps - step) * self._seconds_per_step(step) + breaks

    def _seconds_per_step(self, step: int) -> float:
        first = self._first
        if first is not None and step > first[0]:
            return (self.seconds - first[2]) / (step - first[0])
        return self.seconds / max(1, step - self._begun[0])

    def _mean_break(self, what: str) -> float:
        times = self._breaks.get(what, [])
        return sum(times) / len(times) if times else 0.0


def peak_memory(device: str) -> int:
    """Bytes that this process needed at most; 0 where that is not known.

    Args:
        device: "cuda": on its GPU, as PyTorch counts them; else of the machine's memory.
    """
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def to_come(step: int, steps: int, every: float) -> int:
    """How often something is due after `step`, that happens every so many steps (0: never) and after the last one."""
    if not every or step >= steps:
        return 0
    interval = int(every)
    due = steps // interval - step // interval
    return due + (steps % interval != 0)
