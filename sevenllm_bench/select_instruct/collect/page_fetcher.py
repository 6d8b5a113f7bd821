"""Pages with all that belongs to them: robots.txt, redirects, and what is known already."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from sevenllm_bench.select_instruct.collect.known_pages import KnownPage, KnownPages
from sevenllm_bench.select_instruct.collect.one_request import PageTime, WebResponse
from sevenllm_bench.select_instruct.collect.polite_requests import PoliteRequests
from sevenllm_bench.select_instruct.collect.refusals import FailedError, OutOfTimeError, RefusedError
from sevenllm_bench.select_instruct.collect.robots_asking import RobotsAsking
from sevenllm_bench.select_instruct.collect.surroundings import Surroundings
from sevenllm_bench.select_instruct.collect.web_address import WebAddress, web_address
from sevenllm_bench.select_instruct.settings.build_config import CollectSection


class PageFetcher:
    """Fetches pages, each once."""

    def __init__(self, settings: CollectSection, pages: KnownPages, surroundings: Surroundings) -> None:
        """Keep what is fetched in `pages`. Close it with `close`."""
        self.settings, self.pages = settings, pages
        self.clock = surroundings.clock()
        self.requests = PoliteRequests(settings, surroundings, self.log)
        self._robots = RobotsAsking(settings, pages, self.requests)
        self._asking: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def close(self) -> None:
        """Close the transport."""
        await self.requests.close()

    def log(self, event: str, url: str, reason: str) -> None:
        """Note a decision."""
        self.pages.log(event, url, reason, self.clock.now())

    async def page(self, url: str) -> KnownPage | None:
        """The page at a URL, redirects followed; None where there is none for us, which is in the log.

        The page's `url` is where the redirects end.
        """
        try:
            return await self._followed(url)
        except RefusedError as error:
            self.log("refused", url, error.reason)
        except FailedError as error:
            self.log("failed", url, error.reason)
        except OutOfTimeError as error:
            self.log("skipped", url, error.reason)
        return None

    async def _followed(self, url: str) -> KnownPage:
        address = web_address(url, private_hosts=self.settings.private_hosts)
        seen: list[str] = []
        time = PageTime(self.settings.timeout)
        while True:
            try:
                found = await self._fetched(address, time)
            except RefusedError as error:
                raise (RefusedError(f"redirected to {address.url}: {error.reason}") if seen else error) from None
            except FailedError as error:
                raise (FailedError(f"redirected to {address.url}: {error.reason}") if seen else error) from None
            if found.outcome != "redirect":
                return found
            seen.append(address.url)
            address = self._target(address, found, seen)

    def _target(self, address: WebAddress, found: KnownPage, seen: list[str]) -> WebAddress:
        """Where a redirect leads."""
        if len(seen) > self.settings.max_redirects:
            raise RefusedError(f"more than {self.settings.max_redirects} redirects")
        try:
            target = web_address(found.target, address.url, self.settings.private_hosts)
        except RefusedError as error:
            raise RefusedError(f"redirected to {found.target[:300]}: {error.reason}") from None
        if target.url in seen:
            raise RefusedError(f"redirected in a circle, back to {target.url}")
        return target

    async def _fetched(self, address: WebAddress, time: PageTime) -> KnownPage:
        """The response to one URL: known, or asked for now."""
        async with self._asking[address.url]:
            known = self.final(address.url)
            if known is None:
                known = await self._asked(address, time)
        if known.outcome == "refused":
            raise RefusedError(known.reason)
        if known.outcome in ("failed", "other"):
            raise FailedError(known.reason)
        return known

    def final(self, url: str) -> KnownPage | None:
        """What is known of a URL, where it need not be asked for again."""
        known = self.pages.find(url)
        if known is None or known.round == self.pages.round:
            return known
        keeps = known.outcome in ("page", "redirect", "other") and not self.settings.refresh
        return known if keeps else None

    async def _asked(self, address: WebAddress, time: PageTime) -> KnownPage:
        """Ask for a URL, and keep what was found."""
        old, answer = self.pages.find(address.url), None
        old = old if old and old.warc and old.outcome == "page" else None
        try:
            robots = await self._robots.decision(address)
            answer = await self.requests.answer(address, time, self.settings.max_bytes, _conditions(old))
            if answer.status == 304 and old is not None:
                self.log("not modified", address.url, "the server answers 304")
                return self.pages.put(address.url, old)
            return self.pages.put(address.url, _page_of(address.url, answer, robots), answer, self.clock.now())
        except RefusedError as error:
            return self.pages.put(address.url, KnownPage(address.url, "refused", reason=error.reason))
        except ValueError as error:
            reason = f"its headers can't be recorded ({type(error).__name__})"
            return self.pages.put(address.url, KnownPage(address.url, "refused", reason=reason))
        except FailedError as error:
            if old is not None:
                self.log("failed", address.url, f"{error.reason}; what was fetched before is kept")
                return self.pages.put(address.url, old)
            return self.pages.put(address.url, KnownPage(address.url, "failed", reason=error.reason))
        finally:
            if answer is not None and answer.body:
                answer.body.close()


def _conditions(old: KnownPage | None) -> dict[str, str]:
    """Headers that make the request conditional, where the page is here already."""
    found = {"If-None-Match": old.etag, "If-Modified-Since": old.last_modified} if old else {}
    return {name: value for name, value in found.items() if value}


def _page_of(url: str, answer: WebResponse, robots: str) -> KnownPage:
    target = answer.redirect()
    if target:
        return KnownPage(url, "redirect", target=target[:4096], robots=robots)
    if answer.body is None:
        return KnownPage(url, "other", reason=f"the server answers {answer.status}", robots=robots)
    return KnownPage(
        url,
        "page",
        content_type=answer.header("content-type")[:200],
        coding=answer.body.coding,
        etag=answer.header("etag")[:500],
        last_modified=answer.header("last-modified")[:100],
        sha256=answer.sha256,
        robots=robots,
        start=answer.body.start.decode("latin-1"),
    )
