"""The robots.txt of each origin, asked for once a day."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict

from sevenllm_bench.select_instruct.collect.known_pages import KnownPage, KnownPages
from sevenllm_bench.select_instruct.collect.one_request import PageTime, WebResponse
from sevenllm_bench.select_instruct.collect.polite_requests import PoliteRequests
from sevenllm_bench.select_instruct.collect.refusals import FailedError, HostRefusedError, RefusedError
from sevenllm_bench.select_instruct.collect.robots_rules import (
    MOST_ROBOTS_BYTES,
    MOST_ROBOTS_REDIRECTS,
    ROBOTS_LAST,
    RobotsRules,
)
from sevenllm_bench.select_instruct.collect.web_address import WebAddress, web_address
from sevenllm_bench.select_instruct.settings.build_config import CollectSection

_SAID = {"rules": "found, and obeyed", "none": "there is none: all is allowed"}


class RobotsAsking:
    """Asks for robots.txt before anything else of an origin, and keeps what it says."""

    def __init__(self, settings: CollectSection, pages: KnownPages, requests: PoliteRequests) -> None:
        """Keep them in `pages`."""
        self.settings, self.pages, self.requests = settings, pages, requests
        self._rules: dict[str, RobotsRules] = {}
        self._asking: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def decision(self, address: WebAddress) -> str:
        """Why a URL may be fetched, in the words of `Origin.robots`; its crawl delay holds from now on.

        Raises:
            RefusedError: It may not.
        """
        if {address.host, address.authority} & set(self.settings.ignore_robots):
            self.requests.log("robots", address.origin, "not obeyed: the user has the owner's permission")
            return "allowed by the user"
        rules = await self._rules_of(address)
        self.requests.turns.slow_down(address.host, rules.delay())
        rules.check(address)
        return rules.decision

    async def _rules_of(self, address: WebAddress) -> RobotsRules:
        async with self._asking[address.origin]:
            if address.origin not in self._rules:
                self._rules[address.origin] = self._known(address.origin) or await self._asked(address.origin)
        return self._rules[address.origin]

    def _known(self, origin: str) -> RobotsRules | None:
        known = self.pages.find(_key(origin))
        if known is None:
            return None
        asked, found, text = json.loads(known.text)
        fresh = self.requests.clock.now() - asked < ROBOTS_LAST
        again = known.round != self.pages.round and (found in ("unreachable", "refused") or self.settings.refresh)
        return RobotsRules(found, text, known.reason) if fresh and not again else None

    async def _asked(self, origin: str) -> RobotsRules:
        """Ask, and keep the answer."""
        url, answer = f"{origin}/robots.txt", None
        try:
            answer = await self._answer(url)
            rules = rules_of(answer)
        except RefusedError as error:
            rules = RobotsRules("refused", reason=error.reason)
        except FailedError as error:
            rules = RobotsRules("unreachable", reason=error.reason)
        now = self.requests.clock.now()
        page = KnownPage(url, "robots", reason=rules.reason, text=json.dumps([now, rules.found, rules.text]))
        self.pages.put(_key(origin), page, answer, now)
        if answer is not None and answer.body:
            answer.body.close()
        if rules.found != "refused":
            said = _SAID.get(rules.found, f"unreachable, so nothing is allowed: {rules.reason}")
            self.requests.log("robots", url, said)
        return rules

    async def _answer(self, url: str) -> WebResponse:
        """The answer at a URL, or where its redirects lead; the last redirect where there are too many."""
        address, time = web_address(url, private_hosts=self.settings.private_hosts), PageTime(self.settings.timeout)
        for _ in range(MOST_ROBOTS_REDIRECTS + 1):
            try:
                answer = await self.requests.answer(address, time, MOST_ROBOTS_BYTES, cut=True)
            except RefusedError as error:
                if address.url == url and isinstance(error, HostRefusedError):
                    raise
                raise FailedError(f"{address.url}: {error.reason}") from None
            target = answer.redirect()
            if not target:
                return answer
            try:
                address = web_address(target, address.url, self.settings.private_hosts)
            except RefusedError as error:
                raise FailedError(f"redirected to {target[:300]}: {error.reason}") from None
        return answer


def _key(origin: str) -> str:
    """No URL: a robots.txt that is a listed page is known on its own."""
    return f"robots.txt of {origin}"


def rules_of(answer: WebResponse) -> RobotsRules:
    """What an answer means: 200 is read, 5xx forbids everything, anything else allows everything."""
    if answer.status >= 500:
        return RobotsRules("unreachable", reason=f"the server answers {answer.status}")
    if answer.body is None:
        return RobotsRules("none")
    data = answer.body.start
    whole = data[: data.rfind(b"\n") + 1] if answer.cut else data
    return RobotsRules("rules", whole.decode("utf-8", "replace"))
