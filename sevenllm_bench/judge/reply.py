"""The parts of a judge's reply: its JSON objects, and the text around them. Nothing here raises on a reply."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

#: Characters that dress a stated result up and say nothing: emphasis, code marks, space. Possessive, so that hostile
#: replies can't make a match backtrack.
DRESS = r"[\s*_`]*+"

_MAX_OBJECTS = 50
_MAX_LINE = 200
_OBJECT_START = re.compile(r"\{\s*[\"'“]")
_FULL_WIDTH = {ord(wide): narrow for wide, narrow in zip("０１２３４５６７８９．：／＝", "0123456789.:/=", strict=True)}


@dataclass(frozen=True, slots=True)
class JudgeReply:
    """A judge's reply, taken apart.

    Attributes:
        objects: The JSON objects in it, outermost ones only, in order.
        lines: Lines of the text around them without blank lines and code fences; full-width digits made plain.
        problem: Why it can't be read; empty when it can.
    """

    objects: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    problem: str = ""


def read_reply(text: str | None) -> JudgeReply:
    """Take a reply apart; what stands before `</think>` doesn't count.

    An object that is cut off or gives a key twice makes the whole reply unreadable: what else it holds may be part of it.
    """
    text = text or ""
    text = text.rpartition("</think>")[2].strip()
    if text.startswith("<think>"):
        return JudgeReply(problem="cut off while thinking")
    if not text:
        return JudgeReply(problem="empty reply")
    objects, rest = _objects(text)
    if _OBJECT_START.search(rest):
        return JudgeReply(problem="broken JSON")
    lines = (line.strip() for line in rest.translate(_FULL_WIDTH).splitlines())
    return JudgeReply(objects, [line for line in lines if line and not re.fullmatch(r"```[\w-]*", line)])


def _objects(text: str) -> tuple[list[dict[str, Any]], str]:
    """The JSON objects in a text, and the text without them."""
    decoder = json.JSONDecoder(object_pairs_hook=_without_twins)
    objects, rest, position = [], [], 0
    for _ in range(_MAX_OBJECTS):
        start = _OBJECT_START.search(text, position)
        if not start:
            break
        try:
            value, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            break
        objects.append(value)
        rest.append(text[position : start.start()])
        position = end
    return objects, "\n".join((*rest, text[position:]))


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as an object; Python's parser would let the last of two equal keys win."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def stated_on(lines: list[str], pattern: re.Pattern[str]) -> list[tuple[int, re.Match[str]]]:
    """The lines that `pattern` matches from end to end, with their index; overlong lines state nothing."""
    matches = ((index, pattern.fullmatch(line)) for index, line in enumerate(lines) if len(line) <= _MAX_LINE)
    return [(index, match) for index, match in matches if match]
