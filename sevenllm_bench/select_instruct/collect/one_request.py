"""One request: the host looked up once, every address checked, and the connection made to exactly the checked address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenllm_bench.select_instruct.collect.internet_addresses import may_be_allowed, special_kind
from sevenllm_bench.select_instruct.collect.measured_body import ACCEPTED_CODINGS, MeasuredBody
from sevenllm_bench.select_instruct.collect.refusals import FailedError, HostRefusedError, RefusedError
from sevenllm_bench.select_instruct.collect.surroundings import Resolver
from sevenllm_bench.select_instruct.collect.web_address import WebAddress

if TYPE_CHECKING:
    import httpx

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Addresses of one host that are tried, when connections fail.
_ADDRESSES = 3
_ACCEPTED = "text/html, application/xhtml+xml, application/pdf, text/markdown, text/plain, application/xml;q=0.9, */*;q=0.5"
#: Media types that hold no report; their bodies are not read.
_NO_TEXT = ("image/", "audio/", "video/", "font/", "model/", "application/zip", "application/x-tar", "application/java-archive")


@dataclass
class WebResponse:
    """A response.

    Attributes:
        status: The status code.
        reason: Its words.
        headers: As received, in order.
        body: None unless it was read: only that of 200 is.
        sha256: Of the body without its coding.
        cut: Whether the body goes on after what was read.
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: MeasuredBody | None = None
    sha256: str = ""
    cut: bool = False

    def header(self, name: str) -> str:
        """The first header of a name, "" without one."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def redirect(self) -> str:
        """Where it leads, "" where it is no redirect."""
        return self.header("location").strip() if self.status in _REDIRECTS else ""


class PageTime:
    """Seconds that are left for one page, over all its requests."""

    def __init__(self, seconds: float) -> None:
        """Begin with all of them."""
        self.most = self.left = seconds
        #: What is left of the whole run.
        self.limit = float("inf")

    @contextmanager
    def spent(self) -> Iterator[None]:
        """Take the time inside the context off."""
        begin = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            self.left = max(0.0, self.left - (asyncio.get_running_loop().time() - begin))


class Requests:
    """Sends single requests, without redirects, cookies, proxies or kept connections."""

    def __init__(self, transport: httpx.AsyncBaseTransport, resolver: Resolver, agent: str, private: tuple[str, ...]) -> None:
        """Send with `agent` as user agent; `private` hosts ("HOST:PORT") may have private addresses."""
        self.transport, self.resolver, self.agent, self.private = transport, resolver, agent, private

    async def send(
        self, address: WebAddress, conditions: Mapping[str, str], most: int, time: PageTime, cut: bool = False
    ) -> WebResponse:
        """Send one request and read the answer.

        Args:
            address: What to ask for.
            conditions: Headers of a conditional request.
            most: Most bytes of the body.
            time: What is left for the page.
            cut: Whether a longer body is cut off, and not refused.

        Raises:
            RefusedError: The host's addresses, or the answer, are not acceptable.
            FailedError: There was no whole answer.
        """
        import httpx

        try:
            with time.spent():
                async with asyncio.timeout(min(time.left, time.limit)):
                    return await self._tried(address, conditions, most, cut)
        except TimeoutError:
            raise FailedError(f"took longer than {time.most:g} seconds", again=False) from None
        except httpx.TimeoutException as error:
            raise FailedError(f"the host doesn't answer ({type(error).__name__})") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RuntimeError) as error:
            raise FailedError(f"{type(error).__name__}: {str(error)[:200]}") from None

    async def _tried(self, address: WebAddress, conditions: Mapping[str, str], most: int, cut: bool) -> WebResponse:
        """The answer of the first address that accepts a connection."""
        import httpx

        problem: Exception = FailedError("the host has no address")
        for ip in (await self.checked_addresses(address))[:_ADDRESSES]:
            try:
                response = await self.transport.handle_async_request(self._request(address, ip, conditions))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                problem = error
                continue
            try:
                return await _read(response, most, cut)
            finally:
                await response.aclose()
        raise problem

    async def checked_addresses(self, address: WebAddress) -> list[str]:
        """The addresses of a host, looked up once.

        Raises:
            HostRefusedError: One of them is not of the public internet.
            FailedError: There is none.
        """
        try:
            literal = address.host_is_address()
            found = [address.host] if literal else await self.resolver.addresses(address.host, address.port)
        except (OSError, UnicodeError) as error:
            raise FailedError(f"the host has no address ({getattr(error, 'strerror', None) or error})") from None
        allowed = f"{address.host}:{address.port}" in self.private
        for ip in found:
            kind = special_kind(ip)
            if kind and not (allowed and may_be_allowed(kind)):
                raise HostRefusedError(
                    f"the host has the address {ip[:60]} ({kind}); only hosts of the public internet are asked"
                )
        return found

    def _request(self, address: WebAddress, ip: str, conditions: Mapping[str, str]) -> httpx.Request:
        """A request to an address that still names the host: in `Host`, and for TLS."""
        import httpx

        host = f"[{ip}]" if ":" in ip else ip
        headers = {
            "Host": address.authority,
            "User-Agent": self.agent,
            "Accept": _ACCEPTED,
            "Accept-Encoding": ACCEPTED_CODINGS,
            "Connection": "close",
            **conditions,
        }
        patience = {"connect": 20.0, "read": 60.0, "write": 20.0, "pool": None}
        extensions: dict[str, object] = {"timeout": patience}
        if address.host != ip:
            extensions["sni_hostname"] = address.host
        url = f"{address.scheme}://{host}:{address.port}{address.target}"
        return httpx.Request("GET", url, headers=headers, extensions=extensions)


async def _read(response: httpx.Response, most: int, cut: bool) -> WebResponse:
    headers = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in response.headers.raw]
    answer = WebResponse(response.status_code, response.reason_phrase, headers)
    if answer.status != 200:
        answer.cut = True
        return answer
    media_type = answer.header("content-type").lower()
    if media_type.startswith(_NO_TEXT) and not cut:
        raise RefusedError(f"its media type is {media_type[:60]}, which holds no text")
    length = answer.header("content-length")
    if length.isdecimal() and int(length[:20]) > most and not cut:
        raise RefusedError(f"more than {most:,} bytes")
    await _read_body(response, answer, most, cut)
    return answer


async def _read_body(response: httpx.Response, answer: WebResponse, most: int, cut: bool) -> None:
    codings = ", ".join(value for key, value in answer.headers if key.lower() == "content-encoding")
    body = MeasuredBody(codings, most, most if cut else 1024)
    try:
        assert isinstance(response.stream, AsyncIterable)
        async for data in response.stream:
            body.write(data[: most - body.size] if cut else data)
            if cut and body.size == most:
                answer.cut = True
                break
        answer.sha256 = "" if answer.cut else body.finish()
    except RefusedError:
        if not cut:
            body.close()
            raise
        answer.cut = True
    except BaseException:
        body.close()
        raise
    answer.body = body
