"""Calls that failed: which are worth another try, when, and without which parameter."""

from __future__ import annotations

import logging
import math
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.secrets import short_message

if TYPE_CHECKING:
    import openai

    from sevenllm_bench.llm.settings import ConnectionSettings

logger = logging.getLogger("sevenllm_bench.llm")

#: Statuses that pass with time, besides all from 500 on.
_PASSING = {408, 409, 429}
#: Most seconds to wait because a server asks for it.
MOST_RETRY_AFTER = 120.0


@dataclass
class CallError(Exception):
    """A call without a usable reply.

    Attributes:
        kind: What happened, in two or three words that hold nothing of the request or the reply, for logs.
        reason: The same with the server's own words, for the caller.
        again: Whether another try may help.
        wait: Seconds that the server asks to wait for.
        everyone: Whether all other calls should wait too.
        billed: Whether the server may have charged for a reply that didn't arrive.
        parameter: The parameter that the server names as wrong, "" for none.
        status: The HTTP status; 0 where there is none.
        tokens_in: Tokens of the prompt that the server counted all the same.
        tokens_out: Tokens of the reply that it counted.
    """

    kind: str
    reason: str
    again: bool = True
    wait: float = 0.0
    everyone: bool = False
    billed: bool = False
    parameter: str = ""
    status: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float:
    """Seconds that a reply's headers ask to wait: `retry-after-ms`, or `Retry-After` in seconds or as an HTTP date.

    Args:
        headers: The headers, in lower case or in a mapping that doesn't care.
        now: Seconds since 1970, for dates; default: the clock's.

    Returns:
        From 0 (no such header, or none that can be read) to 120.
    """
    milliseconds, given = _number(headers.get("retry-after-ms")), headers.get("retry-after")
    seconds = milliseconds / 1000 if milliseconds is not None else _number(given)
    if seconds is None:
        try:
            seconds = parsedate_to_datetime(given or "").timestamp() - (time.time() if now is None else now)
        except (ValueError, OverflowError):
            return 0.0
    return min(max(seconds, 0.0), MOST_RETRY_AFTER)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def backoff(failures: int, settings: ConnectionSettings) -> float:
    """Seconds before the next try after `failures` of them: doubled each time, less up to a half at random."""
    longest = min(settings.max_backoff_s, settings.backoff_s * 2.0 ** min(failures - 1, 30))
    return longest * random.uniform(0.5, 1)  # noqa: S311  (spreads the load, hides nothing)


def to_call_error(error: openai.OpenAIError, settings: ConnectionSettings) -> CallError:
    """What an error of the `openai` package means.

    Raises:
        ConfigError: It means that every other call would fail as well.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        return _of_status(error, settings)
    if isinstance(error, openai.APITimeoutError):
        return timed_out(settings)
    cause = error.__cause__ or error
    reason = short_message(f"{type(cause).__name__}: {cause}", settings.secret)
    return CallError("connection failed", f"connection failed ({reason})")


def timed_out(settings: ConnectionSettings) -> CallError:
    """A call that took longer than it may."""
    return CallError("time limit", f"no reply within {settings.timeout_s:g} s", billed=True)


def _of_status(error: openai.APIStatusError, settings: ConnectionSettings) -> CallError:
    status = error.status_code
    _raise_if_permanent(status, error.code, settings)
    wait = retry_after(error.response.headers)
    return CallError(
        kind=f"HTTP {status}",
        reason=f"HTTP {status}: {short_message(_server_words(error), settings.secret) or 'no reason given'}",
        again=status in _PASSING or status >= 500,
        wait=wait,
        everyone=status == 429 and wait > 0,
        parameter=error.param if isinstance(error.param, str) else "",
        status=status,
    )


def _raise_if_permanent(status: int, code: str | None, settings: ConnectionSettings) -> None:
    server = "the server of OPENAI_BASE_URL" if settings.endpoint else "OpenAI"
    if status == 401:
        raise ConfigError(f"{server} refuses the API key (HTTP 401); check OPENAI_API_KEY, and that it belongs to this server")
    if status == 403:
        raise ConfigError(f"{server} gives the API key no access to {settings.model} (HTTP 403); check its rights and region")
    if status == 404:
        raise ConfigError(
            f"{server} knows no model {settings.model}, or not this address (HTTP 404); check the model's name, "
            "and that the base URL ends as the server wants it (mostly in /v1)"
        )
    if status == 429 and code == "insufficient_quota":
        # The one 429 that waiting doesn't help.
        raise ConfigError(f"{server} says that the account has no quota left (HTTP 429); check its plan and billing")


def _server_words(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or ""
    return body if isinstance(body, str) else str(body or "")


class Gate:
    """Holds all workers back while the server asks for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start open; `clock` gives seconds."""
        self._clock = clock
        self._opens = -math.inf

    def close(self, seconds: float) -> None:
        """Stay closed for `seconds` from now, or longer where that was asked before."""
        self._opens = max(self._opens, self._clock() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds until it opens, 0 when it is open."""
        return max(0.0, self._opens - self._clock())


#: Parameters that a call can do without, with the words by which refusals name them.
_OPTIONAL = {"response_format": ("response_format", "json_schema", "structured output"), "temperature": ("temperature",)}
#: OpenAI's reasoning models want the second name, many servers know the first only.
_LIMITS = ("max_tokens", "max_completion_tokens")
_REFUSAL = re.compile(
    r"unsupported|unavailable|unknown|unrecogni[sz]ed|unexpected|extra (?:inputs|fields)|not implemented|(?:not|n't) support"
    r"|not (?:supported|allowed|permitted|available|accepted|recogni[sz]ed)|invalid parameter",
    re.IGNORECASE,
)
#: A mistake in our own schema must be reported instead of disabling the schema.
_OUR_FAULT = re.compile(r"invalid schema", re.IGNORECASE)


class ParameterFallback:
    """The parameters that a server takes, for the length of a run.

    Attributes:
        left_out: Parameters that are no longer sent.
    """

    def __init__(self) -> None:
        """Assume that the server takes everything."""
        self.left_out: set[str] = set()
        self._renamed: dict[str, str] = {}

    def adapt(self, body: dict[str, Any]) -> dict[str, Any]:
        """`body` as this server wants it."""
        return {self._renamed.get(name, name): value for name, value in body.items() if name not in self.left_out}

    def disable_refused_parameter(self, sent: dict[str, Any], failure: CallError) -> bool:
        """Leave out, or rename, what the refusal of `sent` names; whether the adapted request is worth another call at once.

        Each parameter is changed once, so that this ends whatever the server says.
        """
        if failure.status not in (400, 422) or not _REFUSAL.search(failure.reason) or _OUR_FAULT.search(failure.reason):
            return False
        named = (failure.parameter or failure.reason).lower()
        for name, words in _OPTIONAL.items():
            if name in sent and any(word in named for word in words):
                self._leave_out(name)
                return True
        return self._rename_limit(sent, named)

    def _leave_out(self, name: str) -> None:
        if name not in self.left_out:
            self.left_out.add(name)
            logger.warning("The server doesn't take %s; continuing without it", name)

    def _rename_limit(self, sent: dict[str, Any], named: str) -> bool:
        for old, new in (_LIMITS, _LIMITS[::-1]):
            if old in sent and old in named and new not in sent and self._renamed.get(new) != old:
                self._renamed[old] = new
                return True
        return False
