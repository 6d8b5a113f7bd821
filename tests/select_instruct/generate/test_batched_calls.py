"""Calls in batch mode: each question is in one batch, and paid for once, whenever the process is killed."""

import itertools
from fractions import Fraction
from pathlib import Path

import pytest
from llm.server import FakeOpenAI
from select_instruct.generate.asked_models import section

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.sqlite_cache import SqliteCache
from sevenllm_bench.llm.batch_provider import Provider
from sevenllm_bench.llm.kept_batches import MOST_BATCHES, BatchesPendingError
from sevenllm_bench.llm.shared_budget import SharedBudget
from sevenllm_bench.select_instruct.generate.model_calls import REPEATS, BudgetReachedError, ModelCalls

#: What FakeOpenAI reports for each call.
TOKENS_IN, TOKENS_OUT = 100, 10
#: Every step that a batch takes, on disk and with the provider.
STEPS = [
    (Path, "replace"),
    (Path, "unlink"),
    (SqliteCache, "put_many"),
    (SharedBudget, "reserve_batch"),
    (SharedBudget, "settle_batch"),
    (Provider, "upload"),
    (Provider, "start"),
    (Provider, "batch"),
    (Provider, "fetch"),
]


class KilledError(BaseException):
    """Instead of the end of the process."""


def good(text):
    return None if text.startswith("good") else "it is not good"


def requests(calls, count, check=good):
    return [calls.request([{"role": "user", "content": f"question {number:04d}"}], check) for number in range(count)]


def run(server, folder, count=4, **changes):
    """One run of the command: the replies, or None where it has to wait."""
    settings = section(server.url, **{"batch": True, "price": "1/2", **changes})
    with ModelCalls(settings, str(folder)) as calls:
        calls.collect_batches()
        try:
            return calls.ask(requests(calls, count))
        except BatchesPendingError:
            return None


def run_until_done(server, folder, **changes):
    """The replies, and how many runs it took."""
    for runs in range(1, 20):
        if (replies := run(server, folder, **changes)) is not None:
            return replies, runs
    raise AssertionError("it never ends")


def account(server, folder):
    found = ModelCalls(section(server.url, price="1/2"), str(folder)).account()
    return found.calls, found.tokens_in, found.tokens_out, found.usd


def cost(calls):
    return float(Fraction(calls * (TOKENS_IN * 1 + TOKENS_OUT * 2), 1_000_000))


def answer(body):
    """Good at once for even questions, after a complaint for the others."""
    messages = body["messages"]
    return "good" if int(messages[0]["content"][-1]) % 2 == 0 or len(messages) > 1 else "bad"


def test_refused_replies_are_asked_again_in_a_second_batch_and_the_result_is_that_of_live_calls(tmp_path):
    with FakeOpenAI(answer=answer, batch_polls=1) as server:
        replies, runs = run_until_done(server, tmp_path / "batches")
        assert (runs, len(server.batches), server.calls.total()) == (3, 2, 6)
        assert account(server, tmp_path / "batches") == (6, 6 * TOKENS_IN, 6 * TOKENS_OUT, cost(6))
        assert not list((tmp_path / "batches" / "batches").glob("*.state.json"))
    with FakeOpenAI(answer=answer) as server:
        live = run(server, tmp_path / "live", batch=False)
        assert account(server, tmp_path / "live") == (6, 6 * TOKENS_IN, 6 * TOKENS_OUT, cost(6))
    shown = [(reply.text, reply.error, reply.tokens_in, reply.tokens_out) for reply in replies]
    assert shown == [(reply.text, reply.error, reply.tokens_in, reply.tokens_out) for reply in live]


def test_the_message_counts_requests_and_answers(tmp_path):
    with FakeOpenAI(batch_polls=3) as server, ModelCalls(section(server.url, batch=True), str(tmp_path)) as calls:
        for _ in range(2):
            with pytest.raises(BatchesPendingError) as waiting:
                calls.ask(requests(calls, 3))
        assert str(waiting.value) == (
            "3 requests are submitted as batches; run the same command again later (0 of 3 answered so far)"
        )
        assert len(server.batches) == 1


def test_a_kill_at_any_step_submits_nothing_twice_and_loses_nothing(tmp_path, monkeypatch):
    for moment in itertools.count():
        folder = tmp_path / str(moment)
        with FakeOpenAI(answer=lambda body: "good", batch_polls=1) as server:
            with monkeypatch.context() as patched:
                kill_at(moment, patched)
                killed = False
                try:
                    run_until_done(server, folder, budget_usd=1)
                except KilledError:
                    killed = True
            replies, _ = run_until_done(server, folder, budget_usd=1)
            assert [reply.text for reply in replies] == ["good"] * 4
            assert set(server.calls.values()) == {1}
            assert len(server.batches) == 1
            assert account(server, folder) == (4, 4 * TOKENS_IN, 4 * TOKENS_OUT, cost(4))
            assert all(".failed." in path.name for path in (folder / "batches").iterdir())
            with SharedBudget(folder / "spending.sqlite", "writer", None, None)._file as file:
                assert file._held() == 0, "nothing stays set aside"
        if not killed:
            break
    assert moment >= 40


def kill_at(moment, patched):
    """Raise before or after the step of this number; each step has two moments."""
    number = itertools.count()

    def wrapped(act):
        def step(*given, **named):
            if next(number) == moment:
                raise KilledError
            result = act(*given, **named)
            if next(number) == moment:
                raise KilledError
            return result

        return step

    for owner, name in STEPS:
        patched.setattr(owner, name, wrapped(getattr(owner, name)))


def test_both_modes_share_the_replies(tmp_path):
    with FakeOpenAI(answer=lambda body: "good", batch_polls=1) as server:
        run(server, tmp_path, count=2, batch=False)
        assert run(server, tmp_path, count=4) is None
        assert [content.count(b"\n") for content in server.files.values()] == [2]
        assert run(server, tmp_path, count=5, batch=False), "what has ended is collected, and the rest asked"
        assert run(server, tmp_path, count=5)
        assert set(server.calls.values()) == {1}
        assert len(server.calls) == 5


def test_what_is_in_a_batch_is_not_asked_in_the_other_mode(tmp_path):
    with FakeOpenAI(answer=lambda body: "good", batch_polls=3) as server:
        assert run(server, tmp_path, count=3) is None
        assert run(server, tmp_path, count=4, batch=False) is None
        assert server.calls.total() == 1, "the fourth question"
        replies, _ = run_until_done(server, tmp_path, count=4, batch=False)
        assert all(reply.text == "good" for reply in replies)
        assert set(server.calls.values()) == {1}


def test_the_budget_holds_and_is_settled_by_what_was_used(tmp_path):
    worst = (4 + 500 * 2) / 1e6  # 4 tokens in, at most 500 out
    with FakeOpenAI(answer=lambda body: "good", batch_polls=1) as server:
        limit = 2.5 * worst
        assert run(server, tmp_path, count=9, budget_usd=limit) is None
        assert [content.count(b"\n") for content in server.files.values()] == [2]
        # Two calls did cost 240 millionths: what they had set aside beyond is free again.
        with pytest.raises(BudgetReachedError, match=r"the next calls may cost more than is left; .*raise model\.budget_usd"):
            run_until_done(server, tmp_path, count=100, budget_usd=limit)
        asked, _, _, usd = account(server, tmp_path)
        assert (asked, usd) == (server.calls.total(), cost(asked))
        assert limit - worst < usd <= limit
        replies, _ = run_until_done(server, tmp_path, count=100, budget_usd=1)
        assert len(replies) == 100
        assert set(server.calls.values()) == {1}


def test_a_server_without_batches_is_one_message_and_leaves_nothing(tmp_path):
    with FakeOpenAI(answer=lambda body: "good") as server:
        with pytest.raises(ConfigError, match=r"model\.batch: the server has no batch mode"):
            run(server, tmp_path, base_url=server.url + "/nowhere", budget_usd=1)
        assert not list((tmp_path / "batches").iterdir())
        assert len(run(server, tmp_path, batch=False, budget_usd=1)) == 4
        assert account(server, tmp_path)[3] == cost(4)


def test_lines_without_a_reply_are_asked_in_another_batch_and_then_given_up(tmp_path):
    def plan(key, nth):
        return "server_error" if key in failing or (key in once and nth == 1) else None

    failing, once = set(), set()
    with FakeOpenAI(answer=lambda body: "good", plan=plan, batch_polls=1) as server:
        run(server, tmp_path / "names", count=4)
        server.look_at_batch("batch_1")
        once.add(list(server.calls)[1])
        failing.add(list(server.calls)[2])
        server.calls.clear()
        replies, runs = run_until_done(server, tmp_path / "real", count=4)
        assert sorted(reply.error for reply in replies) == ["", "", "", "HTTP 500: as planned"]
        assert (runs, sorted(server.calls.values())) == (1 + MOST_BATCHES, [1, 1, 2, 2])
        assert account(server, tmp_path / "real") == (6, 3 * TOKENS_IN, 3 * TOKENS_OUT, cost(3))


def test_a_batch_without_a_single_reply_stops_the_run_and_is_not_waited_for(tmp_path):
    with FakeOpenAI(answer=lambda body: "good", batch_outcome="failed", batch_polls=1, message="no such model") as server:
        assert run(server, tmp_path) is None
        with pytest.raises(ConfigError, match=r"none of the 4 requests of a batch was answered.*no such model"):
            run(server, tmp_path)
        server.batch_outcome = "completed"
        replies, _ = run_until_done(server, tmp_path)
        assert [reply.text for reply in replies] == ["good"] * 4


def test_a_batch_that_expires_is_finished_by_another(tmp_path):
    with FakeOpenAI(answer=lambda body: "good", batch_outcome="expired", batch_polls=1) as server:
        assert run(server, tmp_path) is None
        assert run(server, tmp_path) is None
        server.batch_outcome = "completed"
        replies, _ = run_until_done(server, tmp_path)
        assert [reply.error for reply in replies] == [""] * 4
        assert set(server.calls.values()) == {1}


def test_a_batch_that_the_provider_lost_is_named_with_its_files_and_can_be_given_up(tmp_path):
    with FakeOpenAI(answer=lambda body: "good", batch_polls=1) as server:
        assert run(server, tmp_path) is None
        server.batches.clear()
        with pytest.raises(ConfigError, match=r"no longer has this batch.*to give this batch up, remove .*batches/writer-"):
            run(server, tmp_path)
        for path in (tmp_path / "batches").iterdir():
            path.unlink()
        assert run_until_done(server, tmp_path)


def test_after_so_many_refused_replies_the_reason_is_the_result(tmp_path):
    with FakeOpenAI(answer=lambda body: "bad", batch_polls=1) as server:
        replies, runs = run_until_done(server, tmp_path, count=1)
        assert (replies[0].text, replies[0].error) == ("bad", "it is not good")
        assert (runs, server.calls.total()) == (REPEATS + 2, REPEATS + 1)
