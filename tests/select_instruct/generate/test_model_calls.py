"""Calls of a build: what was received is never asked for again, and the budget holds over all runs."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from llm.server import FakeOpenAI, Sent
from select_instruct.generate.asked_models import section

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.types import ReplyCache
from sevenllm_bench.select_instruct.generate.model_calls import REPEATS, BudgetReachedError, ModelCalls

#: What FakeOpenAI reports for each call.
TOKENS_IN, TOKENS_OUT = 100, 10


def good(text):
    return None if text.startswith("good") else "it is not good"


def requests(calls, count, check=good):
    return [calls.request([{"role": "user", "content": f"question {number:04d}"}], check) for number in range(count)]


def test_equal_requests_are_one_call_and_a_second_run_makes_none(tmp_path):
    with FakeOpenAI(answer=lambda body: "good") as server:
        for _ in range(2):
            with ModelCalls(section(server.url), str(tmp_path)) as calls:
                replies = calls.ask(requests(calls, 5) * 2)
            assert [(reply.text, reply.error, reply.tokens_in) for reply in replies] == [("good", "", TOKENS_IN)] * 10
        assert server.calls.total() == 5


def test_a_refused_reply_is_followed_by_its_reason_and_counted(tmp_path):
    def answer(body):
        return "good" if len(body["messages"]) == 3 else "bad"

    with FakeOpenAI(answer=answer) as server, ModelCalls(section(server.url), str(tmp_path)) as calls:
        reply = calls.ask(requests(calls, 1))[0]
        second = server.bodies[1]["messages"]
    assert (reply.text, reply.error, reply.tokens_in, reply.tokens_out) == ("good", "", 2 * TOKENS_IN, 2 * TOKENS_OUT)
    assert [message["role"] for message in second] == ["user", "assistant", "user"]
    assert second[1]["content"] == "bad"
    assert "it is not good" in second[2]["content"]


def test_after_so_many_refused_replies_the_reason_is_the_result_and_a_second_run_asks_nothing(tmp_path):
    with FakeOpenAI(answer=lambda body: f"bad {len(body['messages'])}") as server:
        for _ in range(2):
            with ModelCalls(section(server.url), str(tmp_path)) as calls:
                reply = calls.ask(requests(calls, 1))[0]
            assert (reply.text, reply.error) == (f"bad {1 + 2 * REPEATS}", "it is not good")
            assert reply.tokens_in == (REPEATS + 1) * TOKENS_IN
        assert server.calls.total() == REPEATS + 1


def test_an_empty_reply_is_followed_by_a_complaint_in_the_same_turn(tmp_path):
    def answer(body):
        return "good" if "could not be used" in body["messages"][0]["content"] else " "

    with FakeOpenAI(answer=answer) as server, ModelCalls(section(server.url), str(tmp_path)) as calls:
        reply = calls.ask(requests(calls, 1))[0]
        assert (reply.text, reply.error) == ("good", "")
        assert [len(body["messages"]) for body in server.bodies] == [1, 1]


def test_a_check_that_changed_decides_on_kept_replies(tmp_path):
    with FakeOpenAI(answer=lambda body: "bad") as server:
        with ModelCalls(section(server.url), str(tmp_path)) as calls:
            assert calls.ask(requests(calls, 1))[0].error
        with ModelCalls(section(server.url), str(tmp_path)) as calls:
            assert calls.ask(requests(calls, 1, lambda text: None))[0].text == "bad"
        assert server.calls.total() == REPEATS + 1


def test_one_request_that_fails_fails_alone(tmp_path):
    def script(body, number):
        if "0001" in body["messages"][0]["content"]:
            return Sent(400, {"error": {"message": "flagged", "type": "invalid_request_error", "code": "content_filter"}})
        return None

    with FakeOpenAI(answer=lambda body: "good", script=script) as server:
        with ModelCalls(section(server.url), str(tmp_path)) as calls:
            replies = calls.ask(requests(calls, 3))
        assert [bool(reply.error) for reply in replies] == [False, True, False]
        assert "flagged" in replies[1].error


def test_a_server_that_is_down_stops_the_run_with_one_error(tmp_path):
    with FakeOpenAI(answer=lambda body: "good") as server:
        url = server.url
    with ModelCalls(section(url), str(tmp_path)) as calls, pytest.raises(ConfigError):
        calls.ask(requests(calls, 50))


def test_the_schema_goes_along_only_where_the_settings_say_so(tmp_path):
    calls = ModelCalls(section("http://127.0.0.1:9/v1"), str(tmp_path))
    assert calls.request([], good, {"type": "json_object"}).parameters == {
        "max_tokens": 500,
        "response_format": {"type": "json_object"},
    }
    plain = ModelCalls(
        section("http://127.0.0.1:9/v1", structured=False, temperature=0.5, extra_body={"top_k": 3}), str(tmp_path)
    )
    assert plain.request([], good, {"type": "json_object"}).parameters == {"temperature": 0.5, "max_tokens": 500, "top_k": 3}


# One call reserves (4 tokens in * 1 + 500 out * 1) / 1e6 = 504e-6 USD and costs (100 + 10) / 1e6 = 110e-6 USD.
WORST, COST = 504e-6, 110e-6


def bounded(server, calls_that_fit, **changes):
    """A budget in which exactly so many calls fit one after the other: the last one still has its worst case free."""
    budget = (calls_that_fit - 1) * COST + WORST
    return section(server.url, price="1/1", budget_usd=budget, **changes)


def test_the_budget_stops_exactly_over_runs_and_goes_on_when_raised(tmp_path):
    with FakeOpenAI(answer=lambda body: "good") as server:
        for _ in range(2):
            with (
                ModelCalls(bounded(server, 7), str(tmp_path)) as calls,
                pytest.raises(BudgetReachedError, match=r"raise model\.budget_usd and run again"),
            ):
                calls.ask(requests(calls, 20))
            assert server.calls.total() == 7
        with ModelCalls(bounded(server, 12), str(tmp_path)) as calls, pytest.raises(BudgetReachedError, match="the budget of"):
            calls.ask(requests(calls, 20))
        assert server.calls.total() == 12
        with ModelCalls(bounded(server, 20), str(tmp_path)) as calls:
            assert all(reply.text == "good" for reply in calls.ask(requests(calls, 20)))
            account = calls.account()
    assert set(server.calls.values()) == {1}
    assert (account.calls, account.tokens_in, account.tokens_out) == (20, 2000, 200)
    assert account.usd == pytest.approx(20 * COST)


def test_what_was_kept_is_used_though_nothing_may_be_spent_any_more(tmp_path):
    with FakeOpenAI(answer=lambda body: "good") as server:
        with ModelCalls(bounded(server, 3), str(tmp_path)) as calls:
            calls.ask(requests(calls, 3))
        with ModelCalls(bounded(server, 3), str(tmp_path)) as calls:
            assert [reply.text for reply in calls.ask(requests(calls, 3))] == ["good"] * 3


def test_accounts_without_a_price_count_calls_and_tokens(tmp_path):
    with FakeOpenAI(answer=lambda body: "good") as server, ModelCalls(section(server.url), str(tmp_path)) as calls:
        calls.ask(requests(calls, 3))
        account = ModelCalls(section(server.url), str(tmp_path)).account()
    assert account.model_dump() == {"name": "m", "calls": 3, "tokens_in": 300, "tokens_out": 30, "usd": None}


CODE = """if True:
    import os, signal, sys
    from sevenllm_bench.llm.types import ReplyCache
    from sevenllm_bench.select_instruct.generate.model_calls import ModelCalls
    from sevenllm_bench.select_instruct.settings.build_config import ChatModelSection
    url, folder, until, budget = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    puts = []
    put = ReplyCache.put
    def dying(self, key, value):
        puts.append(key)
        if len(puts) > until:
            os.kill(os.getpid(), signal.SIGKILL)  # the reply is there, and not yet in the file
        put(self, key, value)
    ReplyCache.put = dying
    limits = {"max_tokens": 500, "concurrency": 4, "price": "1/1", "budget_usd": budget}
    section = ChatModelSection(name="m", base_url=url, temperature=None, **limits)
    def good(text):
        return None if text.startswith("good") else "it is not good"
    with ModelCalls(section, folder) as calls:
        questions = [f"question {number:04d}" for number in range(60)]
        calls.ask([calls.request([{"role": "user", "content": text}], good) for text in questions])
"""


def killed_run(server, folder, until, budget):
    command = [sys.executable, "-c", CODE, server.url, str(folder), str(until), str(budget)]
    return subprocess.run(command, capture_output=True, timeout=60, cwd=Path(__file__).parents[3]).returncode


def test_a_run_killed_between_reply_and_file_loses_the_calls_in_flight_and_no_others(tmp_path):
    def answer(body):  # every third question is first answered badly
        number = int(body["messages"][0]["content"].split()[1])
        return "bad" if number % 3 == 0 and len(body["messages"]) == 1 else "good"

    with FakeOpenAI(answer=answer, delay=0.005) as server:
        lost = 0
        for until in (7, 19):
            before = server.calls.total()
            assert killed_run(server, tmp_path, until, 1.0) == -signal.SIGKILL
            with ReplyCache(tmp_path / "replies.sqlite") as cache:
                kept = len(cache)
            lost += server.calls.total() - before - until
            assert kept == server.calls.total() - lost
            assert server.calls.total() - before - until <= 4  # concurrency
        with ModelCalls(section(server.url, price="1/1", budget_usd=1.0), str(tmp_path)) as calls:
            assert all(reply.text == "good" for reply in calls.ask(requests(calls, 60)))
            account = calls.account()
        assert server.calls.total() == 60 + 20 + lost
        assert 0 <= account.calls - server.calls.total() <= 2 * 4  # some were begun, and killed before they were sent
        assert account.tokens_in == TOKENS_IN * 82  # 80 replies that are in the file, and 2 that were on the way to it


def test_killed_runs_and_later_ones_never_pass_the_budget(tmp_path):
    budget = 30 * COST + 9 * WORST
    with FakeOpenAI(answer=lambda body: "good", delay=0.005) as server:
        for until in (5, 5):
            assert killed_run(server, tmp_path, until, budget) == -signal.SIGKILL
        with (
            ModelCalls(section(server.url, price="1/1", budget_usd=budget), str(tmp_path)) as calls,
            pytest.raises(BudgetReachedError),
        ):
            calls.ask(requests(calls, 60))
        spent, most_lost = server.calls.total() * COST, 2 * 4 * WORST
        assert budget - most_lost - WORST <= spent <= budget


def test_two_processes_at_once_ask_each_question_once_within_one_budget(tmp_path):
    with FakeOpenAI(answer=lambda body: "good", delay=0.01) as server:
        command = [sys.executable, "-c", CODE, server.url, str(tmp_path), "1000", "1.0"]
        both = [subprocess.Popen(command, cwd=Path(__file__).parents[3]) for _ in range(2)]
        assert [process.wait(60) for process in both] == [0, 0]
        assert server.calls.total() == 60
        assert ModelCalls(section(server.url, price="1/1"), str(tmp_path)).account().calls == 60


def test_the_files_hold_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    with FakeOpenAI(answer=lambda body: "good") as server, ModelCalls(section(server.url), str(tmp_path)) as calls:
        calls.ask(requests(calls, 2))
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"good" in content
    assert b"sk-secret" not in content
    assert json.dumps(calls.settings.model_dump()).count("sk-") == 0
