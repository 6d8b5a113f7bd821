"""A SQLite file of values by key: what was paid or computed once is not asked for again."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import CACHE_VARIABLE

#: Several processes may share one cache; each waits this long (seconds) for another's write, which takes milliseconds.
_WAIT = 30
#: Keys in one query.
_MANY = 500


class SqliteCache:
    """A table of bytes by text key; safe between threads and processes, and against being killed.

    Every `put` is one committed transaction in the write-ahead log, so a process that is killed loses none of them.
    """

    def __init__(self, path: Path, table: str) -> None:
        """Open the file, made with its folder when missing.

        Args:
            path: The file.
            table: The table's name, a plain word.

        Raises:
            ConfigError: It can't be made, written or read as a cache.
        """
        self.path = path
        self._table = table
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
        # Survives the death of the process; only a power cut could lose the very last values.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        columns = "key TEXT PRIMARY KEY, value TEXT NOT NULL, created REAL NOT NULL"
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {self._table} ({columns})")
        # A read-only file passes all of the above where the table exists already.
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("ROLLBACK")

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """The values kept for these keys; keys without one are left out."""
        wanted, found = list(keys), {}
        with self._lock, self._reported():
            for start in range(0, len(wanted), _MANY):
                part = wanted[start : start + _MANY]
                query = f"SELECT key, value FROM {self._table} WHERE key IN ({','.join('?' * len(part))})"  # noqa: S608
                for key, value in self._connection.execute(query, part):
                    found[key] = value.encode() if isinstance(value, str) else value
        return found

    def put_many(self, values: Mapping[str, bytes]) -> None:
        """Keep values in place of any others, in one transaction; they are on disk when this returns.

        Raises:
            ConfigError: The file can't be written any more (a full disk, say).
        """
        rows = [(key, value, time.time()) for key, value in values.items()]
        with self._lock, self._reported():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?, ?)", rows)  # noqa: S608
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite ends it by itself when the disk is full
                    self._connection.execute("ROLLBACK")
                raise

    def __len__(self) -> int:
        with self._lock, self._reported():
            return int(self._connection.execute(f"SELECT count(*) FROM {self._table}").fetchone()[0])  # noqa: S608

    def close(self) -> None:
        """Close the file; the cache can't be used afterwards."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
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
                f"{self.path}: can't be used as a cache ({reason}); "
                f"name a file that can be written, or set {CACHE_VARIABLE} to a folder for it"
            ) from None
