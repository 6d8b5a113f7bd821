"""The provider's batch interface: files and batches, each call repeated until it works."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.connection import load_openai
from sevenllm_bench.llm.retry import CallError, backoff, understand
from sevenllm_bench.llm.settings import Settings

_Result = TypeVar("_Result")


class Provider:
    """Uploads, starts, looks and fetches, one call after the other."""

    def __init__(self, settings: Settings) -> None:
        """Prepare a connection; nothing is sent yet.

        Raises:
            ConfigError: The key, the address or the `openai` package is missing.
        """
        self._settings = settings
        self._openai = load_openai()
        self._client = self._openai.OpenAI(
            api_key=settings.key, base_url=settings.endpoint, timeout=settings.timeout_s, max_retries=0
        )

    def upload(self, content: bytes) -> str:
        """Upload the JSON lines of a batch and return the file's id."""
        create = self._client.files.with_raw_response.create
        return self._id(lambda: create(file=("requests.jsonl", content), purpose="batch"))

    def start(self, file: str, look_first: bool = False) -> str:
        """Start the batch of an uploaded file and return its id.

        A batch that is started twice is paid for twice. So after a call whose outcome is unknown, and with `look_first`,
        the provider's list is searched for a batch of this file before another one is started.
        """
        unknown = look_first

        def act() -> Any:
            nonlocal unknown
            found = self._batch_of(file) if unknown else None
            unknown = True
            return found or self._client.batches.with_raw_response.create(
                input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h"
            )

        return self._id(act)

    def batch(self, batch: str) -> dict[str, Any]:
        """The provider's description of a batch."""
        return self._repeat(lambda: _object(self._client.batches.with_raw_response.retrieve(batch)))

    def fetch(self, file: str) -> bytes:
        """The content of a file."""
        return self._repeat(lambda: bytes(self._client.files.content(file).content))

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _batch_of(self, file: str) -> dict[str, Any] | None:
        try:
            listed = _object(self._client.batches.with_raw_response.list(limit=100)).get("data")
        except self._openai.NotFoundError:
            return None  # a server that can't list its batches
        batches = [batch for batch in listed or () if isinstance(batch, dict)] if isinstance(listed, list) else []
        return next((batch for batch in batches if batch.get("input_file_id") == file), None)

    def _id(self, act: Callable[[], Any]) -> str:
        def identified() -> str:
            result = act()
            identifier = (result if isinstance(result, dict) else _object(result)).get("id")
            if not isinstance(identifier, str) or not identifier:
                raise CallError("no id", "the server's reply has no id")
            return identifier

        return self._repeat(identified)

    def _repeat(self, act: Callable[[], _Result]) -> _Result:
        for failures in count(1):
            try:
                return act()
            except self._openai.NotFoundError:
                raise ConfigError(
                    "the server has no batch mode, or no longer has this batch or file (HTTP 404); ask without batches instead"
                ) from None
            except self._openai.OpenAIError as error:
                failure = understand(error, self._settings)
            except CallError as error:
                failure = error
            if not failure.again or failures >= self._settings.max_attempts:
                raise ConfigError(f"the batch can't go on: {failure.reason}; run the same again to resume") from None
            time.sleep(max(failure.wait, backoff(failures, self._settings)))
        raise AssertionError("unreachable")


def _object(raw: Any) -> dict[str, Any]:
    """The JSON object in the body of a reply.

    Raises:
        CallError: There is none.
    """
    try:
        data = json.loads(raw.http_response.content)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise CallError("broken JSON", "the server's reply is broken JSON")
    return data
