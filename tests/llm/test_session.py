"""Whatever a server does, a run ends, with a reply or a reason for each request or one reason for all."""

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llm.asking import FORMAT

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm import client as client_module
from sevenllm_bench.llm.call_error import CallError
from sevenllm_bench.llm.client import Client, ConnectionSettings
from sevenllm_bench.llm.completion import Completion
from sevenllm_bench.llm.types import Request

PARAMETERS = {"temperature": 0, "max_tokens": 50, "response_format": FORMAT}
PROBE = Request([{"role": "system", "content": "s"}, {"role": "user", "content": "probe"}], PARAMETERS)
REQUESTS = [Request([{"role": "system", "content": "s"}, {"role": "user", "content": str(n)}], PARAMETERS) for n in range(6)]


def refusal(status, words="no"):
    return CallError(f"HTTP {status}", f"HTTP {status}: {words}", again=status in (429, 500, 503), status=status)


OUTCOMES = {
    "good": Completion("good", 1, 1),
    "bad": Completion("bad", 1, 1),
    "cut": Completion("bad", 1, 1, cut=True),
    "empty": CallError("empty reply", "empty reply", replied=True),
    "empty and cut": CallError("empty reply", "empty reply", again=False, replied=True, cut=True),
    "filtered": CallError("empty reply", "filtered", again=False, replied=True),
    "time": CallError("time limit", "time limit", billed=True),
    "gone": CallError("connection failed", "connection failed"),
    "names all": refusal(400, "response_format temperature system stream max_tokens"),
    **{str(status): refusal(status) for status in (400, 403, 404, 413, 422, 424, 429, 500, 501, 503)},
    "key": ConfigError("key"),
}


class Scripted:
    """A connection whose calls end as a list says, over and over."""

    def __init__(self, names):
        self.names, self.calls = names, 0

    async def call(self, body):
        outcome = OUTCOMES[self.names[self.calls % len(self.names)]]
        self.calls += 1
        await asyncio.sleep(0)
        if isinstance(outcome, Completion):
            return outcome
        raise outcome


def run(names, monkeypatch, concurrency=3, probe=PROBE):
    connection = Scripted(names)

    @contextlib.asynccontextmanager
    async def connect(settings):
        yield connection

    monkeypatch.setattr(client_module, "connect", connect)
    client = Client(
        ConnectionSettings("m", "http://127.0.0.1:9/v1", max_attempts=3, backoff_s=0, concurrency=concurrency), probe=probe
    )
    work = client.complete_all(REQUESTS, lambda text: None if text == "good" else "bad")
    replies = asyncio.run(asyncio.wait_for(work, 20))
    return replies, connection, client


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=8), st.integers(1, 6), st.booleans())
def test_every_run_ends(names, concurrency, probed):
    with pytest.MonkeyPatch.context() as monkeypatch:
        try:
            replies, connection, client = run(names, monkeypatch, concurrency, PROBE if probed else None)
        except ConfigError:
            return
    assert all(reply.text == "good" if not reply.error else reply.error for reply in replies)
    assert connection.calls == client.usage.calls
    # Per request: three attempts, a raised limit, two questions again, and the forms, twice with those of a probe.
    assert connection.calls <= len(REQUESTS) * 2 * (3 * 25 + 4)


@pytest.mark.parametrize(
    ("names", "calls"),
    [(["good"], 6), (["bad"], 18), (["empty"], 18), (["filtered"], 6), (["empty and cut"], 7), (["cut"], 7)],
)
def test_calls_of_runs_in_which_everything_ends_alike(names, calls, monkeypatch):
    assert run(names, monkeypatch)[1].calls == calls


@pytest.mark.parametrize("names", [["400"], ["403"], ["404"], ["413"], ["500"], ["503"], ["429"], ["gone"], ["time"], ["key"]])
def test_a_server_that_answers_nothing_stops_the_run(names, monkeypatch):
    with pytest.raises(ConfigError):
        run(names, monkeypatch)
