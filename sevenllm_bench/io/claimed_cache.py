"""A cache whose values cost money: of several processes that want the same one, one makes it and the others wait."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.sqlite_cache import SqliteCache

#: Seconds after which a claim that isn't renewed is void: its process was killed.
LEASE = 8.0


class ClaimedCache(SqliteCache):
    """A `SqliteCache` in which a process can claim the keys whose values it is about to make."""

    def __init__(self, path: Path, table: str, clock: Callable[[], float] = time.time) -> None:
        """Open the file, made with its folder when missing; `clock` gives seconds that all processes share.

        Raises:
            ConfigError: It can't be made, written or read as a cache.
        """
        self._claims = f"{table}_claims"
        self._owner = uuid.uuid4().hex
        self._clock = clock
        super().__init__(path, table)

    def _prepare(self) -> None:
        super()._prepare()
        columns = "key TEXT PRIMARY KEY, owner TEXT NOT NULL, seen REAL NOT NULL"
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {self._claims} ({columns})")

    def claim(self, key: str) -> bool:
        """Claim a key; False when another cache object, of any process, holds it."""
        now = self._clock()
        query = (
            f"INSERT INTO {self._claims} VALUES (?, ?, ?) "  # noqa: S608
            "ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, seen = excluded.seen WHERE owner = ? OR seen < ?"
        )
        return self._write(query, (key, self._owner, now, self._owner, now - LEASE)) == 1

    def release(self, key: str) -> None:
        """Give up a claim; its value should be kept before."""
        self._write(f"DELETE FROM {self._claims} WHERE key = ? AND owner = ?", (key, self._owner))  # noqa: S608

    def renew(self) -> None:
        """Keep all claims for another `LEASE` seconds; to be called several times within it."""
        self._write(f"UPDATE {self._claims} SET seen = ? WHERE owner = ?", (self._clock(), self._owner))  # noqa: S608

    def close(self) -> None:
        """Give up all claims and close the file."""
        with suppress(ConfigError, sqlite3.Error):
            self._write(f"DELETE FROM {self._claims} WHERE owner = ?", (self._owner,))  # noqa: S608
        super().close()

    def _write(self, query: str, values: tuple[str | float, ...]) -> int:
        """Run one statement, a transaction by itself; the number of rows that it changed."""
        with self._lock, self._reported():
            return self._connection.execute(query, values).rowcount
