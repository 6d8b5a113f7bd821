"""The client: many requests to one model at once; each reply is cached as soon as it arrives."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from sevenllm_bench.io.claimed_cache import LEASE
from sevenllm_bench.llm.call_forms import CallForms
from sevenllm_bench.llm.connection import connect
from sevenllm_bench.llm.pricing import Budget
from sevenllm_bench.llm.session import Session, Validate
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.types import Estimate, Reply, ReplyCache, Request, Usage

logger = logging.getLogger("sevenllm_bench.llm")

#: Called with each reply as it comes, with the place of its request.
OnDone = Callable[[int, Reply], None]
_Result = TypeVar("_Result")
#: Seconds between two looks at what another process is asking.
_LOOK_AGAIN = 0.2


class Client:
    """Sends requests to one model; for one run at a time.

    Attributes:
        settings: The settings.
        usage: What was used since the client was made.
        forms: What was learnt of the server: which parameters it doesn't take.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        cache: ReplyCache | None = None,
        forms: CallForms | None = None,
        probe: Request | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Check the settings; nothing is sent yet.

        Args:
            settings: The model, its address, and the limits of retries.
            cache: Where good replies are looked up and kept; the caller closes it. Default: none.
            forms: What other clients of the same server and model learn too. Default: nothing is known.
            probe: A harmless request. Where requests fail, it tells whether the server fails all of them; the run is then
                stopped. Default: it is stopped only where the status says so.
            budget: What may be spent, shared with others perhaps. Default: the one of the settings, for this client alone.

        Raises:
            ConfigError: The price is malformed, or a budget has none.
        """
        self.settings = settings
        # The key and the address are checked at the first call, so that cached replies need neither.
        self.usage = Usage(usd=0.0 if settings.tariff else None)
        self.forms = forms or CallForms()
        self._cache = cache
        self._probe = probe
        self._budget = budget or Budget(settings.budget_usd, settings.tariff)

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
        run.pending.extend(key for key in run.places if not self._finish_kept(key, run, validate))
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

    def kept(self, requests: Sequence[Request], validate: Validate | None = None) -> dict[int, Reply]:
        """The good replies that the cache holds, by the place of their request; nothing is asked."""
        found = (
            (place, self._look_up(request.key(self.settings.model), request.check or validate))
            for place, request in enumerate(requests)
        )
        return {place: reply for place, reply in found if reply}

    def _finish_kept(self, key: str, run: _Run, validate: Validate | None) -> bool:
        """Answer a key from the cache; whether it has a reply to it."""
        kept = self._look_up(key, run.request(key).check or validate)
        if kept:
            self.usage.cached += run.finish(key, kept)
        return kept is not None

    def _look_up(self, key: str, validate: Validate | None) -> Reply | None:
        """The reply kept, unless it is refused now: what counts as good may have changed since."""
        reply = Reply.from_cache(self._cache.get(key)) if self._cache is not None else None
        return None if reply is None or (validate and validate(reply.text or "") is not None) else reply

    async def _ask_pending(self, run: _Run, validate: Validate | None) -> None:
        async with connect(self.settings) as connection:
            session = Session(self.settings, connection, self.forms, self._budget, self.usage, self._probe)
            count = min(self.settings.concurrency, len(run.pending))
            workers = [asyncio.create_task(self._work(run, session, validate)) for _ in range(count)]
            renewing = asyncio.create_task(self._keep_claims())
            try:
                await asyncio.gather(*workers)
            finally:
                for task in (*workers, renewing):
                    task.cancel()
                await asyncio.gather(*workers, renewing, return_exceptions=True)
        if session.stopped_by:
            raise session.stopped_by

    async def _work(self, run: _Run, session: Session, validate: Validate | None) -> None:
        while (run.pending or run.elsewhere) and not session.stopped_by:
            if not run.pending:  # all that is left, another process is asking
                await asyncio.sleep(_LOOK_AGAIN)
            key = run.next()
            if key is not None:
                await self._ask(key, run, session, validate)

    async def _ask(self, key: str, run: _Run, session: Session, validate: Validate | None) -> None:
        """Ask what a key stands for, or put it back while another process does."""
        with self._claimed(key) as ours:
            if not ours:
                run.elsewhere.append(key)
            elif not self._finish_kept(key, run, validate):
                reply = await session.ask(run.request(key), validate)
                if reply is None:
                    return
                # No await between the reply and the cache: a reply that arrived is always cached.
                if self._cache is not None and not reply.error:
                    self._cache.put(key, reply.to_cache())
                self.usage.failed += bool(reply.error) * run.finish(key, reply)

    @contextmanager
    def _claimed(self, key: str) -> Iterator[bool]:
        """Whether no other process is asking the same now; where none is, this one keeps it so."""
        if self._cache is None:
            yield True
            return
        ours = self._cache.claim(key)
        try:
            yield ours
        finally:
            if ours:
                self._cache.release(key)

    async def _keep_claims(self) -> None:
        while True:
            await asyncio.sleep(LEASE / 4)
            self._budget.renew()
            if self._cache is not None:
                self._cache.renew()


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
        #: What other processes are asking now.
        self.elsewhere: deque[str] = deque()

    @property
    def replies(self) -> list[Reply]:
        return [self._replies[key] for key in self._keys]

    def request(self, key: str) -> Request:
        return self._requests[self.places[key][0]]

    def next(self) -> str | None:
        """The key to ask next: one that nobody asks yet, if there is one; None when there is nothing left."""
        left = self.pending or self.elsewhere
        return left.popleft() if left else None

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
