"""What multiple choice scores without knowledge: by hand, and over the official questions as the issue's figures say."""

from __future__ import annotations

import pytest

from sevenllm_bench.data.rows import parse_row
from sevenllm_bench.figures.mcq_baselines import baselines_by_language, mcq_baselines


def question(number, right, *texts, text="Which of them is it?"):
    choice = dict(zip("ABCD", texts, strict=True))
    record = {"id": number, "category": "Threat Analysis", "instruction": {"question": text, "choice": choice}}
    return parse_row({**record, "input": "x", "thought": "", "output": right}, "a test", "embedded")


def test_by_hand():
    rows = [
        question(1, "B", "aa", "aaaa", "a", "a"),  # the longest is right
        question(2, "B", "aaa", "aaa", "a", "a"),  # one of two longest
        question(3, "D", "aaaa", "a", "a", "a"),
        question(4, "C", "一二三四", "一", "一", "一", text="是哪一个？"),
    ]
    found = mcq_baselines(rows)
    assert found.constant == {"A": 0.0, "B": 0.5, "C": 0.25, "D": 0.25}
    assert (found.longest, found.longest_or_equal, found.random) == (1.5 / 4, 2 / 4, 0.25)
    assert found.rows() == [("always B", 0.5), ("longest option", 0.375), ("chance", 0.25)]
    english, chinese = baselines_by_language(rows)
    assert (english.language, english.questions, english.best_letter) == ("en", 3, "B")
    assert (chinese.language, chinese.questions, chinese.best_letter) == ("zh", 1, "C")
    assert english.words == (
        "Without knowledge, multiple choice in English scores: always B 0.667, longest option 0.500, chance 0.250 (3 questions)."
    )
    assert mcq_baselines([]) is None


def test_the_official_questions(official_rows):
    found = mcq_baselines(official_rows)
    assert found.questions == 100
    assert found.constant == pytest.approx({"A": 0.25, "B": 0.36, "C": 0.32, "D": 0.07})
    assert found.longest_or_equal == pytest.approx(0.53)
    assert found.longest == pytest.approx(0.4525)
    english, chinese = baselines_by_language(official_rows)
    assert (english.best_letter, english.constant["B"]) == ("B", 0.4)
    assert (chinese.best_letter, chinese.constant["C"]) == ("C", 0.4)
