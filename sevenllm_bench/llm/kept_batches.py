"""Batches of work that goes on over many runs: each is sent once, paid for once, and in files from before it is sent on."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import read_bytes
from sevenllm_bench.llm.batch import BatchRun
from sevenllm_bench.llm.batch_provider import BatchState, NoBatchModeError
from sevenllm_bench.llm.settings import ConnectionSettings
from sevenllm_bench.llm.shared_budget import SharedBudget
from sevenllm_bench.llm.types import Reply, ReplyCache, Request, count_tokens, sendable

#: A question that so many batches gave no reply to is not asked again.
MOST_BATCHES = 2
#: The files of a batch: what is asked; how far it is (see `BatchState`); why some questions got no reply.
_QUESTIONS, _STATE, _FAILED = ".questions.jsonl", ".state.json", ".failed.jsonl"


class BatchesPendingError(ConfigError):
    """Replies are needed that the provider is still working on; the same can be run again later."""


class UnansweredBatchError(ConfigError):
    """A batch ended without a single reply; it isn't waited for any longer."""


class KeptBatches:
    """The batches of one model and one account.

    A batch begins with the file of its questions; then the most that it may cost is set aside, then `BatchRun` sends it, and
    writes down each step before the next. When it has ended, its replies go into the cache, then its cost takes the place
    of what was set aside, then the file of its failures is written and the others are removed. A process that is killed
    between any two steps leaves what the next `collect` goes on with.
    """

    def __init__(self, settings: ConnectionSettings, folder: Path, account: str, cache: ReplyCache, budget: SharedBudget) -> None:
        """Nothing is read or sent yet.

        Args:
            settings: The model, and where it is.
            folder: Of the files; several models and accounts may share it.
            account: Whose batches they are.
            cache: Where replies are kept.
            budget: What may be spent on the account.
        """
        self._settings = replace(settings, budget_usd=None)  # `budget` decides
        self._folder = folder
        self._begin = f"{account}-{hashlib.sha256(settings.model.encode()).hexdigest()[:8]}-"
        self._cache, self._budget = cache, budget
        self._waiting: set[str] | None = None
        self._reasons: dict[str, list[str]] | None = None

    def collect(self) -> None:
        """Keep the replies of all batches that have ended; start what was interrupted before it was started.

        Raises:
            ConfigError: The provider refuses, no longer has a batch, or answered nothing in one.
        """
        for partial in self._folder.glob(f"{self._begin}*.partial"):  # of a process that was killed
            partial.unlink(missing_ok=True)
        problems = []
        for name in self._names(_QUESTIONS):
            try:
                self._go_on(name)
            except ConfigError as error:
                problems.append(self._explained(error, name))
        self._waiting = self._reasons = None
        for problem in problems:
            raise problem

    def submit(self, requests: Sequence[Request]) -> int:
        """Send a batch of as many requests as the budget allows, from the first on; equal ones are sent once.

        Returns:
            How many were left out.

        Raises:
            ConfigError: The server has no batch mode, or refuses.
        """
        unique = list({request.key(self._settings.model): request for request in requests}.values())
        costs = accumulate(map(self._budget.worst, unique))
        taken = unique[: sum(1 for _ in takewhile(self._budget.fits, costs))]
        sent = self._send(taken) if taken else False
        return len(unique) - (len(taken) if sent else 0)

    def waits_for(self, key: str) -> bool:
        """Whether the request of this key is in a batch whose replies are not kept yet."""
        if self._waiting is None:
            self._waiting = {asked for state in self._pending() for asked in state.order}
        return key in self._waiting

    @property
    def progress(self) -> tuple[int, int]:
        """Requests in batches whose replies are not kept yet, and how many of them were answered when last looked at."""
        chunks = [chunk for state in self._pending() for chunk in state.chunks]
        return sum(len(chunk.keys) for chunk in chunks), sum(chunk.answered for chunk in chunks)

    def failure(self, key: str) -> str:
        """Why the request of this key is not asked again; "" where it may be."""
        if self._reasons is None:
            self._reasons = defaultdict(list)
            for name in self._names(_FAILED):
                for failed in self._lines(name, _FAILED):
                    self._reasons[failed["key"]].append(failed["reason"])
        reasons = self._reasons.get(key, [])
        return reasons[-1] if len(reasons) >= MOST_BATCHES else ""

    def _pending(self) -> list[BatchState]:
        states = (BatchState.load(self._path(name, _STATE)) for name in self._names(_STATE))
        return [state for state in states if state]

    def _send(self, requests: Sequence[Request]) -> bool:
        """Send a batch; False where another process has used the budget meanwhile."""
        name = f"{self._begin}{uuid.uuid4().hex[:12]}"
        questions = (sendable({"messages": list(one.messages), "parameters": one.parameters}) for one in requests)
        self._write(self._path(name, _QUESTIONS), questions)
        self._waiting = None
        if not self._budget.reserve_batch(name, sum(map(self._budget.worst, requests))):
            self._remove(name)
            return False
        try:
            BatchRun(self._settings, None, self._path(name, _STATE)).submit(requests)
        except ConfigError as error:
            if isinstance(error, NoBatchModeError) or not self._was_uploaded(name):
                self._drop(name)
                raise
            raise self._explained(error, name) from None
        return True

    def _go_on(self, name: str) -> None:
        """Take the next steps of a batch."""
        if self._path(name, _FAILED).exists():
            self._remove(name)
        elif not self._was_uploaded(name):
            # Nothing was started: whoever needs the replies asks again.
            self._drop(name)
        else:
            requests = [Request(line["messages"], line["parameters"]) for line in self._lines(name, _QUESTIONS)]
            run = BatchRun(self._settings, None, self._path(name, _STATE))
            run.submit(requests)
            status = run.poll()
            if status.done:
                self._keep(name, requests, run.collect(), "completed" in status.states)

    def _keep(self, name: str, requests: Sequence[Request], replies: Sequence[Reply], completed: bool) -> None:
        """Keep replies, cost and failures of a batch that has ended."""
        failed: dict[str, str] = {}
        unknown, tokens_in, tokens_out = 0.0, 0, 0
        for request, reply in zip(requests, replies, strict=True):
            key = request.key(self._settings.model)
            if reply.text is None and not (reply.tokens_in or reply.tokens_out):
                failed[key] = reply.error
                # A provider that leaves out the line of a request may have been paid for it.
                unknown += self._budget.worst(request) if completed and not reply.attempts else 0.0
                continue
            text = reply.text or ""
            counted = replace(
                reply,
                text=text,
                tokens_in=reply.tokens_in or request.tokens_in,
                tokens_out=reply.tokens_out or count_tokens(text),
            )
            self._cache.put(key, counted.to_cache())
            tokens_in, tokens_out = tokens_in + counted.tokens_in, tokens_out + counted.tokens_out
        self._budget.settle_batch(name, unknown, (tokens_in, tokens_out), len(requests))
        self._write(self._path(name, _FAILED), ({"key": key, "reason": reason} for key, reason in failed.items()))
        self._remove(name)
        if len(failed) == len(requests):
            raise UnansweredBatchError(f"none of the {len(failed):,} requests of a batch was answered: {replies[0].error}")

    def _was_uploaded(self, name: str) -> bool:
        state = BatchState.load(self._path(name, _STATE))
        return state is not None and any(chunk.file for chunk in state.chunks)

    def _lines(self, name: str, end: str) -> Iterator[dict[str, Any]]:
        """The JSON objects in a file of a batch."""
        path = self._path(name, end)
        for line in read_bytes(path, ConfigError).splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                raise ConfigError(f"{path}: no file of a batch") from None

    def _drop(self, name: str) -> None:
        """Forget a batch that was never started."""
        self._budget.settle_batch(name, 0.0, (0, 0), 0)
        self._remove(name)

    def _remove(self, name: str) -> None:
        """Remove the files of a batch, except that of its failures; its name goes last, for one that is interrupted."""
        for end in (_STATE, _QUESTIONS):
            self._path(name, end).unlink(missing_ok=True)
        self._waiting = self._reasons = None

    def _explained(self, error: ConfigError, name: str) -> ConfigError:
        if isinstance(error, UnansweredBatchError):
            return error
        return ConfigError(f"{error} (to give this batch up, remove {self._folder / name}.*)")

    def _names(self, end: str) -> list[str]:
        return sorted(path.name.removesuffix(end) for path in self._folder.glob(f"{self._begin}*{end}"))

    def _path(self, name: str, end: str) -> Path:
        return self._folder / f"{name}{end}"

    @staticmethod
    def _write(path: Path, values: Iterable[Any]) -> None:
        """Write JSON lines in one step."""
        partial = path.with_name(f"{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("w", encoding="ascii") as file:
                file.writelines(f"{json.dumps(value)}\n" for value in values)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            raise ConfigError(f"{path}: can't be written ({error.strerror or error})") from None
