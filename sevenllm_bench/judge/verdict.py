"""A judge's reply to a grade from 1 to 5, or to the reason why it is none. Never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sevenllm_bench.judge.binding import NO_CODE, Binding
from sevenllm_bench.judge.grade import FIELD, grade_of, grades_in, may_be_quoted, mentioned_grades, stated_grades
from sevenllm_bench.judge.quoting import visible
from sevenllm_bench.judge.reply import JudgeReply, read_reply

#: What the judge's server is asked for (OpenAI structured outputs, strict). The reason comes first, so that it is
#: written before the grade is settled; the code directly before the grade, which no quotation can be (`_bound`). No enum
#: of integers: some servers refuse it.
RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "verdict",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "code": {"type": "string"}, "score": {"type": "integer"}},
            "required": ["reason", "code", "score"],
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

    A grade with the request's code counts, whatever else is in the reply; two different ones don't. Without the code, a
    reply counts where the answer can't be the source of its grade, as one without a binding does: exactly one JSON object
    with a grade, alone, in a code fence or in prose; without one, a line that is nothing but `Score: 4` or `评分：4` at
    the beginning or end of the reply, or a reply that is nothing but `4` or `4/5`. Only whole numbers from 1 to 5 count,
    and only when nothing else in the reply states another one.

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
    if binding and verdict.score is not None and may_be_quoted(verdict.score, binding):
        return Verdict(None, problem=NO_CODE)
    return verdict


def problem_of(text: str | None, binding: Binding | None = None) -> str | None:
    """Why a reply is no verdict, or None when it is one: for a client that asks again."""
    return parse_verdict(text, binding).problem or None


def _bound(reply: JudgeReply, binding: Binding) -> Verdict | None:
    """The verdict with the request's code, None without one.

    A grade directly after the code is the judge's, whatever else is in the reply. Elsewhere in an object with the code it
    may be part of a quotation that the judge didn't escape, so no other may be mentioned anywhere, unless the reply is that
    object: what a quotation adds to it gives a key twice, or another grade.
    """
    scored = [found for found in binding.objects(reply) if grades_in(found)]
    stated = {grade_of(match) for match in binding.stated_after_code(reply.text, FIELD)}
    if not stated and not scored:
        return None
    mentioned = set() if stated or reply.is_one_object else mentioned_grades(reply.whole)
    return _agreed((stated | mentioned).union(*map(grades_in, scored)), scored)


def _agreed(grades: set[int | str], objects: list[dict[str, Any]]) -> Verdict:
    """The verdict where there is one grade only, with the reason of the first object."""
    if len(grades) > 1:
        return Verdict(None, problem=SEVERAL_SCORES)
    reason = objects[0].get("reason") if objects else None
    return _verdict(grades.pop(), reason if isinstance(reason, str) else "")


def _unbound(reply: JudgeReply) -> Verdict:
    """The verdict of a reply without a code: of one object, or of lines."""
    if reply.problem:
        return Verdict(None, problem=reply.problem)
    scored = [found for found in reply.objects if grades_in(found)]
    if not scored:
        return _from_lines(reply)
    verdict = _agreed({grade for found in scored for grade in grades_in(found)}, scored)
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
