"""The client: many requests to one model at once; each reply is cached as soon as it arrives."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from sevenllm_bench.llm.connection import connect
from sevenllm_bench.llm.pricing import Budget
from sevenllm_bench.llm.retry import ParameterFallback
from sevenllm_bench.llm.session import Session, Validate
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.types import Estimate, Reply, ReplyCache, Request, Usage

logger = logging.getLogger("sevenllm_bench.llm")

#: Called with each reply as it comes, with the place of its request.
OnDone = Callable[[int, Reply], None]
_Result = TypeVar("_Result")


class Client:
    """Sends requests to one model; for one run at a time.

    Attributes:
        settings: The settings.
        usage: What was used since the client was made.
    """

    def __init__(self, settings: ConnectionSettings, cache: ReplyCache | None = None) -> None:
        """Check the settings; nothing is sent yet.

        Args:
            settings: The model, its address, and the limits of retries.
            cache: Where good replies are looked up and kept; the caller closes it. Default: none.

        Raises:
            ConfigError: The price is malformed, or a budget has none.
        """
        self.settings = settings
        # The key and the address are checked at the first call, so that cached replies need neither.
        self.usage = Usage(usd=0.0 if settings.tariff else None)
        self._cache = cache
        self._fallback = ParameterFallback()
        self._budget = Budget(settings.budget_usd, settings.tariff)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Parameters that the server doesn't take and that were left out of its calls, by name."""
        return tuple(sorted(self._fallback.left_out))

    def estimate(self, requests: Sequence[Request]) -> Estimate:
        """What `requests` would take now, without asking anything; failures and repeated questions come on top."""
        unique = {request.key(self.settings.model): request for request in requests}
        to_ask = [request for key, request in unique.items() if self._look_up(key, None) is None]
        tokens_in = sum(request.tokens_in for request in to_ask)
        price = self.settings.tariff
        usd = price.cost(tokens_in, sum(request.most_tokens_out for request in to_ask)) if price else None
        return Estimate(len(to_ask), len(unique) - len(to_ask), tokens_in, usd)

    async def complete_all(
        self, requests: Sequence[Request], validate: Validate | None = None, on_done: OnDone | None = None
    ) -> list[Reply]:
        """Ask all requests, equal ones once.

        Args:
            requests: What to ask.
            validate: Says why a reply is useless (the request is then repeated), or None when it is good; for requests
                without a check of their own.
            on_done: Called with each reply at once, with the place of its request.

        Returns:
            A reply to each request, in their order, good or with the reason why there is none.

        Raises:
            ConfigError: The key or the address is missing, the server refuses the key or doesn't know the model, or the
                cache can't be written.
        """
        run = _Run([request.key(self.settings.model) for request in requests], requests, on_done)
        for key in run.places:
            cached = self._look_up(key, run.request(key).check or validate)
            if cached:
                self.usage.cached += run.finish(key, cached)
            else:
                run.pending.append(key)
        if run.pending:
            await self._ask_pending(run, validate)
        replies = run.replies
        logger.info(
            "%d requests: %d from the cache, %d failed; %d calls by now, %d of them repeated",
            len(replies), sum(reply.cached for reply in replies), sum(bool(reply.error) for reply in replies),
            self.usage.calls, self.usage.retries,
        )  # fmt: skip
        return replies

    def run(self, requests: Sequence[Request], validate: Validate | None = None, on_done: OnDone | None = None) -> list[Reply]:
        """The same as `complete_all` without `await`; also where an event loop runs already, as in notebooks."""
        work = self.complete_all(requests, validate, on_done)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(work)
        return _run_in_thread(work)

    def _look_up(self, key: str, validate: Validate | None) -> Reply | None:
        """The reply kept, unless it is refused now: what counts as good may have changed since."""
        reply = Reply.from_cache(self._cache.get(key)) if self._cache is not None else None
        return None if reply is None or (validate and validate(reply.text or "") is not None) else reply

    async def _ask_pending(self, run: _Run, validate: Validate | None) -> None:
        async with connect(self.settings) as connection:
            session = Session(self.settings, connection, self._fallback, self._budget, self.usage)
            count = min(self.settings.concurrency, len(run.pending))
            workers = [asyncio.create_task(self._work(run, session, validate)) for _ in range(count)]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
        if session.stopped_by:
            raise session.stopped_by

    async def _work(self, run: _Run, session: Session, validate: Validate | None) -> None:
        while run.pending and not session.stopped_by:
            key = run.pending.popleft()
            reply = await session.ask(run.request(key), validate)
            if reply is None:
                return
            # No await between the reply and the cache: a reply that arrived is always cached.
            if self._cache is not None and not reply.error:
                self._cache.put(key, reply.to_cache())
            self.usage.failed += bool(reply.error) * run.finish(key, reply)


class _Run:
    """The requests of one call, by key, and the replies so far."""

    def __init__(self, keys: Sequence[str], requests: Sequence[Request], on_done: OnDone | None) -> None:
        self.places: dict[str, list[int]] = {}
        for place, key in enumerate(keys):
            self.places.setdefault(key, []).append(place)
        self._requests = requests
        self._on_done = on_done
        self._replies: dict[str, Reply] = {}
        self._keys = keys
        self.pending: deque[str] = deque()

    @property
    def replies(self) -> list[Reply]:
        return [self._replies[key] for key in self._keys]

    def request(self, key: str) -> Request:
        return self._requests[self.places[key][0]]

    def finish(self, key: str, reply: Reply) -> int:
        """Store a reply, report it to `on_done`, and return how many requests it answers."""
        self._replies[key] = reply
        for place in self.places[key]:
            if self._on_done:
                self._on_done(place, reply)
        return len(self.places[key])


def _run_in_thread(work: Coroutine[Any, Any, _Result]) -> _Result:
    started: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = []

    async def main() -> _Result:
        started.append((asyncio.get_running_loop(), asyncio.current_task()))
        return await work

    with ThreadPoolExecutor(1, "sevenllm-llm") as pool:
        future = pool.submit(asyncio.run, main())
        try:
            return future.result()
        except KeyboardInterrupt:
            # It comes to this thread only; the other has to be told, or leaving the pool would wait for the whole run.
            for loop, task in started:
                with suppress(RuntimeError):  # finished in the meantime
                    loop.call_soon_threadsafe(task.cancel if task else loop.stop)
            raise
