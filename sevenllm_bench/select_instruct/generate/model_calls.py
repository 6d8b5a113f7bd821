"""Calls to the model of a build: every reply that was received is kept, and what they cost is counted over all runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.client import Client
from sevenllm_bench.llm.kept_batches import BatchesPendingError, KeptBatches
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.shared_budget import SharedBudget
from sevenllm_bench.llm.types import Estimate, Reply, ReplyCache, Request
from sevenllm_bench.select_instruct.delivery.build_account import ModelAccount
from sevenllm_bench.select_instruct.generate.asked_again import asked_again
from sevenllm_bench.select_instruct.settings.build_config import ChatModelSection

#: How often a reply that a request's check refuses is asked for again, with the reason told.
REPEATS = 2
#: Roles: whose calls they are.
WRITER, CRITIC = "writer", "critic"
_REPLIES, _SPENDING, _BATCHES = "replies.sqlite", "spending.sqlite", "batches"
#: A question that nothing is wrong with: where requests fail, it shows whether the server fails.
_PROBE = Request([{"role": "user", "content": "Reply with the word: ready"}], {"max_tokens": 16})


class BudgetReachedError(ConfigError):
    """What is left doesn't fit into the budget; everything that was answered is kept."""


class ModelCalls:
    """Asks one model on behalf of a build; to be closed.

    Nothing is opened before it is needed, so that an object may travel to another process until then.

    A reply is in the file before its request counts as answered, also one that the request's check refuses: it is never
    asked for again. A process that is killed loses the calls in flight, at most `concurrency` of them, and nothing else.

    In batch mode, questions whose reply isn't there are submitted as a batch, and `collect_batches` of a later run fetches the
    replies. What is in a batch is not asked in the other mode either.
    """

    def __init__(self, settings: ChatModelSection, folder: str, role: str = WRITER) -> None:
        """Keep replies and spending in files in `folder`.

        Args:
            settings: The model, and the limits.
            folder: The same for all calls of a build, in all processes and runs.
            role: Whose calls they are; the budget holds for all calls of a role together.
        """
        self.settings = settings
        self.folder = folder
        self.role = role
        self._opened: _Opened | None = None

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """A reply to each request, in their order; equal requests are asked once.

        A reply that the request's check refuses is asked for again, up to `REPEATS` times, with the reason told to the
        model; its tokens count all replies. A reply with an `error` is none: the request failed, or no reply was good.

        Raises:
            BatchesPendingError: Some are in batches that have not ended; the others are kept.
            BudgetReachedError: Some didn't fit into the budget; the others are answered and kept.
            ConfigError: The server is down, or refuses all calls; or a file can't be written.
        """
        with_replies = [_Conversation(request) for request in requests]
        if self.settings.batch:
            self._ask_in_batches(with_replies)
        else:
            for _ in range(REPEATS + 1):
                self._ask_once([one for one in with_replies if one.is_open and not self._waits_for(one)])
            if any(one.is_open and self._waits_for(one) for one in with_replies):
                raise BatchesPendingError(self._pending_message())
        return [conversation.result() for conversation in with_replies]

    def collect_batches(self) -> None:
        """Keep the replies of all batches that have ended; to be called once at the beginning of a run.

        Raises:
            ConfigError: The provider refuses, no longer has a batch, or answered nothing in one.
        """
        if (Path(self.folder) / _BATCHES).is_dir():
            self._open().batches.collect()

    def _ask_in_batches(self, conversations: Sequence[_Conversation]) -> None:
        """Go on with each conversation as far as its replies are there, and submit what they lead to."""
        due = []
        for conversation in conversations:
            while conversation.is_open and conversation.replies <= REPEATS:
                reply = self._known(conversation.request)
                if reply is None:
                    due.append(conversation)
                    break
                conversation.add(reply)
        if not due:
            return
        batches = self._open().batches
        try:
            batches.submit([one.request for one in due if not self._waits_for(one)])
        except ConfigError as error:
            raise ConfigError(f"{self._key_of('batch')}: {error}") from None
        if batches.progress[0]:
            raise BatchesPendingError(self._pending_message())
        raise BudgetReachedError(self._budget_message())

    def _known(self, request: Request) -> Reply | None:
        """The reply that is kept, or the reason why there will be none; None where it is still to come."""
        opened, key = self._open(), request.key(self.settings.name)
        reason = opened.batches.failure(key)
        return Reply.from_cache(opened.cache.get(key)) or (Reply(None, reason) if reason else None)

    def _waits_for(self, conversation: _Conversation) -> bool:
        return self._open().batches.waits_for(conversation.request.key(self.settings.name))

    def _ask_once(self, conversations: Sequence[_Conversation]) -> None:
        if not conversations:
            return
        opened = self._open()
        cache = opened.cache
        keys = [conversation.request.key(self.settings.name) for conversation in conversations]
        asked = [
            replace(conversation.request, check=_first_time(conversation.check, key, cache))
            for conversation, key in zip(conversations, keys, strict=True)
        ]

        def keep(place: int, reply: Reply) -> None:
            if reply.error and _was_received(reply) and cache.get(keys[place]) is None:
                cache.put(keys[place], {**reply.to_cache(), "text": reply.text or ""})

        replies = opened.client.run(asked, on_done=keep)
        if any(reply.error == opened.budget.message for reply in replies):
            raise BudgetReachedError(self._budget_message())
        for conversation, reply in zip(conversations, replies, strict=True):
            conversation.add(reply)

    def kept(self, requests: Sequence[Request]) -> dict[int, Reply]:
        """The good replies of earlier calls, by the place of their request; nothing is asked."""
        return self._open().client.kept(requests)

    def estimate(self, requests: Sequence[Request]) -> Estimate:
        """What `requests` would take now, without asking anything."""
        return self._open().client.estimate([replace(request, check=None) for request in requests])

    def request(self, messages: Sequence[Mapping[str, Any]], check: Callable[[str], str | None], schema: Any = None) -> Request:
        """A request with the parameters of the settings; `schema` goes along as `response_format` where they say so."""
        settings = self.settings
        limit = {} if "max_completion_tokens" in settings.extra_body else {"max_tokens": settings.max_tokens}
        given = {"temperature": settings.temperature, **limit, "response_format": schema if settings.structured else None}
        parameters = {name: value for name, value in {**given, **settings.extra_body}.items() if value is not None}
        return Request(messages, parameters, check)

    def account(self) -> ModelAccount:
        """What was used by now, over all processes and runs of the build."""
        budget = self._opened.budget if self._opened else self._open_budget()
        spending = budget.spending()
        if not self._opened:
            budget.close()
        usd = spending.usd if self._connection().tariff else None
        return ModelAccount(
            name=self.settings.name,
            calls=spending.calls,
            tokens_in=spending.tokens_in,
            tokens_out=spending.tokens_out,
            usd=usd,
        )

    def close(self) -> None:
        """Close the files."""
        if self._opened:
            self._opened.cache.close()
            self._opened.budget.close()
        self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _open(self) -> _Opened:
        if self._opened is None:
            folder, connection = Path(self.folder), self._connection()
            cache, budget = ReplyCache(folder / _REPLIES), self._open_budget()
            self._opened = _Opened(
                cache=cache,
                budget=budget,
                client=Client(connection, cache, probe=_PROBE, budget=budget),
                batches=KeptBatches(connection, folder / _BATCHES, self.role, cache, budget),
            )
        return self._opened

    def _open_budget(self) -> SharedBudget:
        return SharedBudget(Path(self.folder) / _SPENDING, self.role, self.settings.budget_usd, self._connection().tariff)

    def _connection(self) -> ConnectionSettings:
        settings = self.settings
        return ConnectionSettings(
            model=settings.name,
            base_url=settings.base_url,
            concurrency=settings.concurrency,
            timeout_s=settings.timeout,
            max_attempts=settings.max_attempts,
            # A second question is another request, so that the first reply is kept under its own key.
            validation_retries=0,
            budget_usd=settings.budget_usd,
            price=settings.price,
        )

    def _budget_message(self) -> str:
        spending = self._open().budget.spending()
        spent, key = spending.usd + spending.unknown_usd, self._key_of("budget_usd")
        return (
            f"the budget of {self.settings.budget_usd:g} USD is reached: {spent:.4f} USD are spent, and the next calls may cost "
            f"more than is left; all replies are kept: raise {key} and run again"
        )

    def _pending_message(self) -> str:
        submitted, answered = self._open().batches.progress
        return (
            f"{submitted:,} requests are submitted as batches; run the same command again later "
            f"({answered:,} of {submitted:,} answered so far)"
        )

    def _key_of(self, name: str) -> str:
        return f"critic.model.{name}" if self.role == CRITIC else f"model.{name}"


@dataclass(frozen=True, slots=True)
class _Opened:
    """What calls need that can't travel to another process."""

    cache: ReplyCache
    budget: SharedBudget
    client: Client
    batches: KeptBatches


class _Conversation:
    """A request, and what was received for it so far."""

    def __init__(self, request: Request) -> None:
        self.request, self.check = request, request.check
        self._received: list[Reply] = []
        self._problem: str | None = ""

    @property
    def is_open(self) -> bool:
        return self._problem is not None

    @property
    def replies(self) -> int:
        return len(self._received)

    def add(self, reply: Reply) -> None:
        """Note a reply; where it is refused, the next request tells why."""
        self._received.append(reply)
        if not _was_received(reply):
            self._problem, self._failure = None, reply.error
            return
        self._failure = ""
        self._problem = (self.check(reply.text or "") if self.check else None) or (None if reply.text else "the reply is empty")
        if self._problem is not None:
            self.request = asked_again(self.request, reply.text or "", self._problem)

    def result(self) -> Reply:
        """The last reply, with the tokens of all."""
        last = self._received[-1]
        return replace(
            last,
            error=self._failure or self._problem or "",
            tokens_in=sum(reply.tokens_in for reply in self._received),
            tokens_out=sum(reply.tokens_out for reply in self._received),
            attempts=sum(reply.attempts for reply in self._received),
        )


def _was_received(reply: Reply) -> bool:
    """Whether the model answered, well or not; what only failed on the way is asked again by a later run."""
    return reply.cached or reply.text is not None or bool(reply.tokens_in or reply.tokens_out)


def _first_time(check: Callable[[str], str | None] | None, key: str, cache: ReplyCache) -> Callable[[str], str | None]:
    """A check that takes what is in the file as it is: it was refused before, and its request has its successor."""

    def problem(text: str) -> str | None:
        found = check(text) if check else None
        return None if found is None or cache.get(key) is not None else found

    return problem
