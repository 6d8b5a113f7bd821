"""The critic against a loopback server: grades, better answers, and what is left out."""

import json
import re

import pytest
from llm.server import FakeOpenAI
from quality_rows import SETTINGS, draft_of, rows

from sevenllm_bench.select_instruct.corpus_records import Draft, document_of, record_of
from sevenllm_bench.select_instruct.quality.critic_step import GradeDrafts
from sevenllm_bench.select_instruct.settings.build_config import ChatModelSection, CriticSection

SOUND = {row["name"]: row for row in rows("sound_rows.jsonl")}
PROSE, OPTIONS, VALUES = draft_of(SOUND["en summary"]), draft_of(SOUND["zh mcq cause"]), draft_of(SOUND["zh tools"])
BETTER = "Tidewell left an administrative interface open from 9 December 2025 to 21 January, and a broker downloaded entries."


def user_of(body) -> str:
    return body["messages"][-1]["content"]


def critic(grades, better=BETTER):
    """Answers with the first grade whose words are in the question; asked for a better answer, with `better`."""

    def answer(body) -> str:
        code = re.search(r"\b[0-9a-f]{16}\b", user_of(body))[0]
        if "FOUND WANTING" in user_of(body) or "不足之处" in user_of(body):
            return json.dumps({"code": code, "thought": "Who left what open, and until when.", "answer": better})
        grade = next(grade for words, grade in grades.items() if words in user_of(body))
        return json.dumps({"reason": "the end is missing", "code": code, "score": grade})

    return answer


@pytest.fixture
def graded(tmp_path):
    def run(drafts, answer, **settings):
        with FakeOpenAI(answer=answer) as server:
            model = ChatModelSection(name="critic", base_url=server.url, timeout=20.0)
            step = GradeDrafts(CriticSection(model=model, **settings), SETTINGS, tmp_path / "calls", tmp_path)
            passed = [record_of(document, Draft) for document in step.run(iter(map(document_of, drafts)))]
            bodies = list(server.bodies)
        lines = (tmp_path / "critic" / "00000.jsonl").read_text(encoding="utf-8").splitlines()
        return passed, [json.loads(line) for line in lines], bodies

    return run


def test_good_grades_pass_with_grade_and_call(graded) -> None:
    passed, rejected, bodies = graded([PROSE, OPTIONS, VALUES], critic({"": 4}))
    assert [draft.grade for draft in passed] == [4, 4, 4]
    assert [draft.calls[-1].step for draft in passed] == ["critic"] * 3
    assert [draft.output for draft in passed] == [PROSE.output, OPTIONS.output, VALUES.output]
    assert (rejected, len(bodies)) == ([], 3)


def test_the_question_is_the_judges_with_the_row_as_answer(graded) -> None:
    _, _, (body,) = graded([OPTIONS], critic({"": 5}))
    assert "最低 1 分，最高 5 分" in body["messages"][0]["content"]
    assert "A. 向工程师投递带有恶意附件的钓鱼邮件" in user_of(body)
    assert "本题没有参考答案" in user_of(body)


def test_a_low_grade_is_written_again_checked_and_graded_again(graded) -> None:
    passed, rejected, bodies = graded([PROSE], critic({BETTER: 5, PROSE.output: 2}))
    (draft,) = passed
    assert (draft.output, draft.grade, draft.repaired) == (BETTER, 5, True)
    assert [call.step for call in draft.calls] == ["critic", "rewrite", "critic"]
    assert (rejected, len(bodies)) == ([], 3)


def test_a_better_answer_that_is_graded_low_too_is_left_out(graded) -> None:
    passed, rejected, _ = graded([PROSE], critic({BETTER: 3, PROSE.output: 2}))
    assert passed == []
    assert [(line["check"], line["score"], line["reason"]) for line in rejected] == [("critic", 3.0, "the end is missing")]


def test_a_better_answer_with_faults_is_left_out(graded) -> None:
    better = "The group used CVE-2020-0001 against the clinic group and sold the records on a forum."
    passed, rejected, bodies = graded([PROSE], critic({PROSE.output: 2}, better))
    assert passed == []
    assert "CVE-2020-0001" in rejected[0]["reason"]
    assert (rejected[0]["score"], len(bodies)) == (2.0, 2)


@pytest.mark.parametrize(("draft", "settings"), [(PROSE, {"rewrite": False}), (OPTIONS, {})], ids=["not wanted", "options"])
def test_what_is_not_written_again_is_left_out(graded, draft: Draft, settings) -> None:
    passed, rejected, bodies = graded([draft], critic({"": 3}), **settings)
    assert (passed, len(rejected), len(bodies)) == ([], 1, 1)


def test_the_threshold_is_the_users(graded) -> None:
    passed, _, _ = graded([PROSE], critic({"": 3}), threshold=3)
    assert [draft.grade for draft in passed] == [3]


def test_a_critic_that_gives_no_grade_keeps_the_row_out(graded) -> None:
    passed, rejected, _ = graded([PROSE], lambda body: "It is a fine answer.")
    assert passed == []
    assert rejected[0]["reason"].startswith("the critic gave no grade: ")


def test_calls_are_kept_and_not_repeated(graded) -> None:
    graded([PROSE, VALUES], critic({"": 4}))
    passed, _, bodies = graded([PROSE, VALUES], critic({"": 1}))
    assert [draft.grade for draft in passed] == [4, 4]
    assert bodies == []
