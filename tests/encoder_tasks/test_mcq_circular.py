"""Multiple choice in every rotation: rotations, scores and preferences, worked out by hand."""

from __future__ import annotations

import pytest

from sevenllm_bench.comparison.circular_figures import letter_preferences
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.mcq_circular import (
    figures,
    items,
    letter_in,
    likeliest,
    merged,
    refers_to_others,
    rotated,
    score,
)

TASK = encoder_task_by_name("sevenllm-en-mcq-circular")
DOCUMENT = {
    "input": "An incident.",
    "question": "Which one?",
    "choices": ["red", "green", "blue", "grey"],
    "answer": "B",
    "category": "Threat Analysis",
}


def preferred(found):
    return [own.letter for own in letter_preferences(found) if own.is_preferred]


def question(number=1, **changed):
    return Item(number, "mcq", "embedded", {**DOCUMENT, **changed})


#: The right letter of `question()` in each rotation.
RIGHT = ["B", "C", "D", "A"]


def test_options_rotate_and_letters_stay():
    first, second = rotated(question(), 0), rotated(question(), 1)
    assert list(first.choices.items()) == [("A", "red"), ("B", "green"), ("C", "blue"), ("D", "grey")]
    assert list(second.choices.items()) == [("A", "grey"), ("B", "red"), ("C", "green"), ("D", "blue")]
    assert [rotated(question(), rotation).output for rotation in range(4)] == RIGHT
    assert all(rotated(question(), r).choices[RIGHT[r]] == "green" for r in range(4))


def test_the_first_rotation_is_the_row_itself():
    for language in ("en", "zh"):
        task = encoder_task_by_name(f"sevenllm-{language}-mcq-circular")
        benchmark = load_benchmark("embedded")
        found = items(task, benchmark)
        assert len(found) == 16
        for item in found:
            row, own = benchmark.by_id[item.id], rotated(item, 0)
            assert (own.instruction, own.input, own.output, own.language) == (row.instruction, row.input, row.output, language)


@pytest.mark.parametrize(
    ("answer", "metrics"),
    [
        (RIGHT, {"circular_acc": 1.0, "acc": 1.0, "answered": 1.0}),
        (["B", "B", "B", "B"], {"circular_acc": 0.0, "acc": 0.25, "answered": 1.0}),
        (["B", "C", "D", "B"], {"circular_acc": 0.0, "acc": 0.75, "answered": 1.0}),
        (["B", "C", "", ""], {"circular_acc": 0.0, "acc": 0.5, "answered": 0.5}),
        (["B", "C", None, None], {"acc": 1.0, "answered": 1.0}),
        ([None] * 4, {}),
        (None, {"circular_acc": 0.0, "acc": 0.0, "answered": 0.0}),
        ("BCDA", {"circular_acc": 0.0, "acc": 0.0, "answered": 0.0}),
        (["B", "C", "D", 7], {"circular_acc": 0.0, "acc": 0.75, "answered": 0.75}),
        (["B", "C", "D", ["A"]], {"circular_acc": 0.0, "acc": 0.75, "answered": 0.75}),
    ],
)
def test_scores(answer, metrics):
    assert score([question()], [answer]) == [metrics]


@pytest.mark.parametrize("letter", "ABCD")
def test_one_letter_always_is_right_in_one_rotation_of_each_question(letter):
    asked = [question(number, answer="ABCD"[number % 4]) for number in range(12)]
    answers = [[letter] * 4 for _ in asked]
    assert score(asked, answers) == [{"circular_acc": 0.0, "acc": 0.25, "answered": 1.0}] * 12
    found = figures(asked, answers)
    assert found["position"][letter] == {"share": 1.0, "preference": 0.75, "low": 0.75, "high": 0.75}
    others = [found["position"][other] for other in "ABCD" if other != letter]
    assert others == [{"share": 0.0, "preference": -0.25, "low": -0.25, "high": -0.25}] * 3
    assert preferred(found) == [letter]
    assert found["right_in"] == {"0": 0, "1": 12, "2": 0, "3": 0, "4": 0}


def test_a_model_that_knows_prefers_nothing():
    asked = [question(number) for number in range(12)]
    found = figures(asked, [RIGHT] * 12)
    assert all(own["share"] == 0.25 and own["preference"] == 0.0 for own in found["position"].values())
    assert preferred(found) == []
    assert found["right_in"]["4"] == 12


def test_a_weak_preference_has_an_interval_around_it():
    """10 questions answered rightly and 10 with A always: A is the answer to (10 + 40) of 80."""
    asked = [question(number) for number in range(20)]
    found = figures(asked, [RIGHT] * 10 + [["A"] * 4] * 10)
    own = found["position"]["A"]
    assert own["share"] == 50 / 80
    assert own["preference"] == pytest.approx(50 / 80 - 1 / 4)
    # Half of the questions have 0 and half 0.75: the standard error is 0.375 / sqrt(19) = 0.086, and 2.09 of them 0.18.
    assert own["low"] == pytest.approx(0.375 - 0.18, abs=0.04)
    assert own["high"] == pytest.approx(0.375 + 0.18, abs=0.04)
    assert preferred(found) == ["A"]


def test_few_questions_have_no_interval_and_missing_rotations_are_counted():
    found = figures([question(1), question(2)], [RIGHT, ["B", None, None, None]])
    assert (found["questions"], found["partial"]) == (2, 1)
    assert found["position"]["B"]["low"] is None
    assert preferred(found) == []
    empty = figures([], [])
    assert empty["circular_acc_without_them"] is None
    assert empty["position"]["A"]["preference"] is None


@pytest.mark.parametrize(
    "text",
    [
        "All of the above",
        "none of the above.",
        "Both A and B",
        "A and C",
        "Neither of these",
        "Options B and D",
        "以上都是",
        "以上选项均正确",
        "所有上述措施",
        "A和C",
        "全部以上内容",
    ],
)
def test_options_that_speak_of_others(text):
    assert refers_to_others(text)
    found = figures([question(5, choices=["red", "green", "blue", text])], [RIGHT])
    assert found["refer_to_others"] == [5]
    assert found["circular_acc_without_them"] is None


@pytest.mark.parametrize(
    "text", ["百G以上攻击", "both wipers were signed", "a certificate", "APT-C-36", "neither antivirus nor EDR", "C++"]
)
def test_options_that_do_not(text):
    assert not refers_to_others(text)


def test_official_options_that_speak_of_others(official_rows):
    questions = [row for row in official_rows if row.kind == "mcq"]
    assert len(questions) == 100
    assert [row.id for row in questions if any(map(refers_to_others, row.choices.values()))] == [1266]


def test_letters_are_read_with_the_options_of_the_rotation():
    assert letter_in(question(), 0, "green") == "B"
    assert letter_in(question(), 1, "green") == "C"
    assert letter_in(question(), 3, "The answer is D.") == "D"
    assert letter_in(question(), 0, "") == ""
    assert letter_in(question(choices=None), 0, "B") == "B"


@pytest.mark.parametrize(
    ("values", "letter"),
    [
        ([(-3.0, False), (-1.0, False), (-2.0, True), (-4.0, False)], "B"),
        ([["-3.0", "False"], ["-1.0", "False"], ["-0.5", "True"], ["-4.0", "False"]], "C"),
        ([-1.0, -1.0, -1.0, -1.0], "A"),
        ([float("nan")] * 4, ""),
        ([-1.0, -2.0], ""),
        ("abcd", ""),
        (None, ""),
        ([{}, [], [], []], ""),
    ],
)
def test_log_likelihoods(values, letter):
    assert likeliest(values) == letter


def test_answers_are_merged_in_any_order():
    assert merged([(3, "A"), (0, "B"), (2, "")]) == ["B", None, "", "A"]
    assert merged([(0, "B"), (0, "C")])[0] == "B"
