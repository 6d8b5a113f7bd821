"""Replies kept on disk as soon as they come, so that an interrupted run resumes without asking twice."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import CACHE_VARIABLE, cache_folder

_SCHEMA = "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, value TEXT NOT NULL, created REAL NOT NULL)"
_PUT = "INSERT OR REPLACE INTO replies VALUES (?, ?, ?)"
#: Several processes may share one cache; each waits this long (seconds) for another's write, which takes milliseconds.
_WAIT = 30


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


class ReplyCache:
    """A SQLite file of replies by `request_key`; safe between threads and processes, and against being killed.

    Every `put` is one committed transaction in the write-ahead log, so a process that is killed loses none of them.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        """Open the file, made with its folder when missing.

        Args:
            path: The file; default: `replies.sqlite` in `cache_folder()`.

        Raises:
            ConfigError: It can't be made, written or read as a cache.
        """
        self.path = Path(path).expanduser() if path else cache_folder() / "replies.sqlite"
        self._lock = threading.Lock()
        with self._reported():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
            try:
                self._prepare_patiently()
            except BaseException:
                self._connection.close()
                raise

    def _prepare_patiently(self) -> None:
        """SQLite doesn't wait by itself while other processes open the same new file and turn its log on."""
        give_up = time.monotonic() + _WAIT
        while True:
            try:
                return self._prepare()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
            time.sleep(0.02)

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode=WAL")
        # Survives the death of the process; only a power cut could take back the very last replies.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(_SCHEMA)
        # A read-only file passes all of the above where the table is there already.
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("ROLLBACK")

    def get(self, key: str) -> Any | None:
        """The value kept for `key`, or None where there is none."""
        with self._lock, self._reported():
            row = self._connection.execute("SELECT value FROM replies WHERE key = ?", (key,)).fetchone()
        try:
            return json.loads(row[0]) if row else None
        except ValueError:
            return None  # spoilt by other hands: asked again and overwritten

    def put(self, key: str, value: Any) -> None:
        """Keep a JSON `value` under `key`, in place of any other; it is on disk when this returns.

        Raises:
            ConfigError: The file can't be written any more (a full disk, say).
        """
        text = json.dumps(value)  # ASCII, so that lone surrogates pass
        with self._lock, self._reported():
            self._connection.execute(_PUT, (key, text, time.time()))

    def __len__(self) -> int:
        with self._lock, self._reported():
            return int(self._connection.execute("SELECT count(*) FROM replies").fetchone()[0])

    def close(self) -> None:
        """Close the file; the cache is of no use afterwards."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> ReplyCache:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(
                f"{self.path}: can't be used as the cache of replies ({reason}); "
                f"name a file that can be written, or set {CACHE_VARIABLE} to a folder for it"
            ) from None
