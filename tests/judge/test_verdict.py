import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.judge.pairwise import parse_preference
from sevenllm_bench.judge.verdict import RESPONSE_FORMAT, parse_verdict, problem_of

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "judge_verdicts.json").read_text(encoding="utf-8"))

PIECES = [
    *"{}[]()\"'`\\,:：/*_#->.。=", *"0123456789", " ", "\n", "\r", "\t", "\x00", "\u202e", "\ud800", "```json", "```", "<think>",
    "</think>", "４", "٤", "④", '{"score":', '{"score": 4}', '"reason":', '"score": 5}', "Score: 4", "Score:", "final score",
    "评分：", "评分：3", "4/5", "4.5", "14", "-1", "true", "null", "NaN", "1e999", "preference:", '{"preference": "first"}',
    "first", "second", "tie", "第一份",
]  # fmt: skip
REPLY = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=25).map("\n".join),
    st.text(st.characters(), max_size=60),
    st.dictionaries(
        st.sampled_from(["score", "reason", "Score", "评分", "preference", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
        max_size=4,
    ).map(json.dumps),
)


@pytest.mark.parametrize(("reply", "score", "reason"), GOLDEN["verdicts"])
def test_a_grade_is_read(reply, score, reason):
    verdict = parse_verdict(reply)
    assert (verdict.score, verdict.reason, verdict.problem) == (score, reason, "")
    assert problem_of(reply) is None


@pytest.mark.parametrize(("reply", "problem"), GOLDEN["no_verdicts"])
def test_what_is_no_grade_has_a_reason_and_no_score(reply, problem):
    verdict = parse_verdict(reply)
    assert (verdict.score, verdict.problem) == (None, problem)
    assert problem_of(reply) == problem


def test_the_cases_that_were_read_wrong_once(cases_dir):
    cases = json.loads((cases_dir / "judge_replies.json").read_text(encoding="utf-8"))
    assert {name: parse_verdict(case["reply"]).score for name, case in cases.items()} == {
        name: case["score"] for name, case in cases.items()
    }
    assert len(cases) >= 8


@settings(max_examples=1_500, deadline=None)
@given(REPLY)
def test_a_reply_gives_a_score_or_a_problem_never_both(reply):
    verdict = parse_verdict(reply)
    assert verdict.score in (None, 1, 2, 3, 4, 5)
    assert type(verdict.score) is not bool
    assert (verdict.score is None) == bool(verdict.problem)
    assert problem_of(reply) == (verdict.problem or None)
    verdict.reason.encode()
    assert parse_preference(reply) in ("first", "second", "tie", None)


@given(st.text(max_size=200), st.integers(1, 5))
def test_whatever_the_reason_says_the_score_beside_it_counts(reason, score):
    assert parse_verdict(json.dumps({"reason": reason, "score": score})).score == score
    assert parse_verdict("```json\n" + json.dumps({"score": score, "reason": reason}, indent=1) + "\n```").score == score


@pytest.mark.parametrize(
    "reply",
    [
        '{"a":' * 100_000,
        '{"a":[' * 50_000 + "]}" * 50_000,
        '{"a":' * 3_000 + "1" + "}" * 3_000,
        '{"score": ' + "9" * 100_000 + "}",
        '{"a": 1} ' * 100_000,
        '{"a ' * 200_000,
        "{" + " " * 1_000_000,
        ("Score: 4" + "* _" * 60 + "x\n") * 5_000,
        "Score: 4" + " " * 1_000_000 + "x",
        "```" * 300_000,
        "</think>" * 100_000,
        "Score: 4\n" * 100_000 + "Score: 3",
    ],
    ids=lambda reply: reply[:12],
)
def test_hostile_replies_are_refused_quickly(reply):
    start = time.process_time()
    assert parse_verdict(reply).score is None
    assert parse_preference(reply) is None
    assert time.process_time() - start < 5


def test_the_response_format_is_what_strict_structured_outputs_need():
    schema = RESPONSE_FORMAT["json_schema"]["schema"]
    assert (RESPONSE_FORMAT["type"], RESPONSE_FORMAT["json_schema"]["strict"]) == ("json_schema", True)
    # No enum of integers: Gemini's OpenAI-compatible API takes enums of strings only.
    assert schema["properties"]["score"] == {"type": "integer"}
    assert list(schema["properties"]) == schema["required"] == ["reason", "code", "score"]
    assert schema["additionalProperties"] is False
