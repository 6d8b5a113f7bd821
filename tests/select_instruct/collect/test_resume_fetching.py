"""What is on the disk after a kill, and what a resumed run makes of it; `kill_fetching.py` does it at random moments."""

import json
import re
import sqlite3

import httpx
import pytest
from fake_network import FakeNetwork, fetch, log_of, path_of
from kill_fetching import compare

from sevenllm_bench.select_instruct.collect.fetch_step import FetchSources
from sevenllm_bench.select_instruct.collect.known_pages import KnownPage, KnownPages
from sevenllm_bench.select_instruct.collect.measured_body import MeasuredBody
from sevenllm_bench.select_instruct.collect.one_request import WebResponse
from sevenllm_bench.select_instruct.collect.warc_archive import payload_of
from sevenllm_bench.select_instruct.settings.build_config import CollectSection, CorpusSource


def response(text):
    body = MeasuredBody("", 10**6)
    body.write(text)
    return WebResponse(200, "OK", [("Content-Type", "text/html")], body, body.finish())


def put(pages, name, text):
    return pages.put(name, KnownPage(f"http://a.example/{name}", "page"), response(text), 1_800_000_000.0)


@pytest.mark.slow
def test_ten_kills(tmp_path):
    """Ten unless a fast machine is done before."""
    kills = int(re.search(r"(\d+) kills", compare(20, tmp_path))[1])
    assert 5 <= kills <= 10


@pytest.mark.parametrize("torn", [b"", b"\x1f\x8b\x08 half a record", b"x" * 5000])
def test_a_record_that_was_not_noted_is_taken_off(tmp_path, torn):
    with KnownPages(tmp_path) as pages:
        first = put(pages, "1", b"one")
    file = tmp_path / "warc" / "00000.warc.gz"
    whole = file.read_bytes()
    file.write_bytes(whole + torn)
    (tmp_path / "warc" / "00001.warc.gz").write_bytes(torn)
    with KnownPages(tmp_path) as pages:
        assert file.read_bytes() == whole
        assert pages.find("1") == first
        second = put(pages, "2", b"two")
    assert [payload_of(tmp_path / "warc", page.warc, 100) for page in (first, second)] == [b"one", b"two"]
    assert [path.name for path in (tmp_path / "warc").iterdir()] == ["00000.warc.gz"]


def test_a_full_file_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr("sevenllm_bench.select_instruct.collect.warc_archive._MOST_BYTES", 300)
    for number in range(4):
        with KnownPages(tmp_path) as pages:
            put(pages, str(number), b"text %d" % number)
    with KnownPages(tmp_path) as pages:
        found = [pages.find(str(number)) for number in range(4)]
    assert [payload_of(tmp_path / "warc", page.warc, 100) for page in found] == [b"text 0", b"text 1", b"text 2", b"text 3"]
    assert len(list((tmp_path / "warc").iterdir())) > 1


@pytest.mark.parametrize("left", ["", '{"time": "20', "whole\n" * 3])
def test_the_log_has_every_line_once(tmp_path, left):
    with KnownPages(tmp_path) as pages:
        pages.begin("a", False)
        for _ in range(2):
            pages.log("refused", "http://a.example/1", "no", 0.0)
            pages.log("refused", "http://a.example/\ud800\n", "no", 0.0)
    whole = (tmp_path / "log.jsonl").read_bytes()
    (tmp_path / "log.jsonl").write_text(left)
    with KnownPages(tmp_path) as pages:
        pages.begin("a", False)
        pages.log("refused", "http://a.example/1", "no", 5.0)
    assert (tmp_path / "log.jsonl").read_bytes() == whole
    assert [line["url"] for line in log_of(tmp_path)] == ["http://a.example/1", "http://a.example/?\n"]


class StoppedError(BaseException):
    """In the place of a kill."""


def test_a_run_that_is_stopped_at_any_request_goes_on_there(tmp_path):
    """Stopped at each request in turn; the pages are asked for once, and a stopped refresh doesn't begin again."""
    stop = [-1]

    def handler(request):
        if len(site.requests) == stop[0]:
            raise StoppedError
        if request.headers.get("if-none-match"):
            return httpx.Response(304)
        return (
            httpx.Response(200, headers={"ETag": '"1"'}, content=b"x" * 10)
            if path_of(request) != "/robots.txt"
            else httpx.Response(404)
        )

    site = FakeNetwork(handler)
    sources = [CorpusSource(location=f"http://a.example/{n}", kind="page") for n in range(5)]
    for refresh in (False, True):
        site.requests.clear()
        for stop[0] in range(1, 12):
            try:
                found = fetch(tmp_path, sources, site, refresh=refresh)
                break
            except StoppedError:
                site.requests.pop()
        assert len(found) == 5
        assert len(site.urls()) == len(set(site.urls())) == 6
        assert stop[0] == 7


def test_a_consumer_that_stops_early_leaves_a_folder_that_can_be_used(tmp_path):
    site = FakeNetwork(lambda request: httpx.Response(200, content=b"x"))
    sources = tuple(CorpusSource(location=f"http://a.example/{n}", kind="page") for n in range(3))
    settings = CollectSection(contact="tests@example.org")
    running = FetchSources(sources, settings, str(tmp_path), site).run()
    next(running)
    running.close()
    assert len(list(FetchSources(sources, settings, str(tmp_path), site).run())) == 3
    assert len(site.urls()) == 4


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    from sevenllm_bench.errors import ConfigError

    def full(*_):
        raise OSError(28, "No space left on device")

    site = FakeNetwork(lambda request: httpx.Response(200, content=b"x"))
    with monkeypatch.context() as changed:
        changed.setattr("sevenllm_bench.select_instruct.collect.warc_archive.WarcArchive.add", full)
        with pytest.raises(ConfigError, match="No space left"):
            fetch(tmp_path, ["http://a.example/"], site)
    assert len(fetch(tmp_path, ["http://a.example/"], site)) == 1


def test_the_step_can_be_pickled(tmp_path):
    import dill

    step = FetchSources((CorpusSource(location="http://a.example/"),), CollectSection(), str(tmp_path))
    copy = dill.loads(dill.dumps(step))
    assert (copy.sources, copy.settings, copy.folder) == (step.sources, step.settings, step.folder)


def test_what_is_known_can_be_read_by_others(tmp_path):
    fetch(tmp_path, ["http://a.example/"], FakeNetwork(lambda request: httpx.Response(200, content=b"x")))
    database = sqlite3.connect(tmp_path / "pages.sqlite")
    found = json.loads(database.execute("SELECT value FROM pages WHERE key = 'http://a.example/'").fetchone()[0])
    database.close()
    assert (found["outcome"], found["robots"]) == ("page", "allowed")
