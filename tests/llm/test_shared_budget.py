"""A budget in a file: never passed, whoever asks, is killed, or comes back later."""

import asyncio
import multiprocessing
import os
import random
import signal
from contextlib import suppress
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from llm.asking import questions, settings
from llm.server import FakeOpenAI

from sevenllm_bench.io.claimed_cache import LEASE
from sevenllm_bench.llm.client import Client
from sevenllm_bench.llm.pricing import Price
from sevenllm_bench.llm.shared_budget import SharedBudget


def budget(path, limit, price=None, clock=None):
    return SharedBudget(path, "writer", limit, price, *([clock] if clock else []))


def test_what_is_set_aside_and_spent_stays_within_the_limit_to_the_last_cent(tmp_path):
    one = budget(tmp_path / "s.sqlite", 1.0)
    assert [one.reserve(0.1) for _ in range(10)] == [True] * 10  # in floats, ten tenths added are less than 1
    assert not one.reserve(0.000001)
    one.settle(0.1, 0.03, tokens=(5, 7))
    assert one.reserve(0.07)
    assert not one.reserve(0.000001)
    found = one.spending()
    assert (found.calls, found.tokens_in, found.tokens_out, found.usd) == (11, 5, 7, 0.03)
    assert abs(found.unknown_usd - 0.97) < 1e-9


def test_a_later_run_goes_on_where_the_last_one_stopped_and_further_with_a_higher_limit(tmp_path):
    first = budget(tmp_path / "s.sqlite", 0.5)
    assert first.reserve(0.4)
    first.settle(0.4, 0.35)
    first.close()
    second = budget(tmp_path / "s.sqlite", 0.5)
    assert not second.reserve(0.2)
    second.close()
    third = budget(tmp_path / "s.sqlite", 0.6)
    assert third.reserve(0.2)
    assert third.spending().usd == 0.35


def test_accounts_of_one_file_are_apart(tmp_path):
    writer, critic = (SharedBudget(tmp_path / "s.sqlite", name, 1.0, None) for name in ("writer", "critic"))
    assert writer.reserve(1.0)
    assert critic.reserve(1.0)
    writer.settle(1.0, 0.25)
    assert (writer.spending().usd, critic.spending().usd) == (0.25, 0.0)


def test_a_call_whose_cost_is_unknown_counts_against_the_limit_and_not_as_spent(tmp_path):
    one = budget(tmp_path / "s.sqlite", 1.0)
    one.reserve(0.6)
    one.settle(0.6, 0.0, unknown=0.6)
    assert not one.reserve(0.5)
    assert (one.spending().usd, one.spending().unknown_usd) == (0.0, 0.6)


def test_calls_of_others_are_waited_for_only_while_their_process_lives(tmp_path):
    now = [1000.0]
    mine, other = (budget(tmp_path / "s.sqlite", 1.0, clock=lambda: now[0]) for _ in range(2))
    assert other.reserve(0.9)
    assert mine.in_flight_elsewhere
    assert not other.in_flight_elsewhere
    now[0] += LEASE - 1
    other.renew()
    now[0] += LEASE - 1
    assert mine.in_flight_elsewhere
    now[0] += LEASE + 1
    assert not mine.in_flight_elsewhere
    assert not mine.reserve(0.2)  # it may have been paid for
    other.settle(0.9, 0.1)  # it was only stopped for a while
    assert mine.reserve(0.8)


def test_the_worst_case_is_that_of_the_price(tmp_path):
    one = budget(tmp_path / "s.sqlite", 1.0, Price(1.0, 2.0))
    request = questions(1, max_tokens=1000)[0]
    assert one.worst(request) == (request.tokens_in * 1.0 + 1000 * 2.0) / 1e6


@given(
    steps=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 400), st.integers(0, 100)), max_size=30),
    limit=st.integers(1, 1000),
)
def test_any_order_of_calls_of_three_processes_agrees_with_exact_sums(tmp_path_factory, steps, limit):
    path = tmp_path_factory.mktemp("budget") / "s.sqlite"
    budgets = [budget(path, limit / 1000) for _ in range(3)]
    spent, held = Fraction(0), []
    for who, amount, share in steps:
        fits = spent + sum(worst for _, worst in held) + amount <= limit
        assert budgets[who].reserve(amount / 1000) == fits
        if fits:
            held.append((who, amount))
        if held and share % 2:
            owner, worst = held.pop(share % len(held))
            cost = Fraction(worst * share, 100)
            budgets[owner].settle(worst / 1000, float(cost / 1000))
            spent += cost
        assert spent + sum(worst for _, worst in held) <= limit
    assert abs(budgets[0].spending().usd - float(spent / 1000)) < 1e-9
    for one in budgets:
        one.close()


def spend(path, log, seed, together):
    """Spend until nothing fits; one process of four kills itself in the middle of its first call, when all have begun one."""
    rng = random.Random(seed)
    one = SharedBudget(path, "writer", 1.0, None)
    for number in range(1000):
        worst = rng.randrange(1, 20) / 1000
        if not one.reserve(worst):
            break
        if number == 0:
            together.wait(60)
        cost = worst * rng.random()
        with log.open("a") as file:  # what the server bills, whether the process lives to see it or not
            file.write(f"{worst:.9f} {cost:.9f}\n")
        if seed == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        one.settle(worst, cost)
    one.close()


def test_four_processes_of_which_one_is_killed_never_spend_more_than_the_limit(tmp_path):
    path, log = tmp_path / "s.sqlite", tmp_path / "bills"
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(4)
    workers = [context.Process(target=spend, args=(path, log, seed, together)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(worker.exitcode for worker in workers) == [-signal.SIGKILL, 0, 0, 0]
    bills = [tuple(map(float, line.split())) for line in log.read_text().splitlines()]
    billed = sum(cost for _, cost in bills)
    assert 0.9 < billed <= 1.0  # the least call costs 0.001, the dearest 0.019
    found = budget(path, 1.0).spending()
    assert found.calls == len(bills)
    assert found.usd <= billed + 1e-6
    assert found.usd + found.unknown_usd <= 1.0


def test_a_call_that_is_cut_off_may_have_been_paid_for(tmp_path):
    async def cut_off():
        work = asyncio.create_task(client.complete_all(requests))
        while not server.calls:
            await asyncio.sleep(0.005)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work

    requests, price = questions(1, max_tokens=1000), Price(1.0, 2.0)
    with FakeOpenAI(delay=1.0) as server:
        one = budget(tmp_path / "s.sqlite", 1.0, price)
        client = Client(settings(server, price="1/2"), budget=one)
        asyncio.run(cut_off())
    found = one.spending()
    assert (found.calls, found.usd) == (1, 0.0)
    assert found.unknown_usd == one.worst(requests[0]) > 0


def test_amounts_that_no_column_holds(tmp_path):
    one = budget(tmp_path / "s.sqlite", None)
    for _ in range(20):
        assert one.reserve(1e30)
        one.settle(0.0, 1e30, 1e30, (10**9, 10**9))
    assert one.spending().usd > 1e6
    limited = budget(tmp_path / "s.sqlite", 5.0)
    assert not limited.reserve(0.01)
