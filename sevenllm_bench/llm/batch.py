"""Batch mode, for providers that have it: cheaper, done within a day, and resumable at every step."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.secrets import short_message
from sevenllm_bench.llm.batch_provider import BatchState, Chunk, Provider
from sevenllm_bench.llm.call_error import CallError
from sevenllm_bench.llm.client import Client
from sevenllm_bench.llm.completion import completion_of
from sevenllm_bench.llm.session import Validate
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.types import Reply, ReplyCache, Request

logger = logging.getLogger("sevenllm_bench.llm")

#: The providers' limits to one batch.
MOST_REQUESTS = 50_000
MOST_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far a batch run is.

    Attributes:
        requests: Requests in batches; what the cache answers is in none.
        answered: Of these, answered by the provider's count.
        failed: Of these, failed by the provider's count.
        states: The provider's status of each batch, such as "in_progress"; "not started" where submitting was interrupted.
        done: Whether all batches have ended, successfully or not.
    """

    requests: int
    answered: int
    failed: int
    states: tuple[str, ...]
    done: bool


class BatchRun:
    """Requests asked in batches: submit, poll until done, collect; in one process or in several.

    Requests that come back without a good reply aren't asked again; `Client`, with the same cache, asks just these.
    """

    def __init__(self, settings: ConnectionSettings, cache: ReplyCache | None, state_path: str | Path) -> None:
        """Begin or resume.

        Args:
            settings: The model and where it is.
            cache: Where replies are looked up and kept; the caller closes it.
            state_path: The file that holds the state between the steps; it holds no text and no key.

        Raises:
            ConfigError: The state can't be read.
        """
        self._settings = settings
        self._cache = cache
        self._path = Path(state_path).expanduser()
        self._state = BatchState.load(self._path)
        self._checks: dict[str, Validate | None] = {}

    def submit(self, requests: Sequence[Request]) -> None:
        """Start batches for all requests that the cache doesn't answer; equal ones are asked once.

        After an interruption the same call goes on where it stopped, and starts nothing twice.

        Raises:
            ConfigError: The server refuses, the state file belongs to other requests, or the budget doesn't suffice.
        """
        keys = [request.key(self._settings.model) for request in requests]
        self._checks = {key: request.check for key, request in zip(keys, requests, strict=True)}
        lines = {key: _line(key, request, self._settings.model) for key, request in zip(keys, requests, strict=True)}
        if self._state is None:
            self._check_budget(requests)
            to_ask = [key for key in lines if self._cached(key) is None]
            chunks = [Chunk(part) for part in _split(to_ask, lines)]
            self._state = BatchState(self._settings.model, keys, chunks)
            self._state.save(self._path)
        self._state.require_same(self._settings.model, keys, self._path)
        for chunk in self._state.chunks:
            self._start(chunk, lines)

    def poll(self) -> BatchStatus:
        """Ask the provider how far the batches are.

        Raises:
            ConfigError: Nothing was submitted, or the server refuses.
        """
        state = self._submitted()
        for chunk in state.chunks:
            if chunk.batch and not chunk.done:
                self._look(chunk)
        state.save(self._path)
        return BatchStatus(
            requests=sum(len(chunk.keys) for chunk in state.chunks),
            answered=sum(chunk.answered for chunk in state.chunks),
            failed=sum(chunk.failed for chunk in state.chunks),
            states=tuple(chunk.status or "not started" for chunk in state.chunks),
            done=all(chunk.done for chunk in state.chunks),
        )

    def collect(self, validate: Validate | None = None) -> list[Reply]:
        """Fetch what there is.

        Args:
            validate: Says why a reply is useless, or None when it is good; only good ones go into the cache. Requests that
                this process submitted with a check of their own have that.

        Returns:
            A reply to each request submitted, in order; with a reason where there is none (yet).

        Raises:
            ConfigError: Nothing was submitted, the server refuses, or the cache can't be written.
        """
        state = self._submitted()
        found: dict[str, Reply] = {}
        for chunk in state.chunks:
            found.update(self._collect(chunk, validate))
        state.save(self._path)
        failed = sum(bool(reply.error) for reply in found.values())
        logger.info("%d replies from %d batches, %d without a good one", len(found), len(state.chunks), failed)
        gone = Reply(None, "it was in the cache when the batches were submitted, and is no longer")
        return [found.get(key) or self._cached(key) or gone for key in state.order]

    @cached_property
    def _provider(self) -> Provider:
        return Provider(self._settings)

    def _submitted(self) -> BatchState:
        if self._state is None:
            raise ConfigError(f"{self._path}: no such file, so no batch was submitted yet; submit first")
        return self._state

    def _cached(self, key: str) -> Reply | None:
        return Reply.from_cache(self._cache.get(key)) if self._cache is not None else None

    def _check_budget(self, requests: Sequence[Request]) -> None:
        limit = self._settings.budget_usd
        estimate = Client(self._settings, self._cache).estimate(requests)
        if limit is not None and (estimate.usd or 0.0) > limit:
            raise ConfigError(
                f"{estimate.calls:,} requests may cost up to {estimate.usd:.2f} USD at the full price, which is more than the "
                f"budget of {limit:g} USD; a batch can't be stopped midway, so raise the budget or ask less"
            )

    def _start(self, chunk: Chunk, lines: dict[str, bytes]) -> None:
        """Upload and start what isn't yet; each step is written down before the next."""
        assert self._state
        resumed = bool(chunk.file)
        if not chunk.file:
            chunk.file = self._provider.upload(b"".join(lines[key] for key in chunk.keys))
            self._state.save(self._path)
        if not chunk.batch:
            chunk.batch, chunk.status = self._provider.start(chunk.file, look_first=resumed), "validating"
            self._state.save(self._path)
            logger.info("Batch %s started with %d requests", chunk.batch, len(chunk.keys))

    def _look(self, chunk: Chunk) -> dict[str, Any]:
        batch = self._provider.batch(chunk.batch)
        counts = batch.get("request_counts")
        counts = counts if isinstance(counts, dict) else {}
        chunk.status = str(batch.get("status") or "unknown")
        chunk.answered, chunk.failed = int(counts.get("completed") or 0), int(counts.get("failed") or 0)
        if chunk.done and chunk.status != "completed":
            logger.warning("Batch %s has ended as %s", chunk.batch, chunk.status)
        return batch

    def _collect(self, chunk: Chunk, validate: Validate | None) -> dict[str, Reply]:
        if not chunk.batch:
            return dict.fromkeys(chunk.keys, Reply(None, "its batch was never started; submit again"))
        batch = self._look(chunk)
        if not chunk.done:
            return dict.fromkeys(chunk.keys, Reply(None, f"batch {chunk.batch} is {chunk.status}; collect later"))
        replies = dict.fromkeys(chunk.keys, Reply(None, self._why_missing(chunk, batch)))
        # Errors first: should a request be in both files, its reply counts.
        for name in ("error_file_id", "output_file_id"):
            content = self._provider.fetch(batch[name]) if batch.get(name) else b""
            for record in _records(content):
                key = record.get("custom_id")
                if key in replies:
                    replies[key] = self._read(key, record, validate)
        return replies

    def _why_missing(self, chunk: Chunk, batch: dict[str, Any]) -> str:
        if chunk.status == "completed":
            return f"batch {chunk.batch} has no line for it"
        errors = batch.get("errors")
        listed = errors.get("data") if isinstance(errors, dict) else None
        words = "; ".join(_message(error) for error in listed) if isinstance(listed, list) else ""
        return short_message(f"batch {chunk.batch} {chunk.status}" + (f": {words}" if words else ""), self._settings.secret)

    def _read(self, key: str, record: dict[str, Any], validate: Validate | None) -> Reply:
        response = record.get("response")
        response = response if isinstance(response, dict) else {}
        body, status = response.get("body"), response.get("status_code")
        if record.get("error") or status != 200:
            words = _message(record.get("error") or (body.get("error") if isinstance(body, dict) else body))
            return Reply(None, short_message(f"HTTP {status}: {words}" if status else words, self._settings.secret), attempts=1)
        try:
            done = completion_of(body, self._settings.secret)
        except CallError as failure:
            return Reply(None, failure.reason, failure.tokens_in, failure.tokens_out, attempts=1)
        check = self._checks.get(key) or validate
        problem = (check(done.text) if check else None) or ""
        reply = Reply(done.text, problem, done.tokens_in or 0, done.tokens_out or 0, attempts=1)
        if self._cache is not None and not problem:
            self._cache.put(key, reply.to_cache())
        return reply


def _line(key: str, request: Request, model: str) -> bytes:
    record = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": request.body(model)}
    return json.dumps(record, ensure_ascii=False).encode("utf-8") + b"\n"


def _split(keys: Sequence[str], lines: dict[str, bytes]) -> Iterator[list[str]]:
    """`keys` in parts whose lines keep to the limits of one batch."""
    part: list[str] = []
    size = 0
    for key in keys:
        if part and (len(part) == MOST_REQUESTS or size + len(lines[key]) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(key)
        size += len(lines[key])
    if part:
        yield part


def _records(content: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects in `content`, line by line; others are passed over, and their requests reported as missing."""
    # Lines of bytes: those of a text would also end at U+2028, which JSON allows within.
    for line in content.splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _message(error: Any) -> str:
    words = error.get("message") or error.get("code") if isinstance(error, dict) else error
    return str(words or "no reason given")
