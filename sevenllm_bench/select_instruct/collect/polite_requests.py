"""Requests in turn at each host, sent again after failures, as the server asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sevenllm_bench import __version__
from sevenllm_bench.select_instruct.collect.host_turns import HostTurns
from sevenllm_bench.select_instruct.collect.one_request import PageTime, Requests, WebResponse
from sevenllm_bench.select_instruct.collect.refusals import FailedError
from sevenllm_bench.select_instruct.collect.retry_times import ATTEMPTS, LONGEST_WAIT, RETRIED, own_wait, retry_after
from sevenllm_bench.select_instruct.collect.surroundings import Surroundings
from sevenllm_bench.select_instruct.collect.web_address import WebAddress
from sevenllm_bench.select_instruct.settings.build_config import CollectSection


def user_agent(contact: str) -> str:
    """What requests say of us."""
    return f"sevenllm-bench/{__version__} (+{contact})"


class PoliteRequests:
    """All requests of a run go through here."""

    def __init__(self, settings: CollectSection, surroundings: Surroundings, log: Callable[[str, str, str], None]) -> None:
        """Open the transport; `log` takes event, URL and reason. Close it with `close`."""
        self.clock, self.log = surroundings.clock(), log
        agent = user_agent(settings.contact)
        self._requests = Requests(surroundings.transport(), surroundings.resolver(), agent, settings.private_hosts)
        self._end = self.clock.monotonic() + (settings.max_seconds or float("inf"))
        self.turns = HostTurns(self.clock, settings.delay, 2 * settings.max_pages_per_host + 10, self._end)

    async def close(self) -> None:
        """Close the transport."""
        await self._requests.transport.aclose()

    async def answer(
        self, address: WebAddress, time: PageTime, most: int, conditions: Mapping[str, str] | None = None, cut: bool = False
    ) -> WebResponse:
        """The answer to one URL, asked for up to three times.

        Args:
            address: What to ask for.
            time: What is left for the page; waiting for turns doesn't count.
            most: Most bytes of the body.
            conditions: Headers of a conditional request.
            cut: Whether a longer body is cut off, and not refused.

        Raises:
            RefusedError: The host's addresses, or the answer, are not acceptable.
            FailedError: There was no whole answer, or only one that says to come again.
            OutOfTimeError: The time of the whole run is over.
        """
        problem = ""
        for attempt in range(ATTEMPTS):
            async with self.turns.turn(address.host):
                answer, problem, again = None, "", True
                try:
                    answer = await self._sent(address, conditions or {}, most, time, cut)
                    if answer.status not in RETRIED:
                        return answer
                    problem = f"the server answers {answer.status}"
                except FailedError as error:
                    problem, again = error.reason, error.again
                if not again:
                    break
                self._wait(address, problem, attempt, answer)
        raise FailedError(problem)

    async def _sent(
        self, address: WebAddress, conditions: Mapping[str, str], most: int, time: PageTime, cut: bool
    ) -> WebResponse:
        time.limit = self._end - self.clock.monotonic()
        self.turns.count(address.host)
        try:
            return await self._requests.send(address, conditions, most, time, cut)
        finally:
            self.turns.rest(address.host)

    def _wait(self, address: WebAddress, problem: str, attempt: int, answer: WebResponse | None) -> None:
        """Let the host rest after a failure, as long as it asks for."""
        asked = retry_after(answer.header("retry-after"), self.clock.now()) if answer else None
        if asked is not None and asked > LONGEST_WAIT:
            raise FailedError(f"{problem} and asks to wait {asked:.0f} seconds, more than {LONGEST_WAIT:.0f}")
        if attempt + 1 < ATTEMPTS or asked:
            seconds = own_wait(attempt) if asked is None else asked
            said = f"waits {seconds:.0f} seconds" + (" (Retry-After)" if asked is not None else "")
            self.log("wait", address.url, f"{problem}, attempt {attempt + 1}; {said}")
            self.turns.pause(address.host, seconds)
