import pytest

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.judge.scores import JudgeScores, judge_scores, rule_verdict
from sevenllm_bench.judge.verdict import Verdict

ROWS = embedded_split("test")[:6]
ANSWERS = ["good", "poor", "", None, "odd", "lost"]


def scores():
    one, two, _, _, five, _ = (row.id for row in ROWS)
    verdicts = {
        one: Verdict(5, "Right."),
        two: Verdict(2, "Wrong."),
        five: Verdict(None, problem="score out of range"),
        -1: Verdict(5),
    }
    return judge_scores(ROWS, ANSWERS, verdicts)


def test_every_row_has_a_value_or_a_reason():
    found = scores()
    assert [(row.id, row.value, row.by, row.reason) for row in found.rows] == [
        (ROWS[0].id, 5, "judge", "Right."),
        (ROWS[1].id, 2, "judge", "Wrong."),
        (ROWS[2].id, 1, "rule", "empty answer"),
        (ROWS[3].id, 1, "rule", "empty answer"),
        (ROWS[4].id, None, "nobody", "score out of range"),
        (ROWS[5].id, None, "nobody", "no reply"),
    ]
    assert found.values == [5, 2, 1, 1, None, None]
    assert found.by_id == dict(zip((row.id for row in ROWS), found.values, strict=True))


def test_the_unscored_are_counted_and_never_zero():
    found = scores()
    assert found.mean == pytest.approx((5 + 2 + 1 + 1) / 4)
    assert found.judge_scored == pytest.approx(4 / 6)
    assert found.settled == {"judge": 2, "rule": 2, "nobody": 2}
    assert found.unscored == {"score out of range": 1, "no reply": 1}


def test_without_any_score_there_is_no_mean():
    found = judge_scores(ROWS, ["x"] * 6, {})
    assert (found.mean, found.judge_scored, found.unscored) == (None, 0.0, {"no reply": 6})
    assert (JudgeScores(()).mean, JudgeScores(()).judge_scored) == (None, 0.0)


@pytest.mark.parametrize("answer", [None, "", " \n", "<think>never closed", "</think>", "\u200b\ufeff", "### Response:"])
def test_an_empty_answer_needs_no_judge(answer):
    assert rule_verdict(ROWS[0], answer) == Verdict(1, "empty answer")
    # Nor does it take one: a judge's grade for nothing would be a mistake.
    assert judge_scores(ROWS[:1], [answer], {ROWS[0].id: Verdict(5)}).values == [1]


@pytest.mark.parametrize("answer", ["x", "N/A", 0, {}, "\x00"])
def test_any_other_answer_does(answer):
    assert rule_verdict(ROWS[0], answer) is None


def test_rows_and_answers_must_match():
    with pytest.raises(ValueError, match="zip"):
        judge_scores(ROWS, ANSWERS[:5], {})
