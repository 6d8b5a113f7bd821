"""Embeddings kept on disk between runs, keyed by model, revision and text."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sevenllm_bench.io.files import cache_folder

if TYPE_CHECKING:
    import numpy as np

logger = logging.getLogger("sevenllm_bench.embedding")


class EmbeddingCache:
    """A SQLite file of vectors. A cache that can't be used costs time, never a run: problems are logged once."""

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        self._path = path
        self._broken = False

    @classmethod
    def in_cache_folder(cls) -> EmbeddingCache:
        """The cache in `cache_folder()`."""
        return cls(cache_folder() / "embeddings.sqlite")

    def get(self, model: str, texts: Iterable[str]) -> dict[str, np.ndarray]:
        """The vectors known for these texts; texts without one are left out."""
        import numpy as np

        by_key = {_key(model, text): text for text in texts}
        found: dict[str, np.ndarray] = {}
        with _Tolerant(self), self._connect() as connection:
            for key, text in by_key.items():
                row = connection.execute("SELECT vector FROM embeddings WHERE key = ?", (key,)).fetchone()
                if row:
                    found[text] = np.frombuffer(row[0], dtype=np.float32)
        return found

    def put(self, model: str, vectors: Mapping[str, np.ndarray]) -> None:
        """Keep vectors."""
        import numpy as np

        rows = [(_key(model, text), np.asarray(vector, dtype=np.float32).tobytes()) for text, vector in vectors.items()]
        with _Tolerant(self), self._connect() as connection:
            connection.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?)", rows)

    def _connect(self) -> sqlite3.Connection:
        if self._broken:
            raise sqlite3.OperationalError("given up on")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=30)
        connection.execute("CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")
        return connection


class _Tolerant:
    """Turns the first failure of a cache into one warning, and later ones into nothing."""

    def __init__(self, cache: EmbeddingCache) -> None:
        self._cache = cache

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, (sqlite3.Error, OSError)):
            return False
        if not self._cache._broken:
            logger.warning(
                "The embedding cache %s can't be used (%s); references are embedded again each time.", self._cache._path, error
            )
        self._cache._broken = True
        return True


def _key(model: str, text: str) -> bytes:
    return hashlib.sha256(f"{model}\0{text}".encode("utf-8", "surrogatepass")).digest()
