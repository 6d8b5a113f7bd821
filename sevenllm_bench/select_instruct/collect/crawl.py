"""From remote sources to fetched pages: first the lists, then the pages, all hosts side by side."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import read_bytes
from sevenllm_bench.select_instruct.collect.feed_process import read_feed
from sevenllm_bench.select_instruct.collect.known_pages import KnownPage
from sevenllm_bench.select_instruct.collect.list_files import (
    Listed,
    ListedPage,
    decompressed,
    sitemap_in,
    urls_in,
)
from sevenllm_bench.select_instruct.collect.media_types import list_kind
from sevenllm_bench.select_instruct.collect.page_fetcher import PageFetcher
from sevenllm_bench.select_instruct.collect.refusals import RefusedError
from sevenllm_bench.select_instruct.collect.warc_archive import payload_of
from sevenllm_bench.select_instruct.collect.web_address import is_remote, web_address
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource

#: Most pages that one source may name.
_MOST_PAGES = 100_000
_READERS = {"urls": urls_in, "sitemap": sitemap_in, "feed": read_feed}


@dataclass(frozen=True)
class FetchedPage:
    """A page of a source.

    Attributes:
        listed: How the source names it; the URL in its usual form.
        known: What was fetched.
    """

    listed: ListedPage
    known: KnownPage


class Crawl:
    """Fetches what remote sources lead to."""

    def __init__(self, fetcher: PageFetcher) -> None:
        """Fetch with `fetcher`."""
        self.fetcher, self.settings = fetcher, fetcher.settings

    async def run(self, sources: Mapping[int, tuple[CorpusSource, str]]) -> dict[int, list[FetchedPage]]:
        """The pages of each source, sorted by the URL at which their redirects end; a page is in the first source only.

        Args:
            sources: Sources by their place, each with its kind ("page", "urls", "sitemap", "feed", or "auto").
        """
        try:
            lists = await asyncio.gather(*(self._listed(source, kind) for source, kind in sources.values()))
            wanted = self._within_bounds(dict(zip(sources, lists, strict=True)))
            ends = await self._fetch_all([page.url for pages in wanted.values() for page in pages])
        finally:
            await self.fetcher.close()
        return self._first_of_each(wanted, ends)

    async def _listed(self, source: CorpusSource, kind: str) -> list[ListedPage]:
        """All pages that a source names."""
        if not is_remote(source.location):
            return await self._all_of_list(_local_list(source.location, self.settings.max_bytes), kind, "", source.location, "")
        if kind == "page":
            return [ListedPage(source.location)]
        page = await self.fetcher.page(source.location)
        if page is None:
            return []
        try:
            data = b"" if kind == "auto" and not _may_be_list(page) else self._content(page)
        except RefusedError as error:
            self.fetcher.log("refused", source.location, error.reason)
            return []
        kind = (list_kind(data[:4096]) or "page") if kind == "auto" else kind
        if kind == "page":
            return [ListedPage(source.location)]
        return await self._all_of_list(data, kind, page.url, page.url, urlsplit(page.url).hostname or "")

    def _content(self, page: KnownPage) -> bytes:
        """The bytes of a fetched list."""
        most = self.settings.max_bytes
        return decompressed(payload_of(self.fetcher.pages.folder / "warc", page.warc, most + 1)[:most], most)

    async def _all_of_list(self, data: bytes, kind: str, base: str, name: str, site: str) -> list[ListedPage]:
        """The pages of a list and of the sitemaps it leads to, in order, each once."""
        pages: dict[str, ListedPage] = {}
        waiting, seen = deque([(data, kind, base, name, 0)]), {base}
        while waiting:
            content, kind, base, name, depth = waiting.popleft()
            listed = await self._read_list(content, kind, name)
            for page in self._usable(listed.pages, base, site if kind == "sitemap" else ""):
                if len(pages) >= _MOST_PAGES:
                    self.fetcher.log(
                        "refused", name, f"names more than {_MOST_PAGES:,} pages of one source; the others are left out"
                    )
                    return list(pages.values())
                pages.setdefault(page.url, page)
            for child in self._usable([ListedPage(url) for url in listed.lists], base, site):
                if child.url not in seen:
                    seen.add(child.url)
                    if (further := await self._further(child.url, depth + 1, len(seen))) is not None:
                        waiting.append((further, "sitemap", child.url, child.url, depth + 1))
        return list(pages.values())

    async def _further(self, url: str, depth: int, count: int) -> bytes | None:
        """The content of a sitemap that another names."""
        if depth > self.settings.max_depth:
            self.fetcher.log("refused", url, f"more than {self.settings.max_depth} levels of sitemaps (collect.max_depth)")
            return None
        if count > self.settings.max_pages_per_host:
            most = self.settings.max_pages_per_host
            self.fetcher.log("refused", url, f"more than {most:,} sitemaps of one source (collect.max_pages_per_host)")
            return None
        page = await self.fetcher.page(url)
        if page is None:
            return None
        try:
            return self._content(page)
        except RefusedError as error:
            self.fetcher.log("refused", url, error.reason)
            return None

    async def _read_list(self, data: bytes, kind: str, name: str) -> Listed:
        """What a list names; the other hosts go on meanwhile."""
        try:
            listed = await asyncio.to_thread(_READERS[kind], data)
        except RefusedError as error:
            listed = Listed(problem=error.reason)
        if listed.problem:
            self.fetcher.log("refused", name, f"this list {listed.problem}")
        return listed

    def _usable(self, pages: Sequence[ListedPage], base: str, site: str) -> list[ListedPage]:
        """Those with a URL that may be asked for, in its usual form; with a `site`, those of it only."""
        found = []
        for page in pages:
            try:
                address = web_address(page.url, base or None, self.settings.private_hosts)
                if site and not _same_site(address.host, site):
                    raise RefusedError(f"a sitemap of {site} names pages of its own site only")
                found.append(replace(page, url=address.url))
            except RefusedError as error:
                self.fetcher.log("refused", page.url, error.reason)
        return found

    def _within_bounds(self, lists: dict[int, list[ListedPage]]) -> dict[int, list[ListedPage]]:
        """The pages that are fetched: of each host the first ones, over all sources."""
        most, hosts, seen = self.settings.max_pages_per_host, Counter[str](), set[str]()
        wanted: dict[int, list[ListedPage]] = {}
        for place, pages in lists.items():
            wanted[place] = []
            for page in pages:
                host = urlsplit(page.url).hostname or ""
                if page.url in seen:
                    continue
                seen.add(page.url)
                hosts[host] += 1
                if hosts[host] > most:
                    self.fetcher.log("refused", page.url, f"more than {most:,} pages of this host (collect.max_pages_per_host)")
                else:
                    wanted[place].append(page)
        return wanted

    async def _fetch_all(self, urls: Sequence[str]) -> dict[str, str]:
        """Fetch pages, one after the other of each host; where the redirects of each end."""
        ends: dict[str, str] = {}

        async def one_host(queue: list[str]) -> None:
            for url in queue:
                page = await self.fetcher.page(url)
                if page is not None:
                    ends[url] = page.url

        hosts: dict[str, list[str]] = {}
        for url in urls:
            hosts.setdefault(urlsplit(url).hostname or "", []).append(url)
        await asyncio.gather(*(one_host(queue) for queue in hosts.values()))
        return ends

    def _first_of_each(self, wanted: dict[int, list[ListedPage]], ends: dict[str, str]) -> dict[int, list[FetchedPage]]:
        seen: dict[str, str] = {}
        found: dict[int, list[FetchedPage]] = {}
        for place, pages in wanted.items():
            found[place] = []
            for page in sorted(pages, key=lambda page: (ends.get(page.url, ""), page.url)):
                end = ends.get(page.url)
                if end is None:
                    continue
                if end in seen:
                    self.fetcher.log("skipped", page.url, f"leads to the same page as {seen[end]}")
                    continue
                seen[end] = page.url
                known = self.fetcher.pages.find(end)
                assert known is not None
                found[place].append(FetchedPage(page, known))
        return found


def _local_list(location: str, most: int) -> bytes:
    """The content of a list on this machine.

    Raises:
        ConfigError: It can't be read.
    """
    try:
        return decompressed(read_bytes(Path(location).expanduser(), ConfigError), most)
    except RefusedError as error:
        raise ConfigError(f"{location}: {error.reason}") from None


def _may_be_list(page: KnownPage) -> bool:
    start = page.start.encode("latin-1")
    return start.startswith(b"\x1f\x8b") or list_kind(start) is not None


def _same_site(host: str, site: str) -> bool:
    """Whether a host is the site's, with or without "www.", or one below it."""
    bare = site.removeprefix("www.")
    return host.removeprefix("www.") == bare or host.endswith("." + bare)
