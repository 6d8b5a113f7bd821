import sqlite3
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import cache_folder
from sevenllm_bench.llm.types import ReplyCache, request_key

MESSAGES = [{"role": "user", "content": "问"}]
KEY = request_key("m", MESSAGES, {})


def test_the_key_depends_on_model_messages_and_parameters_but_not_on_their_order():
    assert request_key("m", MESSAGES, {"a": 1, "b": {"c": 2, "d": 3}}) == request_key(
        "m", MESSAGES, {"b": {"d": 3, "c": 2}, "a": 1}
    )
    others = {
        KEY,
        request_key("n", MESSAGES, {}),
        request_key("m", MESSAGES, {"temperature": 0}),
        request_key("m", [{"role": "system", "content": "问"}], {}),
        request_key("m", MESSAGES * 2, {}),
    }
    assert len(others) == 5
    # By `printf '{"messages":[{"content":"\\u95ee","role":"user"}],"model":"m","parameters":{}}' | sha256sum`.
    assert KEY == "2a8531fcaa07272ae7f88cb3338d30aa2982322299eee4066bbd9b5b11b2dd94"


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_what_json_cannot_hold_is_named(value):
    with pytest.raises(ConfigError, match="a request to m holds what JSON can't"):
        request_key("m", MESSAGES, {"temperature": value})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_json_value_comes_back(value):
    with ReplyCache(":memory:") as cache:
        cache.put("k", value)
        assert cache.get("k") == value


def test_values_are_on_disk_at_once_and_later_ones_replace_earlier(tmp_path):
    with ReplyCache(tmp_path / "new" / "c.sqlite") as cache, ReplyCache(tmp_path / "new" / "c.sqlite") as other:
        cache.put(KEY, {"text": "\ud800 一"})
        assert other.get(KEY) == {"text": "\ud800 一"}
        other.put(KEY, 2)
        assert (cache.get(KEY), cache.get("other"), len(cache)) == (2, None, 1)


def test_a_corrupted_value_counts_as_missing(tmp_path):
    with ReplyCache(tmp_path / "c.sqlite") as cache:
        cache._connection.execute("INSERT INTO replies VALUES ('k', '{', 0)")
        assert cache.get("k") is None


@pytest.mark.parametrize("spoil", ["folder", "text", "below a file", "read-only"])
def test_a_path_that_cannot_be_a_cache_is_named(tmp_path, spoil):
    path = tmp_path / "c.sqlite"
    if spoil == "folder":
        path.mkdir()
    elif spoil == "text":
        path.write_text("not a database, and long enough to be read as one" * 50)
    elif spoil == "below a file":
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "c.sqlite"
    else:
        path = "/proc/c.sqlite" if sys.platform == "linux" else "/c.sqlite"
    with pytest.raises(ConfigError, match="SEVENLLM_CACHE_DIR") as caught:
        ReplyCache(path)
    assert str(path) in str(caught.value)


def test_the_default_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("SEVENLLM_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "sevenllm-bench"
    monkeypatch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path / "there"))
    with ReplyCache() as cache:
        assert cache.path == tmp_path / "there" / "replies.sqlite"


def test_processes_that_start_at_once_share_one_file(tmp_path):
    code = """if True:
        import sys
        from sevenllm_bench.llm.types import ReplyCache
        with ReplyCache(sys.argv[1]) as cache:
            for number in range(50):
                cache.put(f"{sys.argv[2]}-{number}", number)"""
    path = tmp_path / "c.sqlite"
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), str(who)]) for who in range(8)]
    assert [process.wait(60) for process in running] == [0] * 8
    with ReplyCache(path) as cache:
        assert len(cache) == 400


def test_a_new_file_that_another_process_holds_for_a_moment_is_waited_for(tmp_path):
    path = tmp_path / "c.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE held (x)")
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, other.close)
    release.start()
    with ReplyCache(path) as cache:
        cache.put("k", 1)
        assert cache.get("k") == 1
    release.join()
