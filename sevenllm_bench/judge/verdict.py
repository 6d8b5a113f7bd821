"""A judge's reply to a grade from 1 to 5, or to the reason why it is none. Never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sevenllm_bench.judge.binding import NO_CODE, Binding
from sevenllm_bench.judge.grade import grade_of, grades_in, last_field, may_hold_grade, mentioned_grades, stated_grades
from sevenllm_bench.judge.quoting import visible
from sevenllm_bench.judge.reply import JudgeReply, read_reply

#: What the judge's server is asked for (OpenAI structured outputs, strict). The reason comes first, so that it is
#: written before the grade is settled; the code last, so that a reply that is cut off has none. No enum of integers: some
#: servers refuse it.
RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "verdict",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "score": {"type": "integer"}, "code": {"type": "string"}},
            "required": ["reason", "score", "code"],
            "additionalProperties": False,
        },
    },
}

#: Reasons why a reply holds no grade, besides those of a grade itself; few and fixed, so that they can be counted.
NO_SCORE = "no score"
SEVERAL_SCORES = "several scores"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of one answer.

    Attributes:
        score: 1 to 5, or None when the reply holds no grade.
        reason: The judge's reason; may be empty.
        problem: Why there is no score; empty when there is one.
    """

    score: int | None
    reason: str = ""
    problem: str = ""


def parse_verdict(text: str | None, binding: Binding | None = None) -> Verdict:
    """Read a judge's reply.

    An object with the request's code and a grade counts, whatever else is in the reply; two with different grades don't.
    Without the code, a reply counts where the answer can't be the source of its grade, as one without a binding does:
    exactly one JSON object with a grade, alone, in a code fence or in prose; without one, a line that is nothing but
    `Score: 4` or `评分：4` at the beginning or end of the reply, or a reply that is nothing but `4` or `4/5`. Only whole
    numbers from 1 to 5 count, and only when nothing else in the reply states another one.

    Args:
        text: The reply.
        binding: The request that it replies to; None when any verdict counts.

    Returns:
        A verdict with a score or a problem, never with both or neither. No reply raises.
    """
    reply = read_reply(text)
    verdict = _bound(reply, binding) if binding else None
    if verdict:
        return verdict
    verdict = _unbound(reply)
    if binding and verdict.score is not None and may_hold_grade(binding.quotable, verdict.score):
        return Verdict(None, problem=NO_CODE)
    return verdict


def problem_of(text: str | None, binding: Binding | None = None) -> str | None:
    """Why a reply is no verdict, or None when it is one: for a client that asks again."""
    return parse_verdict(text, binding).problem or None


def _from_objects(scored: list[dict[str, Any]]) -> Verdict:
    """The verdict of objects that must agree on one grade."""
    grades = {grade for found in scored for grade in grades_in(found)}
    if len(grades) > 1:
        return Verdict(None, problem=SEVERAL_SCORES)
    reason = scored[0].get("reason")
    return _verdict(grades.pop(), reason if isinstance(reason, str) else "")


def _bound(reply: JudgeReply, binding: Binding) -> Verdict | None:
    """The verdict with the request's code, None without one.

    Where the object that it is in can't be read (a quote in its reason, say), the fields at its end are: grade, code. A
    broken reason may itself quote such a field, so all grades in the reply must agree.
    """
    scored = [found for found in binding.objects(reply) if grades_in(found)]
    if scored:
        return _from_objects(scored)
    if not last_field(binding.before_code(reply.text)):
        return None
    grades = mentioned_grades(reply.text)
    return _verdict(grades.pop(), "") if len(grades) == 1 else Verdict(None, problem=SEVERAL_SCORES)


def _unbound(reply: JudgeReply) -> Verdict:
    """The verdict of a reply without a code: of one object, or of lines."""
    if reply.problem:
        return Verdict(None, problem=reply.problem)
    scored = [found for found in reply.objects if grades_in(found)]
    if not scored:
        return _from_lines(reply)
    verdict = _from_objects(scored)
    said = {grade_of(match) for _, match in stated_grades(reply.lines) if match["number"]}
    if len(scored) > 1 or (verdict.score is not None and not said <= {verdict.score}):
        return Verdict(None, problem=SEVERAL_SCORES)
    return verdict


def _from_lines(reply: JudgeReply) -> Verdict:
    stated = stated_grades(reply.lines)
    if not stated:
        return Verdict(None, problem=NO_SCORE)
    grades = {grade_of(match) for _, match in stated}
    if len(grades) > 1:
        return Verdict(None, problem=SEVERAL_SCORES)
    # A line in the middle is more likely quoted from the answer than the judge's own.
    if not any(index in (0, len(reply.lines) - 1) for index, _ in stated):
        return Verdict(None, problem=NO_SCORE)
    places = {index for index, _ in stated}
    return _verdict(grades.pop(), "\n".join(line for index, line in enumerate(reply.lines) if index not in places))


def _verdict(grade: int | str, reason: str) -> Verdict:
    return Verdict(grade, visible(reason).strip()) if isinstance(grade, int) else Verdict(None, problem=grade)
