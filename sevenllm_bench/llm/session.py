"""From one request to a good reply, or to the reason for none: calls, retries and repeated questions."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.call_error import CallError, refused_altogether
from sevenllm_bench.llm.call_forms import CallForms, Form, in_form, named_in
from sevenllm_bench.llm.completion import Completion
from sevenllm_bench.llm.connection import Connection
from sevenllm_bench.llm.counted_calls import CountedCalls, Effort, NoMoreCallsError
from sevenllm_bench.llm.pricing import Budget
from sevenllm_bench.llm.retry import Gate, backoff
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.types import Reply, Request, Usage

logger = logging.getLogger("sevenllm_bench.llm")

#: Says why a reply's text is useless, None when it is good.
Validate = Callable[[str], str | None]
#: Failures one after the other, of different requests, after which the server itself is checked.
_SUSPICIOUS = 3
#: Calls of a check that may be paid for though nothing came of them.
_MOST_BILLED_PROBES = 2


@dataclass
class _Health:
    """Whether it is the requests that fail, or the server.

    Attributes:
        answered: Whether there was any reply with a text.
        failed: Requests that failed since the last one.
        suspicious: How many of them make the server suspicious once it has answered.
        checking: Held while the server is checked.
    """

    answered: bool = False
    failed: int = 0
    suspicious: int = _SUSPICIOUS
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def note_answer(self) -> None:
        self.answered, self.failed = True, 0

    @property
    def doubtful(self) -> bool:
        return self.failed >= (self.suspicious if self.answered else 1)


class Session:
    """What the workers of one run share: the connection, the gate, the budget, and the reason to stop."""

    def __init__(
        self,
        settings: ConnectionSettings,
        connection: Connection,
        forms: CallForms,
        budget: Budget,
        usage: Usage,
        probe: Request | None = None,
    ) -> None:
        """Make calls over `connection` in one of `forms`, and count them in `budget` and `usage`.

        `probe` is a harmless request that shows whether a server refuses everything or only one request.
        """
        self.stopped_by: ConfigError | None = None
        self._settings = settings
        self._calls = CountedCalls(settings, connection, budget, usage)
        self._forms = forms
        self._budget = budget
        self._probe = probe
        self._gate = Gate()
        self._stop = asyncio.Event()
        # The first request is asked alone until it is answered or has to wait: where the server refuses it, the others
        # needn't be refused too.
        self._first: Effort | None = None
        self._first_settled = asyncio.Event()
        if forms.taken:
            self._first_settled.set()
        self._learning = asyncio.Lock()
        self._health = _Health(answered=bool(forms.taken))

    async def ask(self, request: Request, validate: Validate | None) -> Reply | None:
        """Ask until there is a good reply or the attempts are used up.

        Args:
            request: What to ask.
            validate: Refuses useless replies; the request's own check goes before it.

        Returns:
            The reply, good or with the reason why not; None when the run was stopped before (see `stopped_by`).
        """
        effort, check = Effort(), request.check or validate
        while await self._may_call(effort):
            try:
                done = await self._answer(request, effort)
            except NoMoreCallsError:
                self._first_settled.set()
                return effort.reply(self._budget.message) if self.stopped_by is None else None
            except ConfigError as error:
                self._stop_all(error)
            except CallError as failure:
                reason = await self._after_failure(request, failure, effort)
                if reason is not None:
                    return effort.reply(reason) if self.stopped_by is None else None
            else:
                self._first_settled.set()
                effort.text = done.text
                problem = check(done.text) if check else None
                if problem and done.cut:
                    problem += " (finish_reason length: raise max_tokens)"
                if not problem or not self._asks_again(request, effort, done.cut, problem):
                    return effort.reply(problem or "")
        return None

    def _asks_again(self, request: Request, effort: Effort, cut: bool, problem: str) -> bool:
        """Whether a reply that was refused is worth another call."""
        if cut:
            effort.cut = problem
            return self._forms.make_room(request, effort.form, self._settings.model)
        effort.refusals += 1
        return effort.refusals <= self._settings.validation_retries

    async def _after_failure(self, request: Request, failure: CallError, effort: Effort) -> str | None:
        """Wait, or make room, for another call; or the reason why there is no reply."""
        if failure.cut and self._asks_again(request, effort, failure.cut, failure.reason):
            return None
        effort.failures += 1
        most = self._settings.max_attempts
        if failure.replied:  # and was paid for
            most = min(most, self._settings.validation_retries + 1)
        if failure.again and effort.failures < most:
            await self._wait_after(failure, effort)
            return None
        if not failure.replied:
            await self._check_server(failure)
        self._first_settled.set()
        return _with_attempts(failure.reason, effort.calls)

    async def _check_server(self, failure: CallError) -> None:
        """Stop the run where not only this request fails."""
        self._health.failed += 1
        async with self._health.checking:
            if not self._health.doubtful or self.stopped_by:
                return
            if self._probe is None:
                wrong = failure if failure.status in (403, 404, 405) else None
            else:
                wrong = await self._probe_failure(self._probe)
            if wrong:
                self._stop_all(refused_altogether(wrong, self._settings))
            elif self._probe:
                self._health.suspicious *= 2

    async def _probe_failure(self, probe: Request) -> CallError | None:
        """How the server refuses a request that nothing is wrong with; None where it answers."""
        effort = Effort()
        for place in range(1, self._settings.max_attempts + 1):
            try:
                await self._answer(probe, effort, probing=True)
            except NoMoreCallsError:
                return None
            except ConfigError as error:
                self._stop_all(error)
                return None
            except CallError as failure:
                if failure.replied or failure.cut:
                    return None
                most = min(_MOST_BILLED_PROBES, self._settings.max_attempts) if failure.billed else self._settings.max_attempts
                if not failure.again or place >= most:
                    return failure
                effort.failures += 1
                await self._wait_after(failure, effort)
            else:
                return None
        return None

    async def _answer(self, request: Request, effort: Effort, probing: bool = False) -> Completion:
        """One call; where the server refuses its form, calls in other forms until one is taken."""
        form = self._forms.form
        try:
            return await self._call(request, form, effort)
        except CallError as failure:
            if "room" in form and effort.cut and failure.about_form:
                self._forms.refuse_room()
                raise CallError("cut reply", effort.cut, again=False, replied=True) from None
            exhausted = effort.failures + 1 >= self._settings.max_attempts
            # Another form may have been taken since this call began; only what was taken in this one shows that it is sound.
            broken = failure.status == 500 and exhausted and form not in self._forms.taken and _has_form(request)
            if not (failure.about_form or broken):
                raise
            return await self._in_another_form(request, form, failure, effort, probing)

    async def _in_another_form(
        self, request: Request, form: Form, refusal: CallError, effort: Effort, probing: bool
    ) -> Completion:
        """Try other forms; the first one that is taken is used from then on, unless the old one was taken before.

        Raises:
            CallError: The first refusal, where every form is refused; another failure as it comes.
        """
        async with self._learning:
            taken = form in self._forms.taken
            named = set(named_in(refusal))
            waiting, seen = deque(self._forms.others(form, refusal, taken, probing)), [in_form(request, form)]
            while waiting:
                candidate = waiting.popleft()
                if (call := in_form(request, candidate)) in seen:
                    continue
                seen.append(call)
                try:
                    done = await self._call(request, candidate, effort)
                except CallError as failure:
                    if failure.cut:
                        self._learn(candidate, taken, refusal)
                    if not failure.about_form and failure.status != refusal.status:
                        raise
                    more = [name for name in named_in(failure) if name not in named]
                    named.update(more)
                    waiting.extendleft(candidate | {name} for name in reversed(more))
                else:
                    self._learn(candidate, taken, refusal)
                    return done
        raise refusal

    def _learn(self, form: Form, taken_before: bool, refusal: CallError) -> None:
        if not taken_before and form != self._forms.form:
            self._forms.learn(form, self._settings.model, refusal)

    async def _call(self, request: Request, form: Form, effort: Effort) -> Completion:
        """Make one call in a form, and note whether it was taken."""
        effort.form = form
        try:
            done = await self._calls.make(in_form(request, form), effort)
        except CallError as failure:
            if failure.cut:
                self._note_taken(form)
            raise
        self._note_taken(form)
        return done

    def _note_taken(self, form: Form) -> None:
        self._forms.taken.add(form)
        self._health.note_answer()

    async def _may_call(self, effort: Effort) -> bool:
        """Wait for the first request, for another form to be found, and while the gate is closed; whether the run continues."""
        self._first = self._first or effort
        if self._first is not effort:
            await self._first_settled.wait()
        async with self._learning:
            pass
        while self._gate.remaining and not self.stopped_by:
            await self._pause(self._gate.remaining)
        return self.stopped_by is None

    async def _wait_after(self, failure: CallError, effort: Effort) -> None:
        self._first_settled.set()
        seconds = max(failure.wait, backoff(effort.failures or 1, self._settings))
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
        self._calls.stop()
        self._stop.set()
        self._first_settled.set()


def _has_form(request: Request) -> bool:
    """Whether there is something in a request that servers fail at instead of refusing it: a schema, a system message."""
    return "response_format" in request.parameters or any(message.get("role") == "system" for message in request.messages)


def _with_attempts(reason: str, calls: int) -> str:
    return f"{reason} (after {calls} attempts)" if calls > 1 else reason
