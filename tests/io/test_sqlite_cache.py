import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.sqlite_cache import SqliteCache


def test_a_full_disk_is_given_as_the_reason_and_keeps_what_was_there(tmp_path):
    with SqliteCache(tmp_path / "c.sqlite", "kept") as cache:
        cache.put_many({"small": b"1"})
        cache._connection.execute("PRAGMA max_page_count = 4")
        # SQLite's own text for SQLITE_FULL.
        with pytest.raises(ConfigError, match="database or disk is full"):
            cache.put_many({"first": b"2", "large": b"x" * 200_000})
        assert cache.get_many(["small", "first", "large"]) == {"small": b"1"}
