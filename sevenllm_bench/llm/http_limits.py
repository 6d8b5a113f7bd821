"""Limits on what a server can make the HTTP library do: send our texts elsewhere, or fill the memory.

They are event hooks, which the library calls for each request, redirected ones too, and for each reply before its body.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.call_error import CallError

#: Most bytes of one reply, unpacked. A long reply with its reasoning has less than one million.
MOST_REPLY = 8_000_000
#: What replies may be packed with; the library would also offer methods without a limit to what they unpack to.
HEADERS = {"Accept-Encoding": "gzip, deflate"}
_PORTS = {"http": 80, "https": 443}


def async_hooks(most: int = MOST_REPLY) -> dict[str, list[Any]]:
    """Hooks for an asynchronous client; `most` is the limit of a reply in bytes."""
    guard = _Guard(most)

    async def before(request: Any) -> None:
        guard.check(request)

    async def after(response: Any) -> None:
        guard.bound(response, "AsyncByteStream")

    return {"request": [before], "response": [after]}


def sync_hooks(most: int = MOST_REPLY) -> dict[str, list[Any]]:
    """The same for a synchronous client."""
    guard = _Guard(most)
    return {"request": [guard.check], "response": [lambda response: guard.bound(response, "SyncByteStream")]}


class _Guard:
    def __init__(self, most: int) -> None:
        self._most = most
        self._first: SplitResult | None = None

    def check(self, request: Any) -> None:
        """Refuse a request to another server than the first one went to.

        Raises:
            ConfigError: It is one.
        """
        url = urlsplit(str(request.url))
        self._first = self._first or url
        if not _same_server(self._first, url):
            where = f"{url.scheme}://{url.hostname}" + (f":{url.port}" if url.port else "")
            raise ConfigError(
                f"the server redirects to another one ({where}), which would get the key and all texts; if that is right, "
                "set OPENAI_BASE_URL to its address"
            )

    def bound(self, response: Any, base: str) -> None:
        """Make the body of a reply end with an error where it gets too large."""
        encodings = [name.strip().lower() for name in response.headers.get("content-encoding", "").split(",")]
        bodies = _Bounded(self._most, [name for name in encodings if name not in ("", "identity")])
        for name in ("content-encoding", "content-length"):
            if name in response.headers and bodies.packed:
                del response.headers[name]
        # The class that the library wants, of the library in use: openai has changed it once.
        library = importlib.import_module(type(response).__module__.partition(".")[0])
        response.stream = _stream_type(getattr(library, base))(response.stream, bodies)


def _same_server(first: SplitResult, url: SplitResult) -> bool:
    ports = [part.port or _PORTS.get(part.scheme, 0) for part in (first, url)]
    same = (first.scheme, first.hostname, ports[0]) == (url.scheme, url.hostname, ports[1])
    upgraded = (first.scheme, url.scheme, *ports) == ("http", "https", 80, 443) and first.hostname == url.hostname
    return same or upgraded


class _Bounded:
    """Unpacks the pieces of one body, and no more than its limit."""

    def __init__(self, most: int, encodings: list[str]) -> None:
        self.packed = bool(encodings)
        self._left = most
        self._most = most
        unknown = [name for name in encodings if name not in ("gzip", "x-gzip", "deflate")]
        if unknown or len(encodings) > 1:
            raise CallError("packed reply", f"the server packs its reply as {', '.join(encodings)[:40]}", again=False)
        # 32: gzip or zlib, by the header.
        self._unpack = zlib.decompressobj(32 + zlib.MAX_WBITS) if encodings else None

    def take(self, piece: bytes) -> bytes:
        """The piece unpacked.

        Raises:
            CallError: The limit is passed, or it can't be unpacked.
        """
        try:
            content = self._unpack.decompress(piece, self._left + 1) if self._unpack else piece
        except zlib.error:
            raise CallError("broken reply", "the server's reply can't be unpacked", billed=True, replied=True) from None
        self._left -= len(content)
        if self._left < 0:
            reason = f"the server's reply is larger than {self._most:,} bytes"
            raise CallError("large reply", reason, again=False, billed=True)
        return content


def _stream_type(base: Any) -> Any:
    class BoundedStream(base):  # type: ignore[misc]  # whose class is known only at run time
        def __init__(self, stream: Any, bodies: _Bounded) -> None:
            self._stream, self._bodies = stream, bodies

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for piece in self._stream:
                yield self._bodies.take(piece)

        def __iter__(self) -> Iterator[bytes]:
            return map(self._bodies.take, self._stream)

        async def aclose(self) -> None:
            await self._stream.aclose()

        def close(self) -> None:
            self._stream.close()

    return BoundedStream
