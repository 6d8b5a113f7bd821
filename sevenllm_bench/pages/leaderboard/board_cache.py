"""What the leaderboard keeps of a submission by its sha256, so that the next build needn't compute it again."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import cache_folder
from sevenllm_bench.io.sqlite_cache import SqliteCache

logger = logging.getLogger("sevenllm_bench.leaderboard")


class BoardCache:
    """JSON values by key in one table of a file. A cache that can't be used costs time, never a build."""

    def __init__(self, table: str, path: Path | None = None) -> None:
        """Name the file, which is opened when it is first needed.

        Args:
            table: "rows" or "checks".
            path: The file; default: `leaderboard-1.sqlite` in `cache_folder()`.
        """
        self._table = table
        self._path = path or cache_folder() / "leaderboard-1.sqlite"
        self._file: SqliteCache | None = None
        self._is_broken = False

    def get(self, key: str) -> Any:
        """The value kept under a key; None where there is none, or it is damaged."""
        found: dict[str, bytes] = {}
        with self._tolerant():
            found = self._opened().get_many([key])
        try:
            return json.loads(found[key])
        except (KeyError, ValueError, RecursionError):
            return None

    def put(self, key: str, value: Any) -> None:
        """Keep a value."""
        with self._tolerant():
            self._opened().put_many({key: json.dumps(value).encode()})

    def _opened(self) -> SqliteCache:
        if self._is_broken:
            raise ConfigError("")
        if self._file is None:
            self._file = SqliteCache(self._path, self._table)
        return self._file

    @contextmanager
    def _tolerant(self) -> Iterator[None]:
        """A failure becomes one warning, and the file isn't used any more."""
        try:
            yield
        except ConfigError as error:
            if not self._is_broken:
                logger.warning("The leaderboard's cache isn't used (%s).", error)
            self._is_broken = True
            self.close()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
