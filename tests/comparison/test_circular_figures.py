"""Figures of multiple choice in every rotation, from samples and from files that may hold anything."""

import math

import pytest

from sevenllm_bench.comparison.circular_figures import LetterPreference, circular_figures, letter_preferences
from sevenllm_bench.encoder_tasks.encoder_task import Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.mcq_circular import score
from sevenllm_bench.runs.encoder_records import EncoderTaskRun, ItemSample
from sevenllm_bench.runs.records import Model, Run, Settings

TASK = encoder_task_by_name("sevenllm-en-mcq-circular")
DOCUMENT = {"input": "", "question": "Which?", "choices": ["w", "x", "y", "z"], "answer": "B", "category": "c"}


def run_of(answers, task=TASK):
    items = [Item(number, "mcq", "embedded", DOCUMENT) for number in range(len(answers))]
    scores = score(items, answers)
    samples = [ItemSample(task.name, *own) for own in zip(items, answers, scores, strict=True)]
    return Run(
        "one",
        Model("one", "hf"),
        Settings(),
        {},
        (),
        encoder_tasks={task.name: EncoderTaskRun(task.name, task)},
        item_samples=tuple(samples),
    )


def test_one_letter_always():
    """Right in one of four; of 12 questions none in all. Wilson's upper end for 0 of n is z² / (n + z²) = 3.8415 / 15.8415."""
    (found,) = circular_figures(run_of([["B"] * 4] * 12))
    assert (found.task, found.questions, found.partial, found.circular_acc, found.acc) == (TASK, 12, 0, 0.0, 0.25)
    assert (found.interval.low, found.interval.high) == (pytest.approx(0, abs=1e-9), pytest.approx(0.2425, abs=1e-4))
    assert found.preferred == (LetterPreference("B", 0.75, 0.75, 0.75),)
    assert [own.mean for own in found.preferences] == [-0.25, 0.75, -0.25, -0.25]


def test_a_question_without_all_rotations_counts_in_the_average_alone():
    """Two of two rotations right, and four of four: the average is 1, and one question is whole."""
    (found,) = circular_figures(run_of([["B", "C", None, None], ["B", "C", "D", "A"]]))
    assert (found.questions, found.partial, found.circular_acc, found.acc) == (2, 1, 1.0, 1.0)
    (found,) = circular_figures(run_of([["B", "C", None, None]]))
    assert found.circular_acc is None
    assert circular_figures(run_of([])) == []


@pytest.mark.parametrize(
    "further",
    [
        {},
        {"position": None},
        {"position": [1, 2]},
        {"position": {"A": 5, "B": {"preference": math.nan}, "C": {"preference": "0.5"}, "D": {"preference": True}}},
        {"position": {"A": {"preference": 10**400}}},
    ],
)
def test_what_is_no_preference_is_left_out(further):
    assert letter_preferences(further) == ()


def test_half_an_interval_is_none():
    found = letter_preferences({"position": {"B": {"preference": 0.5, "low": 0.4, "high": math.inf}}})
    assert found == (LetterPreference("B", 0.5, None, None),)
    assert not found[0].is_preferred
