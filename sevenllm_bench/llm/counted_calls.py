"""Calls that the budget allows, each counted by what it took, however it ends."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from sevenllm_bench.llm.call_error import CallError
from sevenllm_bench.llm.call_forms import PLAIN, Form
from sevenllm_bench.llm.completion import Completion
from sevenllm_bench.llm.connection import Connection
from sevenllm_bench.llm.pricing import Budget
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.types import Reply, Request, Usage, count_tokens

logger = logging.getLogger("sevenllm_bench.llm")

#: Seconds between two looks at a budget that other processes use too.
_LOOK_AGAIN = 0.2


class NoMoreCallsError(Exception):
    """The budget is used up, or the run is stopped."""


@dataclass
class Effort:
    """What was done for one request so far.

    Attributes:
        text: The last reply.
        form: The form of the last call.
        failures: Calls that failed.
        refusals: Replies that the caller's check refused.
        calls: Calls made.
        tokens_in: Tokens of their prompts.
        tokens_out: Tokens of their replies.
        cut: Why a reply couldn't be used that ended at the limit of its tokens; "" where there was none.
    """

    text: str | None = None
    form: Form = PLAIN
    failures: int = 0
    refusals: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cut: str = ""

    def reply(self, error: str = "") -> Reply:
        """What there is to give back, with the reason why it is no good reply."""
        return Reply(self.text, error, self.tokens_in, self.tokens_out, attempts=self.calls)


class CountedCalls:
    """Makes calls over one connection."""

    def __init__(self, settings: ConnectionSettings, connection: Connection, budget: Budget, usage: Usage) -> None:
        """Count in `budget` and `usage`."""
        self._settings = settings
        self._connection = connection
        self._budget = budget
        self._usage = usage
        self._in_flight = 0
        self._settled = asyncio.Event()
        self._stopped = False

    def stop(self) -> None:
        """Let no further call begin."""
        self._stopped = True

    async def make(self, request: Request, effort: Effort) -> Completion:
        """Make one call.

        Raises:
            NoMoreCallsError: It would pass the budget, or the run is stopped.
            CallError: There is no usable reply.
            ConfigError: No call would get one.
        """
        if not await self._reserve(request):
            raise NoMoreCallsError
        self._usage.calls += 1
        self._usage.retries += effort.calls > 0
        effort.calls += 1
        tokens, unknown = (0, 0), 0.0
        try:
            completion = await self._connection.call(request.body(self._settings.model))
            tokens = self._tokens(request, completion)
            return completion
        except CallError as failure:
            tokens = failure.tokens_in, failure.tokens_out
            # The cost is unknown: the highest possible one counts against the budget, and none as usage.
            unknown = self._budget.worst(request) if failure.billed else 0.0
            raise
        except asyncio.CancelledError:  # the server may have begun to answer
            unknown = self._budget.worst(request)
            raise
        finally:
            self._release(request, effort, tokens, unknown)

    def _release(self, request: Request, effort: Effort, tokens: tuple[int, int], unknown: float) -> None:
        price = self._settings.tariff
        spent = price.cost(*tokens) if price else 0.0
        self._budget.settle(self._budget.worst(request), spent, unknown, tokens)
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
        while not self._stopped:
            if self._budget.reserve(worst):
                self._in_flight += 1
                return True
            if not self._in_flight and not self._budget.in_flight_elsewhere:  # cheaper ones may still fit
                if not self._budget.reached:
                    logger.warning("Calls that may cost more than is left are not made: %s", self._budget.message)
                self._budget.reached = True
                return False
            self._settled.clear()
            with suppress(TimeoutError):  # what other processes settle isn't told to this one
                await asyncio.wait_for(self._settled.wait(), _LOOK_AGAIN)
        return False
