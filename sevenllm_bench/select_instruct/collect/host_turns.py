"""Turns at hosts: one request at a time to each, with a pause between two."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sevenllm_bench.select_instruct.collect.refusals import HostRefusedError, OutOfTimeError
from sevenllm_bench.select_instruct.collect.surroundings import Clock

#: Requests in flight, over all hosts.
_AT_ONCE = 32


class HostTurns:
    """Hands out turns at hosts, first come, first served."""

    def __init__(self, clock: Clock, delay: float, most: int, end: float) -> None:
        """Hand out turns.

        Args:
            clock: Tells the time, and waits.
            delay: Least seconds between two requests to a host.
            most: Most requests to a host.
            end: When the whole run is over, by the monotonic clock.
        """
        self.clock, self.delay, self.most, self.end = clock, delay, most, end
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._last: dict[str, float] = {}
        self._paused: dict[str, float] = {}
        self._slower: dict[str, float] = {}
        self._used: Counter[str] = Counter()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def slow_down(self, host: str, delay: float) -> None:
        """Keep at least this delay at a host, which its robots.txt asks for."""
        self._slower[host] = max(delay, self._slower.get(host, 0))

    def pause(self, host: str, seconds: float) -> None:
        """Send nothing to a host for some time."""
        self._paused[host] = max(self._paused.get(host, 0), self.clock.monotonic() + seconds)

    def rest(self, host: str) -> None:
        """Begin the pause after a request."""
        self._last[host] = self.clock.monotonic()

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at a host, and have it inside the context.

        Raises:
            OutOfTimeError: The whole run would be over before.
        """
        async with self._locks[host]:
            while (wait := self._free(host) - self.clock.monotonic()) > 0 and self._free(host) < self.end:
                await self.clock.sleep(wait)
            if max(self._free(host), self.clock.monotonic()) >= self.end:
                raise OutOfTimeError
            async with self._slots:
                yield

    def _free(self, host: str) -> float:
        """When the next request may be sent."""
        pause = max(self.delay, self._slower.get(host, 0))
        rested = self._last[host] + pause if host in self._last else 0.0
        return max(rested, self._paused.get(host, 0))

    def count(self, host: str) -> None:
        """Note that a request is sent now.

        Raises:
            HostRefusedError: The host has had too many.
        """
        if self._used[host] >= self.most:
            raise HostRefusedError(f"more than {self.most:,} requests to this host, redirects and lists included")
        self._used[host] += 1
