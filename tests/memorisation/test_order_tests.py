"""Tests of orders: which orders there are, by hand, and models whose preference is known."""

import itertools
from dataclasses import replace

import pytest
from scripted_probed import NOT_FINITE, ScriptedProbed, noise

from sevenllm_bench.data.embedded import load_embedded
from sevenllm_bench.memorisation.order_tests import (
    neighbours,
    option_completion_test,
    option_order_test,
    option_orders,
    order_values,
    row_order_test,
)

ROWS = load_embedded("en", "test")
QUESTIONS = [row for row in ROWS if row.kind == "mcq"]


def _with_right(letter):
    choice = {"A": "a", "B": "b", "C": "c", "D": "d"}
    return replace(QUESTIONS[0], instruction={"question": "q", "choice": choice}, output=letter)


def test_the_right_option_stays_in_its_place():
    orders = ["".join(order) for order in option_orders(_with_right("B"), "ABCD")]
    assert orders == ["abcd", "abdc", "cbad", "cbda", "dbac", "dbca"]
    assert ["".join(order) for order in option_orders(_with_right("D"), "BCD")] == ["abcd", "acbd"]
    assert len(option_orders(_with_right("A"), "BCD")) == 6


def test_neighbours_are_of_one_task_in_groups_of_up_to_four_with_different_texts():
    row, task = QUESTIONS[0], QUESTIONS[0].leaf
    other = next(row for row in ROWS if row.leaf != task)
    rows = [replace(row, id=n, input=f"text {n}") for n in range(5)]
    rows += [replace(other, id=9, input="alone"), *(replace(row, id=n, input="same") for n in (20, 21)), replace(row, input="x")]
    assert [[row.input for row in group] for group in neighbours(rows)] == [
        ["text 0", "text 1", "text 2", "text 3"],
        ["same", "x"],
    ]


def test_gains_are_added_along_each_order():
    gains = {(0, 1): 1, (1, 0): 2, (0, 2): 4, (2, 0): 8, (1, 2): 16, (2, 1): 32}
    # 012: 1 + 16; 021: 4 + 32; 102: 2 + 4; 120: 16 + 8; 201: 8 + 1; 210: 32 + 2
    assert order_values(gains, 3).tolist() == [17, 36, 6, 24, 9, 34]


def _ordered_rows(groups):
    """Groups of three rows of one task, two tasks by turns."""
    kinds = [row for row in ROWS if row.kind == "generation"]
    one, two = kinds[0], next(row for row in kinds if row.leaf != kinds[0].leaf)
    numbers = itertools.count()
    return [
        replace((one, two)[g % 2], id=(n := next(numbers)), input=f"row number {n}.", thought="", output="x")
        for g in range(groups)
        for _ in range(3)
    ]


def test_a_model_that_knows_which_row_comes_next_is_found():
    rows = _ordered_rows(12)
    following = {after.input: before.input for before, after in itertools.pairwise(rows)}

    def knows(context, text):
        return -10.0 + noise(context, text) + 5 * (following.get(text, "?") in context)

    found = row_order_test(ScriptedProbed(log_likelihood=knows), "en", rows, 0, 999)
    assert found.units == 12
    assert found.p == 0.001
    assert found.low > 0
    unknowing = row_order_test(ScriptedProbed(log_likelihood=noise), "en", rows, 0, 999)
    assert unknowing.p > 0.05


def test_a_preference_for_the_place_of_the_right_option_is_no_evidence():
    """It likes the right option early, whatever else is where: the same in all orders that are compared."""
    right = {row.choices[row.output] for row in QUESTIONS}

    def early(context, text):
        return -float(next(place for place, line in enumerate(text.split("\n")) if line[3:] in right))

    found = option_order_test(ScriptedProbed(log_likelihood=early), "en", QUESTIONS, 0, 999)
    assert found.p is None
    assert "more have the same value in every order" in found.why_not


def test_a_model_that_knows_the_order_of_options_is_found_from_either_side():
    written = {row.instruction["question"]: "\n".join(f"{x}. {t}" for x, t in row.choices.items()) for row in QUESTIONS}
    model = ScriptedProbed(
        log_likelihood=lambda context, text: noise(text) - 2 * (text != written[context.strip()]),
        completion=lambda _, text: written[text.split("\n")[0]].split("\nB.")[1],
    )
    assert option_order_test(model, "en", QUESTIONS, 0, 999).p == 0.001
    completed = option_completion_test(model, "en", QUESTIONS, 0, 999)
    assert completed.p <= 0.005
    assert completed.units == len(QUESTIONS)


def test_options_that_speak_of_others_are_left_out_and_counted():
    special = replace(
        QUESTIONS[0], instruction={"question": "q", "choice": {"A": "one", "B": "two", "C": "three", "D": "All of the above"}}
    )
    found = option_order_test(ScriptedProbed(log_likelihood=noise), "en", [special, *QUESTIONS[1:]], 0, 99)
    assert found.left_out == {"an option speaks of others": 1}
    assert found.units == len(QUESTIONS) - 1


@pytest.mark.parametrize("bad", NOT_FINITE)
def test_values_that_are_no_numbers_are_left_out_and_counted(bad):
    first = QUESTIONS[0].instruction["question"]

    def sometimes(context, text):
        return bad if context.startswith(first) else noise(context, text)

    found = option_order_test(ScriptedProbed(log_likelihood=sometimes), "en", QUESTIONS, 0, 99)
    assert found.left_out == {"no finite log-likelihood": 1}
    assert found.p is not None
    never = option_order_test(ScriptedProbed(log_likelihood=lambda *_: bad), "en", QUESTIONS, 0, 99)
    assert never.p is None
    assert never.left_out == {"no finite log-likelihood": len(QUESTIONS)}


@pytest.mark.parametrize("answer", ["", " \n", "A" * 100_000, "\x00\ud800" * 50, "Sorry, I can't."])
def test_answers_without_options_are_no_evidence(answer):
    found = option_completion_test(ScriptedProbed(completion=lambda *_: answer), "en", QUESTIONS, 0, 99)
    assert found.p is None or found.p > 0.05
    assert ("empty answers, counted as no preference" in found.left_out) is not bool(answer.strip())
