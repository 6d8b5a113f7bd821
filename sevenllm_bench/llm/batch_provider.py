"""The provider's batch interface, and the state of a batch run, in a file with which another process can continue."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import read_bytes
from sevenllm_bench.llm.call_error import CallError, to_call_error
from sevenllm_bench.llm.connection import load_openai
from sevenllm_bench.llm.http_limits import HEADERS, sync_hooks
from sevenllm_bench.llm.retry import backoff
from sevenllm_bench.llm.settings import ConnectionSettings

_Result = TypeVar("_Result")
_FORMAT = 1
#: Most bytes of a file fetched: of replies to as many requests as a batch may have.
MOST_FILE = 1_000_000_000
#: Statuses that change no more.
FINAL = frozenset({"completed", "failed", "expired", "cancelled"})


class NoBatchModeError(ConfigError):
    """The server has no such path, batch or file."""


@dataclass
class Chunk:
    """The requests that go into one batch.

    Attributes:
        keys: Their keys in the cache, which are their names in the batch too.
        file: The id of the file uploaded, "" before.
        batch: The id of the batch started, "" before.
        status: The provider's status, "" before the batch is started.
        answered: Requests answered, by the provider's count.
        failed: Requests failed, by the provider's count.
    """

    keys: list[str]
    file: str = ""
    batch: str = ""
    status: str = ""
    answered: int = 0
    failed: int = 0

    @property
    def done(self) -> bool:
        """Whether its status is final."""
        return self.status in FINAL


@dataclass
class BatchState:
    """A batch run.

    Attributes:
        model: The model asked.
        order: The key of each request, in order, equal ones repeated.
        chunks: Those that the cache didn't answer, by batch.
    """

    model: str
    order: list[str]
    chunks: list[Chunk] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write to `path` in one step: a reader, or a process killed meanwhile, finds the old state or the new one.

        Raises:
            ConfigError: It can't be written.
        """
        partial = path.with_name(path.name + ".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("w", encoding="ascii") as file:
                json.dump({"format": _FORMAT, **asdict(self)}, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            raise ConfigError(f"{path}: the state of the batch run can't be written ({error.strerror or error})") from None

    @classmethod
    def load(cls, path: Path) -> BatchState | None:
        """The state in `path`, None where there is no such file.

        Raises:
            ConfigError: It can't be read, or is something else.
        """
        if not path.exists():
            return None
        content = read_bytes(path, ConfigError)
        try:
            data = json.loads(content)
            if data["format"] != _FORMAT:
                raise ValueError(f"format {data['format']}")
            return cls(str(data["model"]), list(data["order"]), [Chunk(**chunk) for chunk in data["chunks"]])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ConfigError(f"{path}: no state of a batch run ({error}); name another file, or remove it") from None

    def require_same(self, model: str, order: Sequence[str], path: Path) -> None:
        """Check that this is the state of the same requests.

        Raises:
            ConfigError: It isn't.
        """
        if (self.model, self.order) != (model, list(order)):
            raise ConfigError(
                f"{path}: holds another batch run ({len(self.order):,} requests to {self.model}); name another file for this one"
            )


class Provider:
    """Uploads, starts, looks and fetches, one call after the other."""

    def __init__(self, settings: ConnectionSettings) -> None:
        """Prepare a connection; nothing is sent yet.

        Raises:
            ConfigError: The key, the address or the `openai` package is missing.
        """
        self._settings = settings
        self._openai = load_openai()
        self._client = self._openai.OpenAI(
            api_key=settings.key,
            base_url=settings.endpoint,
            timeout=settings.timeout_s,
            max_retries=0,
            default_headers=HEADERS,
            http_client=self._openai.DefaultHttpxClient(timeout=settings.timeout_s, event_hooks=sync_hooks(MOST_FILE)),
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
                raise NoBatchModeError(
                    "the server has no batch mode, or no longer has this batch or file (HTTP 404); ask without batches instead"
                ) from None
            except self._openai.OpenAIError as error:
                failure = to_call_error(error, self._settings)
            except CallError as error:
                failure = error
            if not failure.again or failures >= self._settings.max_attempts:
                raise ConfigError(f"the batch can't continue: {failure.reason}; run the same again to resume") from None
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
