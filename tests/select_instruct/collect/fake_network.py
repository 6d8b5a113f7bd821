"""A network without sockets and a clock without waiting, for tests of fetching."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import httpx

from sevenllm_bench.select_instruct.collect.fetch_step import FetchSources
from sevenllm_bench.select_instruct.collect.surroundings import Clock, Surroundings
from sevenllm_bench.select_instruct.corpus_records import RawFile, record_of
from sevenllm_bench.select_instruct.settings.build_config import CollectSection, CorpusSource

PUBLIC = "93.184.215.14"


class FakeClock(Clock):
    """Waits in no time; `slept` has all waits."""

    def __init__(self, now=1_800_000_000.0):
        self.time, self.slept, self._due = now, [], []

    def now(self):
        return self.time

    def monotonic(self):
        return self.time

    async def sleep(self, seconds):
        """Whoever has to wait least goes on first, when nobody else has anything to do."""
        self.slept.append(seconds)
        due = self.time + seconds
        self._due.append(due)
        while self.time < due:
            for _ in range(50):
                await asyncio.sleep(0)
            self.time = max(self.time, min(self._due))
        self._due.remove(due)


class FakeResolver:
    """Addresses by host: a list, or a list of lists to be given one after the other; all other hosts are public."""

    def __init__(self, hosts=None):
        self.hosts, self.asked = hosts or {}, []

    async def addresses(self, host, port):
        self.asked.append(host)
        found = self.hosts.get(host, [PUBLIC])
        if isinstance(found, OSError):
            raise found
        if isinstance(found[0], list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


class FakeNetwork(Surroundings):
    """Answers come from a function of the request; `requests` has (time, URL with the host that was meant, address)."""

    def __init__(self, handler: Callable[[httpx.Request], httpx.Response], hosts=None):
        self.handler, self.fake_clock, self.fake_resolver = handler, FakeClock(), FakeResolver(hosts)
        self.requests, self.sent = [], []

    def clock(self):
        return self.fake_clock

    def resolver(self):
        return self.fake_resolver

    def transport(self):
        return httpx.MockTransport(self._answer)

    def _answer(self, request):
        url = f"{request.url.scheme}://{request.headers['host']}{request.url.raw_path.decode()}"
        self.requests.append((self.fake_clock.time, url, request.url.host))
        self.sent.append(request)
        return self.handler(request)

    def urls(self):
        return [url for _, url, _ in self.requests]


def path_of(request):
    return request.url.raw_path.decode()


def settings(**changes) -> CollectSection:
    return CollectSection(**{"contact": "tests@example.org", **changes})


def fetch(folder: Path, sources, surroundings=None, **changes) -> list[RawFile]:
    """The raw files of a run; sources are locations, or `CorpusSource`s."""
    listed = tuple(CorpusSource(location=str(source)) if not isinstance(source, CorpusSource) else source for source in sources)
    step = FetchSources(listed, settings(**changes), str(folder), surroundings)
    return [record_of(document, RawFile) for document in step.run()]


def log_of(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]


def reasons(folder: Path, event: str = "refused") -> dict[str, str]:
    return {line["url"]: line["reason"] for line in log_of(folder) if line["event"] == event}
