"""One call to the server by the `openai` package, and what its reply says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.secrets import quieten, scrub, short_message
from sevenllm_bench.llm.retry import CallError, timed_out, to_call_error
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.types import sendable

if TYPE_CHECKING:
    from openai import AsyncOpenAI


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply with a text.

    Attributes:
        text: The text, not blank.
        tokens_in: Tokens of the prompt as the server counts them, None where it doesn't.
        tokens_out: Tokens of the reply, likewise.
    """

    text: str
    tokens_in: int | None
    tokens_out: int | None


def load_openai() -> Any:
    """The `openai` package, with its and the HTTP libraries' logs turned down.

    Raises:
        ConfigError: It isn't installed.
    """
    try:
        import openai
    except ImportError:
        raise ConfigError('asking a model needs the package openai; pip install "sevenllm-bench[judge]"') from None
    quieten()  # after the import, which sets levels by OPENAI_LOG
    return openai


class Connection:
    """An open connection pool."""

    def __init__(self, client: AsyncOpenAI, settings: ConnectionSettings) -> None:
        """Use `client`, which must not retry by itself."""
        self._client = client
        self._settings = settings

    async def call(self, body: dict[str, Any]) -> Completion:
        """Make one call, and no more.

        Args:
            body: The JSON to send.

        Raises:
            CallError: There is no usable reply.
            ConfigError: No call would get one.
        """
        import openai

        rest = {name: value for name, value in body.items() if name not in ("model", "messages")}
        create = self._client.chat.completions.with_raw_response.create
        try:
            # The package's own limit is one for each read, so a server that trickles would never meet it.
            async with asyncio.timeout(self._settings.timeout_s):
                # All parameters as extra ones: the package refuses those that only other servers know.
                raw = await create(model=body["model"], messages=body["messages"], extra_body=rest)
        except TimeoutError:
            raise timed_out(self._settings) from None
        except openai.OpenAIError as error:
            raise to_call_error(error, self._settings) from None
        return read_completion(raw.http_response.content, self._settings.secret)


@asynccontextmanager
async def connect(settings: ConnectionSettings) -> AsyncIterator[Connection]:
    """A connection pool, closed at the end.

    Raises:
        ConfigError: The key, the address or the `openai` package is missing.
    """
    openai = load_openai()
    client = openai.AsyncOpenAI(api_key=settings.key, base_url=settings.endpoint, timeout=settings.timeout_s, max_retries=0)
    async with client:
        yield Connection(client, settings)


def read_completion(content: bytes, secret: str) -> Completion:
    """The text and the token counts in the body of a reply.

    Args:
        content: The body.
        secret: The API key, taken out of the text where a server sends it back.

    Raises:
        CallError: It is no JSON, or holds no text.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise CallError("broken JSON", "the server's reply is broken JSON", billed=True) from None
    return completion_of(data, secret)


def completion_of(data: Any, secret: str) -> Completion:
    """The same from the JSON value in the body.

    Raises:
        CallError: It holds no text.
    """
    data = data if isinstance(data, dict) else {}
    usage = data.get("usage") if isinstance(data.get("usage"), dict) else {}
    tokens_in, tokens_out = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    choice = _first(data.get("choices"))
    text = _text(choice)
    if text.strip():
        return Completion(sendable(scrub(text, secret)), tokens_in, tokens_out)
    reason = short_message(_why_empty(data, choice), secret)
    raise CallError("empty reply", f"empty reply ({reason})", tokens_in=tokens_in or 0, tokens_out=tokens_out or 0)


def _first(items: Any) -> dict[str, Any]:
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


def _text(choice: dict[str, Any]) -> str:
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):  # in parts, as some servers send it
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _why_empty(data: dict[str, Any], choice: dict[str, Any]) -> str:
    error = data.get("error")
    if error:  # status 200, and yet a failure, as some aggregators send it
        return str(error.get("message") if isinstance(error, dict) else error)
    if not choice:
        return "no choices"
    finish = choice.get("finish_reason")
    return "finish_reason length: raise max_tokens" if finish == "length" else f"finish_reason {finish}"


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
