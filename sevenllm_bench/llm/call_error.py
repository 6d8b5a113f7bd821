"""A call that failed: what the server said, whether another try can help, and whether any call can."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.secrets import short_message
from sevenllm_bench.llm.retry import retry_after

if TYPE_CHECKING:
    import openai

    from sevenllm_bench.llm.settings import ConnectionSettings

#: Statuses that pass with time, besides all from 500 on.
_PASSING = {408, 409, 425, 429}
#: Statuses by which servers refuse the form of a call: a parameter, a role, a schema.
_ABOUT_FORM = {400, 415, 422, 424, 501}
#: The 429 that waiting doesn't help.
_NO_QUOTA = {"insufficient_quota", "exceeded_current_quota_error", "billing_hard_limit_reached", "billing_not_active"}


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
        replied: Whether a reply came, and was paid for, that can't be used.
        cut: Whether that reply ended at the limit of its tokens.
        parameter: The parameter that the server names as wrong, "" for none.
        status: The HTTP status, or the one in the body of a reply with status 200; 0 where there is none.
        code: The server's code for the error, "" for none.
        words: The server's own words, fit to be shown.
        tokens_in: Tokens of the prompt that the server counted all the same.
        tokens_out: Tokens of the reply that it counted.
    """

    kind: str
    reason: str
    again: bool = True
    wait: float = 0.0
    everyone: bool = False
    billed: bool = False
    replied: bool = False
    cut: bool = False
    parameter: str = ""
    status: int = 0
    code: str = ""
    words: str = ""
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def about_form(self) -> bool:
        """Whether the same request in another form may be taken."""
        # Aggregators say 404 where none of their providers takes the parameters.
        return self.status in _ABOUT_FORM or (self.status == 404 and "support" in self.reason)


def to_call_error(error: openai.OpenAIError, settings: ConnectionSettings) -> CallError:
    """What an error of the `openai` package means.

    Raises:
        ConfigError: It means that every other call would fail as well.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        failure = of_status(error.status_code, error.body, settings.secret, error.response.headers)
        raise_if_permanent(failure, settings)
        return failure
    if isinstance(error, openai.APITimeoutError):
        return timed_out(settings)
    cause = error.__cause__ or error
    if isinstance(cause, CallError | ConfigError):  # raised by our own limits within the HTTP library
        raise cause
    reason = short_message(f"{type(cause).__name__}: {cause}", settings.secret)
    return CallError("connection failed", f"connection failed ({reason})")


def timed_out(settings: ConnectionSettings) -> CallError:
    """A call that took longer than it may."""
    return CallError("time limit", f"no reply within {settings.timeout_s:g} s", billed=True)


def of_status(status: int, body: Any, secret: str, headers: Mapping[str, str] | None = None) -> CallError:
    """The failure that a status and the JSON value (or text) of a body mean.

    Args:
        status: From 400 on.
        body: The body, or what it has under "error".
        secret: The API key, never to be shown.
        headers: The reply's, for how long to wait.
    """
    wait = retry_after(headers or {})
    fields = body if isinstance(body, dict) else {}
    words = short_message(words_of(body), secret)
    return CallError(
        kind=f"HTTP {status}",
        reason=f"HTTP {status}: {words or 'no reason given'}",
        again=status in _PASSING or (status >= 500 and status != 501),
        wait=wait,
        everyone=status == 429 and wait > 0,
        parameter=str(fields.get("param") or ""),
        status=status,
        code=next((str(fields[name]) for name in ("code", "type") if str(fields.get(name)) in _NO_QUOTA), ""),
        words=words,
    )


_WORDS = ("message", "msg", "error_msg", "errorMessage", "status_msg", "detail", "details", "description", "error", "errors")
_TITLE = re.compile(r"<title[^>]*>(.{1,200}?)</title>", re.IGNORECASE | re.DOTALL)
_DEEPEST = 5


def words_of(body: Any, depth: int = 0) -> str:
    """What a server says in the body of an error, in whatever shape: "" where it says nothing."""
    if body is None or depth > _DEEPEST:
        return ""
    if isinstance(body, str):
        title = _TITLE.search(body[:20_000]) if body.lstrip()[:1] == "<" else None
        return f"a web page titled {' '.join(title[1].split())!r}" if title else body
    if isinstance(body, list):
        return "; ".join(filter(None, (words_of(item, depth + 1) for item in body[:5])))
    if not isinstance(body, dict):
        return str(body)
    found = next((words for name in _WORDS if (words := words_of(body.get(name), depth + 1))), "")
    metadata = body.get("metadata")
    # An aggregator's own message says little; the provider's is beside it.
    raw = words_of(metadata.get("raw") or metadata.get("reasons"), depth + 1) if isinstance(metadata, dict) else ""
    return f"{found} ({raw})" if raw else found or json.dumps(body, ensure_ascii=False, default=str)


def raise_if_permanent(failure: CallError, settings: ConnectionSettings) -> None:
    """Raise where a failure says by its status alone that no call will be answered.

    Raises:
        ConfigError: The key is refused, or the account can't pay.
    """
    if failure.status in (401, 402) or (failure.status == 429 and failure.code):
        raise refused_altogether(failure, settings)


def refused_altogether(failure: CallError, settings: ConnectionSettings) -> ConfigError:
    """The error for a server that answers no call, with its own words and what to do."""
    server = "the server of OPENAI_BASE_URL" if settings.endpoint else "OpenAI"
    by_status = {
        401: "refuses the API key (HTTP 401); check OPENAI_API_KEY, and that it belongs to this server",
        402: "wants to be paid first (HTTP 402); check the account's balance",
        403: f"gives the API key no access to {settings.model} (HTTP 403); check its rights and region",
        404: f"knows no model {settings.model}, or not this address (HTTP 404); check the model's name, "
        "and that the base URL ends as the server wants it (mostly in /v1)",
        429: "says that the account has no quota left (HTTP 429); check its plan and billing",
    }
    if failure.status in by_status and (failure.status != 429 or failure.code):
        said = by_status[failure.status]
        return ConfigError(f"{server} {said}" + (f". It says: {failure.words}" if failure.words else ""))
    return ConfigError(
        f"{server} answers no call to {settings.model} ({failure.reason}); check the model's name, the key, the address "
        "(the base URL mostly ends in /v1) and what else is sent (extra body, max_tokens)"
    )
