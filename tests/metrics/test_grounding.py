"""Grounding: 60 cases decided by hand, properties, hostile answers, numbers and dates, invented indicators."""

import json
import runpy
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.metrics.grounding import grounded, grounding_marks
from sevenllm_bench.metrics.invented import indicators_with_support, invented_indicators
from sevenllm_bench.metrics.registry import ADDED_LATER, LOWER_IS_BETTER, METRIC_VERSIONS, gain, higher_is_better
from sevenllm_bench.scoring import reference_grounding, score_rows
from sevenllm_bench.text.quantities import NUMBER, number_of

CASES = [json.loads(line) for line in (Path(__file__).parents[1] / "golden" / "grounding_cases.jsonl").open(encoding="utf-8")]
TEXT = CASES[0]["text"]
WORDS = st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=8), min_size=4, max_size=40)
ANYTHING = st.lists(st.text(max_size=30), max_size=8)
QUICK = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['language']}-{case['value'][:20]}")
def test_cases_by_hand(case):
    assert [mark.how for mark in grounding_marks([case["value"]], case["text"])] == [case["how"]]


def test_there_are_thirty_cases_a_language():
    assert [sum(case["language"] == language for case in CASES) for language in ("en", "zh")] == [30, 30]


@QUICK
@given(WORDS, st.data())
def test_a_value_cut_from_the_text_is_supported(words, data):
    start = data.draw(st.integers(0, len(words) - 1))
    length = data.draw(st.integers(1, len(words) // 2))
    (mark,) = grounding_marks([" ".join(words[start : start + length])], " ".join(words))
    assert mark.is_supported or mark.how == "no claim"


@QUICK
@given(ANYTHING, st.text(max_size=200))
def test_share_is_in_range_and_adding_a_supported_value_never_lowers_it(values, text):
    (before,) = grounded([values], [f"{text} {TEXT}"])
    (after,) = grounded([[*values, "Larkspur"]], [f"{text} {TEXT}"])
    assert 0.0 <= before <= after <= 1.0


@QUICK
@given(ANYTHING, st.randoms(use_true_random=False))
def test_order_of_values_makes_no_difference(values, random):
    values = [*values, "Larkspur", "absent"]
    shuffled = random.sample(values, len(values))
    assert grounded([values], [TEXT]) == grounded([shuffled], [TEXT])


#: Parts of values that could join with those of the value before or behind.
_EDGES = st.sampled_from(
    ["\x00", "[", ".", "]", "1", ",000", "June", "3", " ", "hx", "at", "Brass", "Heron", "one", "\u0301", "年"]
)


@QUICK
@given(st.lists(st.lists(_EDGES, max_size=5).map("".join), max_size=8))
def test_a_value_says_nothing_of_those_beside_it(values):
    """All are looked up as one text."""
    assert grounding_marks(values, TEXT) == [grounding_marks([value], TEXT)[0] for value in values]


def test_shares_by_hand():
    values = [["Coldwick", "Larkspur", "Moscow", "true"], ["Coldwick", "Coldwick", "Moscow"], [], ["None"], [TEXT]]
    assert grounded(values, [TEXT] * 5) == [2 / 3, 2 / 3, 0.0, 0.0, 0.0]


def test_place_of_an_exact_value():
    (mark,) = grounding_marks([" Brass Heron "], TEXT)
    assert (TEXT[mark.start : mark.end], mark.how) == ("Brass Heron", "exact")


def test_a_fuzzy_match_may_lack_words_but_no_number():
    text = "The attackers stole the records of patients from three hospitals in two days. " * 3
    assert [m.how for m in grounding_marks(["stole all the records of patients", "stole 77 the records of patients"], text)] == [
        "fuzzy",
        "absent",
    ]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("1,000", "1000"),
        ("one thousand", "1000"),
        ("2.5 million", "2500000"),
        ("two hundred and five", "205"),
        ("三百二十", "320"),
        ("1.2亿", "120000000"),
        ("一万二千亿", "1200000000000"),
        ("十五", "15"),
    ],
)
def test_numbers(words, value):
    match = NUMBER.fullmatch(words)
    assert match
    assert number_of(match) == value


@pytest.mark.parametrize("unit", ["a.", "1,", "[", "h.xx@", "hxxp://", "\u0301", "2021-", "one ", "十", "\ud800", "\u200b"])
def test_hostile_answers(unit):
    huge = unit * (100_000 // len(unit))
    assert grounded([[huge]], [TEXT]) == [0.0]
    assert 0.0 <= invented_indicators([huge], [TEXT], ["q"])[0] <= 1.0
    assert grounding_marks(["Larkspur"], huge)[0].how == "absent"


def test_ten_thousand_values():
    words = TEXT.split()
    values = [f"{words[i % 40]} {words[i % 37]} {words[i % 31]} {words[i % 29]} {words[i % 23]}" for i in range(10_000)]
    assert 0.0 <= grounded([values], [TEXT])[0] <= 1.0


def test_invented_indicators_by_hand():
    answers = [
        "Block CVE-2021-40001 and hxxps://cdn2[.]larkspur-mail.example/x, then CVE-2021-40002.",
        "Block 198.51.100.23; T1566.001 was used, see evil.exe and 2021-06-03, e.g. Node.js.",
        "Keep backups.",
        "",
    ]
    questions = ["q", "Explain T1566.001.", "q", "q"]
    assert invented_indicators(answers, [TEXT] * 4, questions) == [2 / 3, 1 / 3, 0.0, 1.0]
    assert indicators_with_support(answers[1], TEXT, questions[1]) == [
        ("198.51.100.23", True),
        ("t1566.001", True),
        ("evil.exe", False),
    ]


def test_direction():
    assert {name for name in METRIC_VERSIONS if not higher_is_better(name)} == LOWER_IS_BETTER == {"invented_indicators"}
    assert (gain("acc", 0.1), gain("invented_indicators", 0.1)) == (0.1, -0.1)


def test_empty_and_unreadable_answers_score_zero():
    row = next(row for row in embedded_split("test") if row.kind == "understanding")
    scores = score_rows([row] * 3, [None, "no json at all", "{}"])
    assert [score.metrics["grounded"] for score in scores] == [0.0, 0.0, 0.0]


def test_references_as_answers_give_the_references_value():
    rows = embedded_split("test")
    found = reference_grounding(rows)
    own = [row for row in rows if row.section == "zh_understanding"]
    scores = score_rows(own, [row.output for row in own])
    assert found["zh_understanding"]["grounded"] == pytest.approx(sum(s.metrics["grounded"] for s in scores) / len(own))
    assert {metric for columns in found.values() for metric in columns} == ADDED_LATER


@pytest.mark.data
def test_the_references_value_on_official_rows(official_rows):
    """Means over 300 rows each, as the table of docs/grounding.md has them."""
    found = reference_grounding(official_rows)
    values = {section: round(columns["grounded"], 3) for section, columns in found.items() if "grounded" in columns}
    assert values == {"en_understanding": 0.612, "zh_understanding": 0.838}


@pytest.mark.predictions
def test_agreement_with_the_reading_by_eye(data_dir, predictions_dir, monkeypatch, capsys):
    """Figures of docs/grounding.md: share of values decided alike and Cohen's kappa, of 99 values a language."""
    script = Path(__file__).parents[1] / "perf" / "grounding_by_eye.py"
    monkeypatch.setattr("sys.argv", [str(script), str(data_dir), str(predictions_dir)])
    runpy.run_path(str(script), run_name="__main__")
    printed = " ".join(capsys.readouterr().out.split())
    for language, count, alike, kappa in (
        ("en", 99, "1.000", "1.000"),
        ("zh", 99, "0.929", "0.786"),
        ("both", 198, "0.965", "0.920"),
    ):
        assert f"{language} words {count} values agreement {alike} kappa {kappa}" in printed
