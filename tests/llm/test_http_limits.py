"""What a server can't make the client do: send texts elsewhere, fill the memory."""

import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from llm.asking import questions, settings
from llm.server import FakeOpenAI, Sent, bomb

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.batch import BatchRun
from sevenllm_bench.llm.client import Client
from sevenllm_bench.llm.http_limits import MOST_REPLY, sync_hooks


def asked_to(*urls):
    """Pass the addresses of a request and of those that it is redirected to through the hook."""
    (check,) = sync_hooks()["request"]
    for url in urls:
        check(SimpleNamespace(url=url))


@pytest.mark.parametrize(
    "urls",
    [
        ("http://a.example/v1/x", "http://a.example/v2/y"),
        ("http://a.example/v1", "http://A.example:80/v1/"),
        ("http://a.example/v1", "https://a.example/v1"),
        ("https://a.example/v1", "https://a.example:443/v1"),
    ],
)
def test_the_same_server_may_redirect(urls):
    asked_to(*urls)


@pytest.mark.parametrize(
    "urls",
    [
        ("https://a.example/v1", "https://b.example/v1"),
        ("https://a.example/v1", "https://a.example.b.example/v1"),
        ("https://a.example/v1", "http://a.example/v1"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:9000/v1"),
        ("http://localhost:8000/v1", "https://localhost/v1"),
        ("https://a.example/v1", "https://me:pw@b.example/v1"),
        ("https://a.example/v1", "https://a.example/v2", "http://169.254.169.254/"),
    ],
)
def test_another_one_is_refused_and_named_without_passwords(urls):
    with pytest.raises(ConfigError, match="redirects to another one") as caught:
        asked_to(*urls)
    assert "pw" not in str(caught.value)


SEEN = []


class _Elsewhere(BaseHTTPRequestHandler):
    def do_POST(self):
        SEEN.append(self.path)

    def do_GET(self):
        SEEN.append(self.path)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_is_sent_to_where_a_server_redirects(status):
    elsewhere = HTTPServer(("127.0.0.1", 0), _Elsewhere)
    threading.Thread(target=elsewhere.serve_forever, args=(0.02,), daemon=True).start()
    target = {"Location": f"http://127.0.0.1:{elsewhere.server_port}/v1/chat/completions"}
    with FakeOpenAI(script=lambda body, nth: Sent(status, b"", target)) as server:
        with pytest.raises(ConfigError, match="redirects to another one"):
            Client(settings(server)).run(questions(20))
        assert len(server.bodies) == 1
    elsewhere.shutdown()
    assert SEEN == []


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_bomb_takes_no_memory(status):
    with FakeOpenAI(script=lambda body, nth: Sent(status, bomb(), {"Content-Encoding": "gzip"})) as server:
        client = Client(settings(server))
        tracemalloc.start()
        reply = client.run(questions(1))[0]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert "larger than 8,000,000 bytes" in reply.error
    assert reply.attempts == 1
    assert peak < 8 * MOST_REPLY


def test_replies_of_batch_mode_are_read_packed_and_whole(tmp_path):
    with FakeOpenAI(batch_polls=1) as server:
        run = BatchRun(settings(server), None, tmp_path / "state.json")
        run.submit(questions(3))
        run.poll()
        assert all(not reply.error for reply in run.collect())


def test_what_cannot_be_unpacked_is_tried_again():
    with FakeOpenAI(script=lambda body, nth: Sent(200, b"no gzip", {"Content-Encoding": "gzip"}) if nth == 1 else None) as server:
        assert Client(settings(server)).run(questions(1))[0].attempts == 2
