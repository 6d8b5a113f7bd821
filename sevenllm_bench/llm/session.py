"""From one request to a good reply, or to the reason for none: calls, retries and repeated questions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.connection import Completion, Connection
from sevenllm_bench.llm.pricing import Budget
from sevenllm_bench.llm.retry import CallError, Gate, ParameterFallback, backoff
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.types import Reply, Request, Usage, count_tokens

logger = logging.getLogger("sevenllm_bench.llm")

#: Says why a reply's text is useless, None when it is good.
Validate = Callable[[str], str | None]


@dataclass
class _Effort:
    """What was done for one request so far."""

    text: str | None = None
    failures: int = 0
    refusals: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def reply(self, error: str = "") -> Reply:
        return Reply(self.text, error, self.tokens_in, self.tokens_out, attempts=self.calls)


class Session:
    """What the workers of one run share: the connection, the gate, the budget, and the reason to stop."""

    def __init__(
        self, settings: ConnectionSettings, connection: Connection, fallback: ParameterFallback, budget: Budget, usage: Usage
    ) -> None:
        """Make calls over `connection`, and count them in `budget` and `usage`."""
        self.stopped_by: ConfigError | None = None
        self._settings = settings
        self._connection = connection
        self._fallback = fallback
        self._budget = budget
        self._usage = usage
        self._gate = Gate()
        self._in_flight = 0
        self._stop = asyncio.Event()
        self._settled = asyncio.Event()

    async def ask(self, request: Request, validate: Validate | None) -> Reply | None:
        """Ask until there is a good reply or the attempts are used up.

        Args:
            request: What to ask.
            validate: Refuses useless replies.

        Returns:
            The reply, good or with the reason why not; None when the run was stopped before (see `stopped_by`).
        """
        effort = _Effort()
        while await self._may_call():
            if not await self._reserve(request):
                return effort.reply(self._budget.message) if self.stopped_by is None else None
            body = self._fallback.adapt(request.body(self._settings.model))
            try:
                effort.text = (await self._call(request, body, effort)).text
            except ConfigError as error:
                self._stop_all(error)
            except CallError as failure:
                if self._fallback.disable_refused_parameter(body, failure):
                    continue
                effort.failures += 1
                if not failure.again or effort.failures >= self._settings.max_attempts:
                    return effort.reply(_with_attempts(failure.reason, effort.calls))
                await self._wait_after(failure, effort)
            else:
                check = request.check or validate
                problem = check(effort.text) if check else None
                effort.refusals += problem is not None
                if problem is None or effort.refusals > self._settings.validation_retries:
                    return effort.reply(problem or "")
        return None

    async def _call(self, request: Request, body: dict[str, Any], effort: _Effort) -> Completion:
        """Make one call that is reserved for, and count what it took, however it ends."""
        self._usage.calls += 1
        self._usage.retries += effort.calls > 0
        effort.calls += 1
        tokens, unknown = (0, 0), 0.0
        try:
            completion = await self._connection.call(body)
            tokens = self._tokens(request, completion)
            return completion
        except CallError as failure:
            tokens = failure.tokens_in, failure.tokens_out
            # The cost is unknown: the highest possible one counts against the budget, and none as usage.
            unknown = self._budget.worst(request) if failure.billed else 0.0
            raise
        finally:
            self._release(request, effort, tokens, unknown)

    def _release(self, request: Request, effort: _Effort, tokens: tuple[int, int], unknown: float) -> None:
        price = self._settings.tariff
        spent = price.cost(*tokens) if price else 0.0
        self._budget.settle(self._budget.worst(request), spent + unknown)
        self._in_flight -= 1
        self._settled.set()
        effort.tokens_in, effort.tokens_out = effort.tokens_in + tokens[0], effort.tokens_out + tokens[1]
        self._usage.tokens_in, self._usage.tokens_out = self._usage.tokens_in + tokens[0], self._usage.tokens_out + tokens[1]
        if price:
            self._usage.usd = (self._usage.usd or 0.0) + spent

    @staticmethod
    def _tokens(request: Request, completion: Completion) -> tuple[int, int]:
        """The server's counts, or our estimates where it gives none."""
        tokens_in = request.tokens_in if completion.tokens_in is None else completion.tokens_in
        tokens_out = count_tokens(completion.text) if completion.tokens_out is None else completion.tokens_out
        return tokens_in, tokens_out

    async def _reserve(self, request: Request) -> bool:
        """Reserve the highest cost of a call, after calls in flight if needed; False when the budget doesn't allow it."""
        worst = self._budget.worst(request)
        while not self._budget.fits(worst):
            if self._budget.reached or not self._in_flight:
                if not self._budget.reached:
                    logger.warning("No more calls: %s", self._budget.message)
                self._budget.reached = True
                return False
            self._settled.clear()
            await self._settled.wait()
        if self._budget.reached or self.stopped_by:
            return False
        self._budget.reserve(worst)
        self._in_flight += 1
        return True

    async def _may_call(self) -> bool:
        """Wait while the gate is closed; whether the run continues."""
        while self._gate.remaining and not self.stopped_by:
            await self._pause(self._gate.remaining)
        return self.stopped_by is None

    async def _wait_after(self, failure: CallError, effort: _Effort) -> None:
        seconds = max(failure.wait, backoff(effort.failures, self._settings))
        if failure.everyone:
            self._gate.close(failure.wait)
            logger.info("%s: all calls wait %.1f s, as the server asks", failure.kind, failure.wait)
        logger.debug("Attempt %d: %s; again in %.1f s", effort.calls, failure.kind, seconds)
        await self._pause(seconds)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _stop_all(self, error: ConfigError) -> None:
        """Let no further call begin; those in flight finish, since their replies are paid for."""
        self.stopped_by = self.stopped_by or error
        self._stop.set()


def _with_attempts(reason: str, calls: int) -> str:
    return f"{reason} (after {calls} attempts)" if calls > 1 else reason
