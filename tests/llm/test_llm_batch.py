import json

import pytest
from llm.asking import answer_to, check, questions, settings
from llm.server import FakeOpenAI

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm import batch as batch_module
from sevenllm_bench.llm.batch import BatchRun
from sevenllm_bench.llm.client import Client
from sevenllm_bench.llm.types import ReplyCache


@pytest.fixture
def cache(tmp_path):
    with ReplyCache(tmp_path / "replies.sqlite") as cache:
        yield cache


@pytest.fixture
def state(tmp_path):
    return tmp_path / "runs" / "state.json"


def finish(run):
    while not run.poll().done:
        pass


def test_submit_poll_collect_each_in_a_process_of_its_own(cache, state):
    requests = questions(10)
    with FakeOpenAI(batch_polls=3) as server:
        Client(settings(server), cache).run(requests[:2])
        BatchRun(settings(server), cache, state).submit([*requests, requests[5]])
        run = BatchRun(settings(server), cache, state)
        status = run.poll()
        assert (status.requests, status.states, status.done) == (8, ("in_progress",), False)
        early = run.collect(check)
        assert [bool(reply.error) for reply in early] == [False] * 2 + [True] * 9
        finish(BatchRun(settings(server), cache, state))
        replies = BatchRun(settings(server), cache, state).collect(check)
        assert (server.uploads, len(server.batches)) == (1, 1)
    assert [reply.text for reply in replies] == [answer_to(request) for request in [*requests, requests[5]]]
    assert [reply.cached for reply in replies] == [True] * 2 + [False] * 9
    assert len(cache) == 10
    assert (replies[9].tokens_in, replies[9].tokens_out) == (100, 10)
    lines = [json.loads(line) for line in server.files["file-1"].splitlines()]
    assert {line["custom_id"] for line in lines} == {request.key("m") for request in requests[2:]}
    assert lines[0]["method"] == "POST"
    assert lines[0]["url"] == "/v1/chat/completions"
    assert lines[0]["body"] == requests[2].body("m")


def test_replies_with_separators_of_lines_are_read_whole(cache, state):
    with FakeOpenAI(batch_polls=1, answer=lambda body: "one\u2028two\x85three") as server:
        run = BatchRun(settings(server), cache, state)
        run.submit(questions(1))
        finish(run)
        assert run.collect()[0].text == "one\u2028two\x85three"


def test_before_the_end_replies_have_a_reason(cache, state):
    with FakeOpenAI(batch_polls=100) as server:
        run = BatchRun(settings(server), cache, state)
        run.submit(questions(2))
        assert {reply.error for reply in run.collect()} == {"batch batch_1 is in_progress; collect later"}


def test_submitting_again_starts_nothing_twice(cache, state):
    with FakeOpenAI() as server:
        for _ in range(3):
            BatchRun(settings(server), cache, state).submit(questions(4))
        assert (server.uploads, len(server.batches)) == (1, 1)
        with pytest.raises(ConfigError, match="holds another batch run"):
            BatchRun(settings(server), cache, state).submit(questions(5))
        with pytest.raises(ConfigError, match="holds another batch run"):
            BatchRun(settings(server, model="n"), cache, state).submit(questions(4))


def test_an_upload_that_was_interrupted_goes_on(cache, state, monkeypatch):
    monkeypatch.setattr(batch_module, "MOST_REQUESTS", 3)
    with FakeOpenAI() as server:
        run = BatchRun(settings(server), cache, state)
        run._provider.start = lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            run.submit(questions(7))
        resumed = BatchRun(settings(server), cache, state)
        assert resumed.poll().states == ("not started",) * 3
        assert resumed.collect()[0].error == "its batch was never started; submit again"
        resumed.submit(questions(7))
        assert (server.uploads, len(server.batches)) == (3, 3), "the file uploaded before is used"
        finish(resumed)
        assert [reply.text for reply in resumed.collect(check)] == [answer_to(request) for request in questions(7)]


def test_a_start_whose_reply_got_lost_is_found_again(cache, state):
    with FakeOpenAI(batch_start_fault="drop") as server:
        run = BatchRun(settings(server), cache, state)
        run.submit(questions(3))
        assert len(server.batches) == 1, "not paid for twice"
        finish(run)
        assert all(not reply.error for reply in run.collect(check))


@pytest.mark.parametrize(
    "faults", [["server_error", "drop", "truncated"], ["none", "truncated", "drop"], ["none"] * 2 + ["rate_limit"] * 3]
)
def test_calls_to_files_and_batches_are_repeated(cache, state, faults):
    with FakeOpenAI(api_faults=faults, retry_after="0.01") as server:
        run = BatchRun(settings(server), cache, state)
        run.submit(questions(3))
        assert len(server.batches) == 1, "whatever happened"
        finish(run)
        assert all(not reply.error for reply in run.collect(check))
        assert not server.api_faults


def test_a_batch_that_cannot_go_on_says_how_to_resume(cache, state):
    with FakeOpenAI(api_faults=["none"] + ["server_error"] * 2) as server:
        run = BatchRun(settings(server, max_attempts=2), cache, state)
        with pytest.raises(ConfigError, match="HTTP 500: as planned; run the same again to resume"):
            run.submit(questions(3))
        run.submit(questions(3))
        assert (server.uploads, len(server.batches)) == (1, 1)


def test_batches_keep_to_the_limits(cache, state, monkeypatch):
    lines = [len(batch_module._line(request.key("m"), request, "m")) for request in questions(5)]
    monkeypatch.setattr(batch_module, "MOST_BYTES", sum(lines[:2]))
    with FakeOpenAI() as server:
        BatchRun(settings(server), cache, state).submit(questions(5))
    assert [content.count(b"\n") for content in server.files.values()] == [2, 2, 1]


def test_lines_that_fail_are_missing_or_nonsense_have_a_reason_and_the_client_asks_them_again(cache, state):
    requests = questions(200)
    with FakeOpenAI(fail_share=0.5, seed=1, batch_polls=1) as server:
        run = BatchRun(settings(server), cache, state)
        run.submit(requests)
        finish(run)
        replies = run.collect(check)
    reasons = {reply.error for reply in replies}
    assert reasons == {
        "",
        "HTTP 429: as planned",
        "HTTP 500: as planned",
        "batch batch_1 has no line for it",
        "score 9 is out of range",
        "empty reply (finish_reason stop)",
        "empty reply (no choices)",
    }
    good = sum(not reply.error for reply in replies)
    assert len(cache) == good
    with FakeOpenAI() as server:
        again = Client(settings(server), cache).run(requests, check)
        assert server.calls.total() == 200 - good
    assert [reply.text for reply in again] == [answer_to(request) for request in requests]


def test_batches_that_fail_or_expire_are_reported(cache, state, caplog):
    with FakeOpenAI(batch_polls=1, batch_outcome="failed", message="line 1 is no JSON") as server:
        run = BatchRun(settings(server), cache, state)
        run.submit(questions(4))
        status = run.poll()
        assert (status.states, status.done) == (("failed",), True)
        assert {reply.error for reply in run.collect(check)} == {"batch batch_1 failed: line 1 is no JSON"}
    assert "batch_1 has ended as failed" in caplog.text
    state.unlink()
    with FakeOpenAI(batch_polls=1, batch_outcome="expired") as server:
        run = BatchRun(settings(server), cache, state)
        run.submit(questions(4))
        finish(run)
        assert [reply.error for reply in run.collect(check)] == ["", ""] + ["batch batch_1 expired"] * 2


def test_all_in_the_cache_already(cache, state):
    with FakeOpenAI() as server:
        Client(settings(server), cache).run(questions(3))
        run = BatchRun(settings(server), cache, state)
        run.submit(questions(3))
        assert (server.uploads, run.poll().done) == (0, True)
        assert all(reply.cached for reply in run.collect(check))


def test_a_budget_that_does_not_suffice_is_said_before_anything_is_sent(cache, state):
    with FakeOpenAI() as server:
        run = BatchRun(settings(server, price="0/10", budget_usd=0.001), cache, state)
        with pytest.raises(ConfigError, match=r"up to 0\.01 USD at the full price"):
            run.submit(questions(10, max_tokens=100))
        assert not server.files
    assert not state.exists()


def test_a_server_without_batches_is_named(cache, state):
    with FakeOpenAI() as server:
        elsewhere = settings(server, base_url=server.url + "/nowhere")
        with pytest.raises(ConfigError, match="no batch mode"):
            BatchRun(elsewhere, cache, state).submit(questions(1))


def test_nothing_submitted_yet(cache, state):
    with pytest.raises(ConfigError, match="submit first"):
        BatchRun(settings(FakeOpenAI()), cache, state).poll()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"format": 9}', '{"format": 1, "model": "m", "order": [], "chunks": [{"x": 1}]}']
)
def test_a_state_file_that_is_none_is_named(cache, state, content):
    state.parent.mkdir()
    state.write_text(content)
    with pytest.raises(ConfigError, match="no state of a batch run"):
        BatchRun(settings(FakeOpenAI()), cache, state)


def test_a_state_that_cannot_be_written_is_named(cache, tmp_path):
    (tmp_path / "file").touch()
    with FakeOpenAI() as server, pytest.raises(ConfigError, match="state"):
        BatchRun(settings(server), cache, tmp_path / "file" / "state.json").submit(questions(1))
