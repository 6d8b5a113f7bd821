"""Runs that are killed, interrupted or cancelled in the middle lose nothing that had come, and go on from there."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from llm.asking import answer_to, check, questions, settings, wait_until
from llm.server import FakeOpenAI, key_of

from sevenllm_bench.llm.client import Client
from sevenllm_bench.llm.types import ReplyCache

COUNT = 200
CODE = """if True:
    import os, signal, sys
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored where the tests run in the background
    sys.path.insert(0, sys.argv[1])
    from llm.asking import check, questions
    from sevenllm_bench.llm.types import ReplyCache
    from sevenllm_bench.llm.client import Client, ConnectionSettings
    def told(place, reply):
        os.write(1, f"{place}\\n".encode())
    async def notebook():
        return client.run(questions(200), check, told)
    with ReplyCache(sys.argv[3]) as cache:
        client = Client(ConnectionSettings("m", sys.argv[2], concurrency=8, backoff_s=0.005), cache)
        if sys.argv[4] == "loop":
            import asyncio  # not asyncio.run, which takes the signal for itself, as no notebook does
            asyncio.new_event_loop().run_until_complete(notebook())
        else:
            client.run(questions(200), check, told)
"""


def run_until(server, path, signal_number, where="main", least=60):
    """Start a run in a process of its own, send it a signal after some replies; its exit code and the replies told of."""
    command = [sys.executable, "-c", CODE, str(Path(__file__).parents[1]), server.url, str(path), where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: server.good.total() >= least or process.poll() is not None)
        os.kill(process.pid, signal_number)
        out, err = process.communicate(timeout=20)
    return process.returncode, [int(line) for line in out.split()], err


def kept(path, requests):
    with ReplyCache(path) as cache:
        return {place for place, request in enumerate(requests) if cache.get(request.key("m"))}


@pytest.mark.parametrize("fail_share", [0.0, 0.2])
def test_a_killed_run_resumes_without_asking_twice(tmp_path, fail_share):
    requests, path = questions(COUNT), tmp_path / "c.sqlite"
    plan = {"fail_share": fail_share, "seed": 3, "delay": 0.01, "hang": 0.2}
    with FakeOpenAI(**plan) as server:
        code, told, _ = run_until(server, path, signal.SIGKILL)
        assert code == -signal.SIGKILL
        finished = kept(path, requests)
        assert set(told) <= finished, "whatever was told of is on disk"
        assert 40 < len(finished) < COUNT, "it was killed in the middle"
        before = dict(server.calls)
        with ReplyCache(path) as cache:
            replies = Client(settings(server), cache).run(requests, check)
    names = [key_of({"messages": list(request.messages)}) for request in requests]
    assert all(server.calls[names[place]] == before[names[place]] for place in finished), "no finished call is repeated"
    assert {place for place, reply in enumerate(replies) if reply.cached} == finished
    assert [reply.text for reply in replies] == [answer_to(request) for request in requests], "as if undisturbed"
    assert len(kept(path, requests)) == COUNT


@pytest.mark.parametrize("where", ["main", "loop"])
def test_an_interrupt_ends_the_run_at_once_and_keeps_what_has_come(tmp_path, where):
    requests, path = questions(COUNT), tmp_path / "c.sqlite"
    with FakeOpenAI(delay=0.02) as server:
        code, told, err = run_until(server, path, signal.SIGINT, where, least=40)
    assert code in (-signal.SIGINT, 1, 130)
    assert "KeyboardInterrupt" in err
    assert 20 < len(told) < COUNT
    assert set(told) <= kept(path, requests)


def test_cancellation_is_passed_on(tmp_path):
    requests = questions(COUNT)

    async def cancelled(client):
        task = asyncio.create_task(client.complete_all(requests, on_done=lambda place, reply: done.append(place)))
        while len(done) < 20:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1, "no worker is left behind"

    done = []
    with FakeOpenAI(delay=0.01) as server:
        with ReplyCache(tmp_path / "c.sqlite") as cache:
            asyncio.run(cancelled(Client(settings(server), cache)))
        assert set(done) == kept(tmp_path / "c.sqlite", requests)
        assert len(done) < COUNT
