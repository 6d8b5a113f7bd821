"""One call to the server by the `openai` package."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.secrets import quieten
from sevenllm_bench.llm.call_error import CallError, raise_if_permanent, timed_out, to_call_error
from sevenllm_bench.llm.completion import Completion, read_completion
from sevenllm_bench.llm.http_limits import HEADERS, async_hooks
from sevenllm_bench.llm.settings import ConnectionSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI


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
        try:
            return read_completion(raw.http_response.content, self._settings.secret)
        except CallError as failure:
            raise_if_permanent(failure, self._settings)
            raise


@asynccontextmanager
async def connect(settings: ConnectionSettings) -> AsyncIterator[Connection]:
    """A connection pool, closed at the end.

    Raises:
        ConfigError: The key, the address or the `openai` package is missing.
    """
    openai = load_openai()
    client = openai.AsyncOpenAI(
        api_key=settings.key,
        base_url=settings.endpoint,
        timeout=settings.timeout_s,
        max_retries=0,
        default_headers=HEADERS,
        http_client=openai.DefaultAsyncHttpxClient(timeout=settings.timeout_s, event_hooks=async_hooks()),
    )
    async with client:
        yield Connection(client, settings)
