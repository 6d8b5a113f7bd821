import asyncio
import json
import sys
import time
from collections import Counter

import pytest
from llm.asking import FORMAT, answer_to, check, questions, settings
from llm.server import FAULTS, FakeOpenAI, key_of

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.client import Client, ConnectionSettings, Request
from sevenllm_bench.llm.types import ReplyCache


@pytest.fixture(autouse=True)
def _no_price(monkeypatch):
    monkeypatch.delenv("SEVENLLM_JUDGE_PRICE", raising=False)


@pytest.fixture
def cache(tmp_path):
    with ReplyCache(tmp_path / "replies.sqlite") as cache:
        yield cache


def first_calls(*faults):
    """A plan in which each key's first calls fail like this."""
    return lambda key, nth: faults[nth - 1] if nth <= len(faults) else None


def test_under_failures_of_all_kinds_every_reply_is_good_or_has_a_reason(cache):
    requests = questions(300)
    with FakeOpenAI(fail_share=0.3, seed=7) as server:
        client = Client(settings(server, timeout_s=0.4), cache)
        told = {}
        replies = client.run(requests, check, lambda place, reply: told.setdefault(place, reply))
    assert set(server.faults) == {*FAULTS, "none"}, "the plan holds every kind"
    assert len(replies) == len(told) == 300
    for request, reply in zip(requests, replies, strict=True):
        assert reply.text == answer_to(request) if not reply.error else reply.error
    good = sum(not reply.error for reply in replies)
    assert good >= 290
    assert len(cache) == good, "only good replies are kept"
    assert client.usage.failed == 300 - good
    assert client.usage.calls == sum(server.calls.values()) == sum(reply.attempts for reply in replies)
    assert client.usage.retries == client.usage.calls - 300


def test_the_second_run_asks_nothing(cache):
    requests = questions(20)
    with FakeOpenAI() as server:
        first = Client(settings(server), cache).run(requests, check)
        client = Client(ConnectionSettings("m", server.url), cache)
        second = client.run(requests, check)
        assert sum(server.calls.values()) == 20
        assert [reply.text for reply in first] == [reply.text for reply in second]
        assert all(reply.cached and reply.attempts == 0 for reply in second)
        assert (client.usage.cached, client.usage.calls) == (20, 0)
        other = Client(settings(server, model="n"), cache).run(requests[:1])
        assert not other[0].cached, "another model"


def test_what_the_cache_holds_needs_no_key_and_no_server(cache, monkeypatch):
    with FakeOpenAI() as server:
        Client(settings(server), cache).run(questions(2))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert all(reply.cached for reply in Client(ConnectionSettings("m"), cache).run(questions(2)))
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        Client(ConnectionSettings("m"), cache).run(questions(3))


def test_a_kept_reply_that_is_refused_now_is_asked_again(cache):
    with FakeOpenAI(plan=first_calls("nonsense")) as server:
        client = Client(settings(server), cache)
        assert client.run(questions(1))[0].text == '{"reason": "too good", "score": 9}'
        again = client.run(questions(1), check)[0]
    assert (again.cached, again.error, again.text) == (False, "", answer_to(questions(1)[0]))


def test_as_many_calls_in_flight_as_allowed_and_no_more():
    with FakeOpenAI(delay=0.1) as server:
        replies = Client(settings(server, concurrency=16)).run(questions(300))
    assert server.peak == 16
    assert all(not reply.error for reply in replies)


def test_equal_requests_are_asked_once_and_all_are_answered(cache):
    requests = questions(3) * 5
    places = []
    with FakeOpenAI() as server:
        client = Client(settings(server), cache)
        replies = client.run(requests, on_done=lambda place, reply: places.append(place))
    assert set(server.calls.values()) == {1}
    assert [reply.text for reply in replies] == [answer_to(request) for request in requests]
    assert sorted(places) == list(range(15))
    assert client.usage.tokens_in == 300


def test_without_the_package_the_install_line_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ConfigError, match=r'pip install "sevenllm-bench\[judge\]"'):
        Client(ConnectionSettings("m", "http://127.0.0.1:9/v1")).run(questions(1))


def test_nothing_to_ask():
    assert Client(ConnectionSettings("m")).run([]) == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("rate_limit", "HTTP 429: as planned (after 3 attempts)"),
        ("server_error", "HTTP 500: as planned (after 3 attempts)"),
        ("hang", "no reply within 0.2 s (after 3 attempts)"),
        ("trickle", "no reply within 0.2 s (after 3 attempts)"),
        ("drop", "connection failed ("),
        ("truncated", "the server's reply is broken JSON (after 3 attempts)"),
        ("empty", "empty reply (finish_reason stop) (after 3 attempts)"),
        ("no_choices", "empty reply (no choices) (after 3 attempts)"),
        ("bad_request", "HTTP 400: as planned"),
    ],
)
def test_a_failure_that_stays_is_a_reason(fault, reason, cache):
    limit = 0.2 if fault in ("hang", "trickle") else 30
    with FakeOpenAI(plan=lambda key, nth: fault, retry_after="0.01") as server:
        reply = Client(settings(server, max_attempts=3, timeout_s=limit), cache).run(questions(1))[0]
    assert reply.text is None
    assert reply.error.startswith(reason)
    # A refusal is asked in other forms: without temperature, as a stream, and so on.
    assert reply.attempts == sum(server.calls.values()) == (6 if fault == "bad_request" else 3)
    assert len(cache) == 0


def test_a_server_that_is_not_there():
    with FakeOpenAI() as server:
        gone = settings(server, max_attempts=2)
    reply = Client(gone).run(questions(1))[0]
    assert reply.error.startswith("connection failed (")
    assert reply.attempts == 2


def test_nonsense_is_asked_again_and_then_given_back_with_the_reason(cache):
    with FakeOpenAI(plan=lambda key, nth: "nonsense") as server:
        client = Client(settings(server, validation_retries=2), cache)
        reply = client.run(questions(1), check)[0]
    assert reply.text == '{"reason": "too good", "score": 9}'
    assert (reply.error, reply.attempts, reply.tokens_in, reply.tokens_out) == ("score 9 is out of range", 3, 300, 30)
    assert (client.usage.tokens_in, client.usage.failed, len(cache)) == (300, 1, 0)


@pytest.mark.parametrize("fault", ["rate_limit", "server_error"])
@pytest.mark.parametrize(("header", "seconds"), [("0.3", 0.3), ("300ms", 0.3), (None, 0)])
def test_retry_after_is_waited_for(fault, header, seconds):
    with FakeOpenAI(plan=first_calls(fault), retry_after=header) as server:
        reply = Client(settings(server)).run(questions(1))[0]
    assert (reply.error, reply.attempts) == ("", 2)
    assert server.arrivals[1] - server.arrivals[0] >= seconds


def test_a_rate_limit_pauses_the_other_workers():
    hit = key_of({"messages": list(questions(1)[0].messages)})
    with FakeOpenAI(
        plan=lambda key, nth: "rate_limit" if nth == 1 and key == hit else None, retry_after="0.7", delay=0.02
    ) as server:
        Client(settings(server, concurrency=4)).run(questions(40))
    gaps = [later - earlier for earlier, later in zip(server.arrivals, server.arrivals[1:], strict=False)]
    # Calls that were in flight with the refused one may come in before the pause; none comes within it.
    pause = gaps.index(max(gaps))
    assert max(gaps) >= 0.6
    assert pause <= 8, "it begins right after the refusal"
    assert len(server.arrivals) == 41


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("unauthorized", "refuses the API key (HTTP 401); check OPENAI_API_KEY"),
        ("quota", "no quota left (HTTP 429); check its plan and billing. It says: as planned"),
        ("payment", "(HTTP 402); check the account's balance. It says: as planned"),
    ],
)
def test_what_would_fail_everywhere_stops_the_run(fault, words, cache):
    server = FakeOpenAI(plan=lambda key, nth: fault if server.calls.total() > 10 else None, delay=0.02)
    with server, pytest.raises(ConfigError) as caught:
        Client(settings(server, concurrency=4), cache).run(questions(200))
    assert words in str(caught.value)
    assert server.calls.total() <= 10 + 4, "only what was in flight already"
    assert len(cache) == server.good.total() == 10, "what was good is kept"


def test_an_unknown_model_stops_the_run_with_its_first_call():
    with FakeOpenAI(plan=lambda key, nth: "not_found") as server, pytest.raises(ConfigError) as caught:
        Client(settings(server)).run(questions(20))
    assert "knows no model m, or not this address (HTTP 404)" in str(caught.value)
    assert "It says: as planned" in str(caught.value)
    assert server.calls.total() == 1


def test_a_404_after_good_replies_is_that_requests_and_several_in_a_row_stop_the_run(cache):
    wrong = {key_of({"messages": list(request.messages)}) for request in questions(40)[5:7]}
    with FakeOpenAI(plan=lambda key, nth: "not_found" if key in wrong else None) as server:
        replies = Client(settings(server, concurrency=1), cache).run(questions(40))
        assert [place for place, reply in enumerate(replies) if reply.error] == [5, 6]
    with FakeOpenAI(plan=lambda key, nth: "not_found" if server.calls.total() > 10 else None) as server:
        with pytest.raises(ConfigError, match="HTTP 404"):
            Client(settings(server, concurrency=1)).run(questions(40))
        assert server.calls.total() == 13


def test_a_stopped_run_waits_for_nothing_and_calls_no_more():
    # The first call is told to come back in two minutes; the second finds that the key is wrong.
    with FakeOpenAI(
        plan=lambda key, nth: ("server_error", "unauthorized")[server.calls.total() - 1], retry_after="120"
    ) as server:
        begun = time.monotonic()
        with pytest.raises(ConfigError, match="refuses the API key"):
            Client(settings(server, concurrency=2)).run(questions(2))
    assert time.monotonic() - begun < 20
    # Only one call at a time fits the budget, so that the others wait when the fourth fails.
    with FakeOpenAI(plan=lambda key, nth: "unauthorized" if server.calls.total() == 4 else None) as server:
        with pytest.raises(ConfigError, match="refuses the API key"):
            Client(settings(server, price="0/1", budget_usd=1.0)).run(questions(20, max_tokens=999_000))
        assert server.calls.total() == 4


@pytest.mark.parametrize("name", ["response_format", "temperature", "max_tokens"])
def test_a_parameter_that_the_server_rejects_is_learnt_once(name, cache):
    requests = questions(30, response_format=FORMAT)
    with FakeOpenAI(rejects=[name]) as server:
        client = Client(settings(server, concurrency=3), cache)
        replies = client.run(requests, check)
    assert all(not reply.error for reply in replies)
    assert sum(name in body for body in server.bodies) == 1, "the first call is made alone"
    assert all(len(body) == 5 - (name != "max_tokens") for body in server.bodies if name not in body)
    assert len(client.forms.notes) == 1
    assert cache.get(requests[0].key("m")), "kept under what was asked for"


def test_several_rejections_one_after_the_other():
    with FakeOpenAI(rejects=["response_format", "temperature", "max_tokens"]) as server:
        reply = Client(settings(server, max_attempts=1)).run(questions(1, response_format=FORMAT))[0]
    assert (reply.error, reply.attempts) == ("", 4)
    assert server.bodies[-1].keys() == {"model", "messages", "max_completion_tokens"}


def test_a_rejection_without_end_comes_to_an_end():
    with FakeOpenAI(rejects=["model"]) as server:
        reply = Client(settings(server)).run(questions(1))[0]
    assert (reply.attempts, reply.error[:9]) == (6, "HTTP 400:")


def test_texts_that_utf8_cannot_carry_are_sent_all_the_same():
    with FakeOpenAI() as server:
        reply = Client(settings(server)).run([Request([{"role": "user", "content": "a\ud800b 网"}])])[0]
    assert not reply.error
    assert server.bodies[0]["messages"][0]["content"] == "a?b 网"


def test_an_estimate_costs_nothing_and_counts_equal_requests_once(cache):
    requests = [*questions(10, max_tokens=1000), *questions(5, max_tokens=1000)]
    with FakeOpenAI() as server:
        client = Client(settings(server, price="1/10"), cache)
        client.run(requests[:2])
        estimate = client.estimate(requests)
        assert server.calls.total() == 2
    assert (estimate.calls, estimate.cached) == (8, 2)
    assert estimate.tokens_in == 8 * 5  # "question N " is 11 ASCII characters, 问题 two more
    assert estimate.usd == pytest.approx((40 * 1 + 8000 * 10) / 1e6)
    assert Client(settings(server), cache).estimate(requests).usd is None


def test_the_budget_is_never_passed_and_stops_cleanly(cache):
    # A call costs 100 and 10 tokens by the server's count: 200 USD per million each makes 0.022 USD; at worst 0.011.
    requests = questions(100)
    with FakeOpenAI(delay=0.005) as server:
        Client(settings(server), cache).run(requests[:3])
        client = Client(settings(server, price="200/200", budget_usd=1.0), cache)
        replies = client.run([*requests[10:], *requests[:3]])
    errors = Counter(reply.error for reply in replies)
    assert set(errors) == {"", "budget of 1 USD reached"}
    assert all(reply.cached for reply in replies[-3:]), "what is kept costs nothing"
    asked = errors[""] - 3
    assert client.usage.usd == pytest.approx(asked * 0.022)
    assert client.usage.usd <= 1.0 + 16 * 0.011, "by no more than the prompts in flight were underestimated"
    assert asked >= 40, "it is used up before it stops"


def test_a_budget_waits_for_calls_in_flight_to_cost_less_than_feared():
    # At worst 1 USD each (1,000,000 tokens of output), really 10 tokens: all of them fit, one after the other.
    with FakeOpenAI() as server:
        client = Client(settings(server, price="0/1", budget_usd=1.0))
        replies = client.run(questions(20, max_tokens=999_000))
    assert all(not reply.error for reply in replies)
    assert server.peak == 1
    assert client.usage.usd == pytest.approx(20 * 10 / 1e6)


@pytest.mark.parametrize("concurrency", [1, 16])
def test_a_call_that_is_too_dear_leaves_the_cheaper_ones(concurrency):
    # At worst 2 USD for the first, 0.1 USD for each other: only the first is more than the budget.
    requests = [*questions(1, max_tokens=2_000_000), *questions(20, max_tokens=100_000)[1:]]
    with FakeOpenAI() as server:
        replies = Client(settings(server, price="0/1", budget_usd=1.0, concurrency=concurrency)).run(requests)
    assert [reply.error for reply in replies] == ["budget of 1 USD reached", *[""] * 19]


def test_replies_that_got_lost_count_against_the_budget_as_the_worst():
    with FakeOpenAI(plan=lambda key, nth: "truncated") as server:
        client = Client(settings(server, price="0/1", budget_usd=2.5))
        reply = client.run(questions(1, max_tokens=1_000_000))[0]
    assert (reply.error, server.calls.total(), client.usage.usd) == ("budget of 2.5 USD reached", 2, 0)


def test_a_budget_without_a_price_is_refused_at_once():
    with pytest.raises(ConfigError, match="SEVENLLM_JUDGE_PRICE"):
        Client(ConnectionSettings("local", "http://127.0.0.1:9/v1", budget_usd=1))


def test_inside_a_running_loop():
    async def notebook(client):
        return client.run(questions(5), check)

    with FakeOpenAI() as server:
        client = Client(settings(server))
        assert [reply.error for reply in asyncio.run(notebook(client))] == [""] * 5
        assert len(client.run(questions(6))) == 6, "and outside of one afterwards"
        assert len(asyncio.run(client.complete_all(questions(7)))) == 7


def test_an_error_of_the_caller_comes_through_as_it_is(cache):
    def broken(text):
        raise KeyError(json.loads(text)["reason"])

    with FakeOpenAI() as server, pytest.raises(KeyError, match="as asked"):
        Client(settings(server), cache).run(questions(50), broken)


def test_the_check_of_a_request_goes_before_that_of_the_run_and_is_not_part_of_its_key(cache):
    (request,) = questions(1)
    with FakeOpenAI() as server:
        Client(settings(server), cache).run([request], lambda text: None)
        strict = Request(request.messages, request.parameters, lambda text: "not good enough")
        assert strict.key("m") == request.key("m")
        reply = Client(settings(server), cache).run([strict], lambda text: None)[0]
        assert (reply.error, reply.cached, reply.attempts) == ("not good enough", False, 3)
        assert Client(settings(server), cache).run([request], lambda text: None)[0].cached
