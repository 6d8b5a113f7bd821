"""The clock, the resolver and the network, so that tests can put their own in place."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import httpx


class Resolver(Protocol):
    """Looks hosts up."""

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses of a host, the preferred one first.

        Raises:
            OSError: There is none.
        """
        ...


class SystemResolver:
    """The operating system's resolver."""

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses of a host, in the system's order."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Clock:
    """The system's clock."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of a clock that is never set."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Surroundings:
    """What fetching uses of the machine. A subclass at the top of a module can be pickled with its step."""

    def clock(self) -> Clock:
        """The clock of a run."""
        return Clock()

    def resolver(self) -> Resolver:
        """The resolver of a run."""
        return SystemResolver()

    def transport(self) -> httpx.AsyncBaseTransport:
        """What sends requests: no proxies of the environment, a new connection for each."""
        import httpx

        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        return httpx.AsyncHTTPTransport(verify=httpx.create_ssl_context(), trust_env=False, limits=limits)
