"""What goes into the client and what comes out of it, and the replies kept on disk."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.claimed_cache import ClaimedCache
from sevenllm_bench.io.files import cache_folder
from sevenllm_bench.text.unicode import encodable

#: Tokens of output assumed where a request sets no limit.
UNLIMITED_OUTPUT = 4096


@dataclass(frozen=True)
class Request:
    """One question to the model.

    Attributes:
        messages: The conversation: objects with "role" and "content".
        parameters: What else goes into the call, such as temperature, max_tokens and response_format.
        check: Says why a reply to this request is useless, None when it is good; not part of its key. Without one, the
            check of the run counts.
    """

    messages: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[str], str | None] | None = field(default=None, compare=False, repr=False)

    def key(self, model: str) -> str:
        """The name of this request to `model` in the cache: 64 hex digits."""
        return request_key(model, self.messages, self.parameters)

    def body(self, model: str) -> dict[str, Any]:
        """The JSON body of the call; lone surrogates, which UTF-8 can't carry, become "?"."""
        return sendable({"model": model, "messages": list(self.messages), **self.parameters})

    @property
    def tokens_in(self) -> int:
        """About how many tokens the messages have."""
        return sum(count_tokens(str(message.get("content", ""))) for message in self.messages)

    @property
    def most_tokens_out(self) -> int:
        """The limit of the reply's tokens; 4,096 is assumed where the request sets none."""
        limit = self.parameters.get("max_tokens") or self.parameters.get("max_completion_tokens")
        return int(limit) if limit else UNLIMITED_OUTPUT


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of one request.

    Attributes:
        text: The reply; None where there is none. With an error, the last reply that was refused.
        error: Why there is no good reply, "" when there is one.
        tokens_in: Tokens of the prompt, over all attempts that gave a reply.
        tokens_out: Tokens of the reply, over the same.
        cached: Whether it came from the cache.
        attempts: Calls made for it, 0 from the cache.
    """

    text: str | None
    error: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cached: bool = False
    attempts: int = 0

    def to_cache(self) -> dict[str, Any]:
        """The JSON value to keep."""
        return {"text": self.text, "tokens_in": self.tokens_in, "tokens_out": self.tokens_out}

    @classmethod
    def from_cache(cls, value: Any) -> Reply | None:
        """The reply kept as `value`, None where it isn't one."""
        if not isinstance(value, dict) or not isinstance(value.get("text"), str):
            return None
        return cls(value["text"], "", value.get("tokens_in", 0), value.get("tokens_out", 0), cached=True)


@dataclass
class Usage:
    """Sums over everything a client did.

    Attributes:
        calls: Calls made.
        cached: Requests answered from the cache.
        retries: Calls that repeated another.
        failed: Requests without a good reply.
        tokens_in: Tokens of all prompts answered, as the server counts them.
        tokens_out: Tokens of all replies, the refused ones too.
        usd: US dollars for these tokens; None when the price is unknown.
    """

    calls: int = 0
    cached: int = 0
    retries: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take.

    Attributes:
        calls: Requests to ask, equal ones counted once.
        cached: Requests that the cache answers, equal ones counted once.
        tokens_in: About how many tokens the calls' prompts have.
        usd: US dollars if every reply were as long as it may be; None when the price is unknown.
    """

    calls: int
    cached: int
    tokens_in: int
    usd: float | None


_ASCII = re.compile(r"[\x00-\x7f]+")


def count_tokens(text: str) -> int:
    """About how many tokens `text` has: a quarter of its ASCII characters, and all of the others (Chinese above all)."""
    wide = len(_ASCII.sub("", text))
    return math.ceil((len(text) - wide) / 4) + wide


def sendable(value: Any) -> Any:
    """A JSON value with "?" for lone surrogates, which no UTF-8 file and no call can carry."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, Mapping):
        return {key: sendable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [sendable(item) for item in value]
    return value


def request_key(model: str, messages: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> str:
    """What names a request in the cache: everything that shapes its reply, except which server serves the model.

    Args:
        model: The model's name.
        messages: The conversation, in order.
        parameters: Generation parameters; their order doesn't matter.

    Returns:
        64 hex digits: SHA-256 of the three as canonical JSON.

    Raises:
        ConfigError: Something in them has no JSON form.
    """
    material = {"model": model, "messages": list(messages), "parameters": dict(parameters)}
    try:
        canonical = json.dumps(material, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"a request to {model} holds what JSON can't ({error}); use texts, numbers, lists and objects"
        ) from None
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


class ReplyCache(ClaimedCache):
    """Replies, as JSON values, by `request_key`."""

    def __init__(self, path: str | Path | None = None) -> None:
        """Open the file, made with its folder when missing.

        Args:
            path: The file; default: `replies.sqlite` in `cache_folder()`.

        Raises:
            ConfigError: It can't be made, written or read as a cache.
        """
        super().__init__(Path(path).expanduser() if path else cache_folder() / "replies.sqlite", "replies")

    def get(self, key: str) -> Any | None:
        """The value kept for `key`, or None where there is none, or a corrupted one, which is asked for again."""
        try:
            return json.loads(self.get_many([key])[key])
        except (KeyError, ValueError):
            return None

    def put(self, key: str, value: Any) -> None:
        """Keep a JSON `value` under `key`; it is on disk when this returns.

        Raises:
            ConfigError: The file can't be written any more.
        """
        self.put_many({key: json.dumps(value).encode("ascii")})  # ASCII, so that lone surrogates pass
