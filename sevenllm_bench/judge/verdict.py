"""A judge's reply to a grade from 1 to 5, or to the reason why it is none. Never a guess."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.judge.quoting import visible
from sevenllm_bench.judge.reply import DRESS, JudgeReply, read_reply, stated_on

SCORES = (1, 2, 3, 4, 5)

#: What the judge's server is asked for (OpenAI structured outputs, strict). The reason comes first, so that it is
#: written before the grade is settled. No enum of integers: some servers refuse one.
RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "verdict",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "score": {"type": "integer", "description": "1 to 5"}},
            "required": ["reason", "score"],
            "additionalProperties": False,
        },
    },
}

#: Reasons why a reply holds no grade; few and fixed, so that they can be counted.
NO_SCORE = "no score"
NO_WHOLE_NUMBER = "score is no whole number"
OUT_OF_RANGE = "score out of range"
OTHER_SCALE = "another scale than 1 to 5"
SEVERAL_SCORES = "several scores"

_KEYS = ("score", "评分")
_LABEL = r"(?:(?:final|overall|total|最终|总体|综合)\s*)?(?:score|rating|grade|评分|得分|打分|分数)"
_NUMBER = rf"(?P<number>[+-]?[0-9]+(?:[.,][0-9]+)?){DRESS}(?:/{DRESS}(?P<scale>[0-9]+))?{DRESS}分?{DRESS}[.。]?{DRESS}"
_LABELLED = re.compile(rf"[\s*_`#>-]*+{_LABEL}{DRESS}[:：=]{DRESS}(?:{_NUMBER}|(?P<other>.*))", re.IGNORECASE)
_BARE = re.compile(rf"{DRESS}{_NUMBER}")


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


def parse_verdict(text: str | None) -> Verdict:
    """Read a judge's reply.

    A JSON object with "score" counts first: alone, in a code fence or in prose, but exactly one. Without one, a line that
    is nothing but `Score: 4` or `评分：4` at the beginning or end of the reply, or a reply that is nothing but `4` or
    `4/5`. Only whole numbers from 1 to 5 count, and only when nothing else in the reply states another one.

    Returns:
        A verdict with a score or a problem, never with both or neither. No reply raises.
    """
    reply = read_reply(text)
    if reply.problem:
        return Verdict(None, problem=reply.problem)
    scored = [found for found in reply.objects if _score_keys(found)]
    if len(scored) > 1:
        return Verdict(None, problem=SEVERAL_SCORES)
    return _from_object(scored[0], reply) if scored else _from_lines(reply)


def problem_of(text: str | None) -> str | None:
    """Why a reply is no verdict, or None when it is one: for a client that asks again."""
    return parse_verdict(text).problem or None


def _score_keys(found: dict[str, Any]) -> list[str]:
    return [key for key in found if key.strip().casefold() in _KEYS]


def _from_object(found: dict[str, Any], reply: JudgeReply) -> Verdict:
    keys = _score_keys(found)
    score = _whole(found[keys[0]])
    said = [_number(match) for _, match in _stated(reply.lines) if match["number"]]
    if len(keys) > 1 or (isinstance(score, int) and any(other != score for other in said)):
        return Verdict(None, problem=SEVERAL_SCORES)
    reason = found.get("reason")
    return _verdict(score, reason if isinstance(reason, str) else "")


def _from_lines(reply: JudgeReply) -> Verdict:
    stated = _stated(reply.lines)
    if not stated:
        return Verdict(None, problem=NO_SCORE)
    scores = {_number(match) for _, match in stated}
    if len(scores) > 1:
        return Verdict(None, problem=SEVERAL_SCORES)
    # A line in the middle is more likely quoted from the answer than the judge's own.
    if not any(index in (0, len(reply.lines) - 1) for index, _ in stated):
        return Verdict(None, problem=NO_SCORE)
    places = {index for index, _ in stated}
    return _verdict(scores.pop(), "\n".join(line for index, line in enumerate(reply.lines) if index not in places))


def _stated(lines: list[str]) -> list[tuple[int, re.Match[str]]]:
    """Lines that state a grade: labelled ones; and a bare number, when it is all there is."""
    return stated_on(lines, _LABELLED) or (stated_on(lines, _BARE) if len(lines) == 1 else [])


def _verdict(score: int | str, reason: str) -> Verdict:
    return Verdict(score, visible(reason).strip()) if isinstance(score, int) else Verdict(None, problem=score)


def _whole(value: Any) -> int | str:
    """The grade that a JSON value is, or the problem with it; a text counts when it is one digit, or that of five."""
    if isinstance(value, str):
        match = _BARE.fullmatch(value) if len(value) <= 20 else None
        return _number(match) if match else NO_WHOLE_NUMBER
    if isinstance(value, bool) or not isinstance(value, int):
        return NO_WHOLE_NUMBER
    return value if value in SCORES else OUT_OF_RANGE


def _number(match: re.Match[str]) -> int | str:
    number = match["number"]
    if not number or not number.lstrip("+-").isdecimal():
        return NO_WHOLE_NUMBER
    if match["scale"] not in (None, "5"):
        return OTHER_SCALE
    return int(number) if number in map(str, SCORES) else OUT_OF_RANGE
