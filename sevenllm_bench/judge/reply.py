"""The parts of a judge's reply: its JSON objects, and the text around them. Nothing here raises on a reply."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sevenllm_bench.answers.reasoning import Answered, without_reasoning
from sevenllm_bench.text.near_json import decode_near_json, load_near_json

#: Characters that dress a stated result up and say nothing: emphasis, code marks, space. Possessive, so that hostile
#: replies can't make a match backtrack.
DRESS = r"[\s*_`]*+"

#: Places where an object is tried, and the length within which it must end.
_MAX_PLACES = 50
_MAX_OBJECT = 20_000
_MAX_LINE = 200
_BRACE = re.compile(r"[{｛]")
_OBJECT_START = re.compile(r"""[{｛]\s*(?:["'“‘]|[^\W\d]\w{0,20}\s*[:：])""")
_FENCE = re.compile(r"```[\w-]*")
_FENCE_START = re.compile(rf"(?:{_FENCE.pattern}\s*)?")
#: A reply that is one JSON string, or lost the quotes of one.
_WRAPPED = re.compile(r'"\s*+\{|\{\s*+\\"')
_FULL_WIDTH = {ord(wide): narrow for wide, narrow in zip("０１２３４５６７８９．：／＝（），", "0123456789.:/=(),", strict=True)}


@dataclass(frozen=True, slots=True)
class JudgeReply:
    """A judge's reply, taken apart.

    Attributes:
        objects: The JSON objects in it, outermost ones only, in order.
        lines: Lines of the text around them without blank lines and code fences.
        problem: Why it can't be read as a whole; empty when it can.
        text: The reply without its reasoning.
        whole: The reply as it came.
    """

    objects: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    problem: str = ""
    text: str = ""
    whole: str = ""

    @property
    def is_one_object(self) -> bool:
        """Whether the reply is one object and nothing else."""
        return len(self.objects) == 1 and not self.lines and self.text == self.whole


def read_reply(text: str | None, longest: int = _MAX_OBJECT) -> JudgeReply:
    """Take a reply apart; reasoning doesn't count (see `answers.reasoning`), unless it is part of a reply that is an object.

    Objects are read as leniently as a model's (`text.near_json`). One that is cut off, gives a key twice or can't be read
    is a problem of the whole reply: what else it holds may be part of it.

    Args:
        text: The reply.
        longest: Characters within which an object must end.
    """
    whole = (text or "").strip()
    answered = Answered(whole) if _begins_with_object(whole, longest) else without_reasoning(whole)
    shown = answered.text.strip()
    if not shown:
        return JudgeReply(problem="cut off while thinking" if answered.unclosed else "empty reply")
    wrapped = _unwrapped(shown, longest)
    objects, rest = ([wrapped], "") if wrapped else _objects(shown, longest)
    problem = "broken JSON" if _OBJECT_START.search(rest) else ""
    lines = (line.strip() for line in rest.splitlines())
    kept = [line for line in lines if line and not _FENCE.fullmatch(line)]
    return JudgeReply(objects, kept, problem, shown, whole)


def plain_marks(text: str) -> str:
    """`text` with ASCII for full-width digits, colons and the like."""
    return text.translate(_FULL_WIDTH)


def _unwrapped(text: str, longest: int) -> dict[str, Any] | None:
    """The object in a reply that is a JSON string with an object in it."""
    if not _WRAPPED.match(text) or len(text) > longest:
        return None
    try:
        value = load_near_json(text, _without_twins)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _begins_with_object(text: str, longest: int) -> bool:
    return _object_at(text, _FENCE_START.match(text).end(), longest) is not None  # type: ignore[union-attr]  # it always matches


def _object_at(text: str, start: int, longest: int) -> tuple[dict[str, Any], int] | None:
    """The object that begins at a place of a text, and where it ends."""
    try:
        value, length = decode_near_json(text[start : start + longest], 0, _without_twins)
    except ValueError:
        return None
    return (value, start + length) if isinstance(value, dict) else None


def _objects(text: str, longest: int) -> tuple[list[dict[str, Any]], str]:
    """The JSON objects in a text, and the text without them."""
    objects: list[dict[str, Any]] = []
    rest, position = [], 0
    for _ in range(_MAX_PLACES):
        brace = _BRACE.search(text, position)
        if not brace:
            break
        rest.append(text[position : brace.start()])
        found = _object_at(text, brace.start(), longest)
        if found:
            objects.append(found[0])
        rest.append("\n" if found else brace[0])
        position = found[1] if found else brace.end()
    return objects, "".join((*rest, text[position:]))


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as an object; Python's parser would let the last of two equal keys win."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def stated_on(lines: list[str], pattern: re.Pattern[str]) -> list[tuple[int, re.Match[str]]]:
    """The lines that `pattern` matches from end to end, in plain marks, with their index; overlong lines state nothing."""
    matches = ((index, pattern.fullmatch(plain_marks(line))) for index, line in enumerate(lines) if len(line) <= _MAX_LINE)
    return [(index, match) for index, match in matches if match]
