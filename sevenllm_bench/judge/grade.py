"""How a judge writes a grade from 1 to 5, in English and Chinese, and what is none."""

from __future__ import annotations

import re
from typing import Any

from sevenllm_bench.judge.binding import Binding
from sevenllm_bench.judge.reply import DRESS, plain_marks, stated_on

SCORES = (1, 2, 3, 4, 5)

#: Reasons why something is no grade; few and fixed, so that they can be counted.
NO_WHOLE_NUMBER = "score is no whole number"
OUT_OF_RANGE = "score out of range"
OTHER_SCALE = "another scale than 1 to 5"

_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5}
_MAX_VALUE = 60

_LABEL = (
    r"(?:(?:(?:the|my|final|overall|total)[\s_-]{1,3}){0,2}(?:score|rating|grade)"
    r"|(?:(?:最终|最后|总体|综合)[\s_-]{0,3})?(?:评分|得分|打分|分数|总分))"
)
_KEY = re.compile(_LABEL, re.IGNORECASE)

_TO = r"\s{0,3}(?:-|–|~|to|到|至)\s{0,3}"
#: "/5", "out of 5", "(on a scale of 1 to 5)", "(满分5分)".
_SCALE = (
    rf"[(,]?{DRESS}(?:/|out\s+of(?:\s+a)?(?:\s+possible)?|of|(?:on\s+a\s+scale\s+(?:of|from)\s+)?1{_TO}|(?:满分|总分)[为是:]?)"
    rf"{DRESS}(?P<scale>[0-9]{{1,3}}|五|five)(?:\.0{{1,2}})?{DRESS}(?:stars?|points?|分|星)?{DRESS}\)?"
)
#: "(1-5)", "(out of 5)", "(满分5分)" between the label and the colon.
_LABEL_SCALE = rf"\((?:[^()0-9]{{0,20}}1{_TO})?[^()0-9]{{0,20}}(?P<label_scale>[0-9]{{1,3}})[^()0-9]{{0,10}}\)"
_FIGURE = rf"(?P<number>[+-]?[0-9]+(?:[.,][0-9]+)?|{'|'.join(_WORDS)})"
_END = rf"{DRESS}分?{DRESS}(?:{_SCALE})?{DRESS}[.。]?{DRESS}"
#: A line that is nothing but a grade with its label; `number` is missing where something else follows the colon.
_LABELLED = re.compile(
    rf"[\s*_`#>-]*+{_LABEL}{DRESS}(?:{_LABEL_SCALE})?{DRESS}(?:"
    rf"(?:[:=]|is\b|为|是){DRESS}(?:\[\[|\$?\\boxed\{{)?{DRESS}{_FIGURE}{DRESS}(?:\]\]|\}}\$?)?{_END}|[:=](?P<other>.*))",
    re.IGNORECASE,
)
_TAGGED = re.compile(rf"<({_LABEL})>(.{{0,{_MAX_VALUE}}})</{_LABEL}>", re.IGNORECASE)
_BARE = re.compile(rf"{DRESS}{_FIGURE}{_END}", re.IGNORECASE)

_WORD = re.compile(r"(?<![a-z])(?:score|rating|grade)(?![a-z])|评分|得分|打分|分数|总分", re.IGNORECASE)
_FIGURES = re.compile(rf"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|{'|'.join(_WORDS)}")
_QUOTES = r"[\s*_`\"'“”\\]*+"
_MENTION = re.compile(rf"{_LABEL}{_QUOTES}[:=]{_QUOTES}{_FIGURE}", re.IGNORECASE)
#: A field with a grade, for a pattern around it.
FIELD = rf"[\"'“”]?{_LABEL}[\"'“”]?\s*[:：=]\s*[\"'“”]?{_FIGURE}{_END}[\"'“”]?\s*(?=[,，;；}}｝\]\n])"


def may_be_quoted(grade: int, binding: Binding) -> bool:
    """Whether an answer holds what this grade can be quoted from: its number, and a label or nothing else beside it."""
    answers = binding.quotable
    if not _WORD.search(answers) and not binding.holds_alone(_BARE):
        return False
    return grade in {_WORDS.get(match[0]) or float(match[0]) for match in _FIGURES.finditer(answers.casefold())}


def mentioned_grades(text: str) -> set[int | str]:
    """All grades that a text gives with a label, whoever says so."""
    return {grade_of(match) for match in _MENTION.finditer(plain_marks(text))}


def grades_in(found: dict[str, Any]) -> list[int | str]:
    """What an object gives under the keys that name a grade: grades from 1 to 5, or problems."""
    return [_grade(value) for key, value in found.items() if _KEY.fullmatch(key.strip())]


def _grade(value: Any) -> int | str:
    """The grade that a JSON value is, or the problem with it."""
    if isinstance(value, str):
        match = _BARE.fullmatch(plain_marks(value)) if len(value) <= _MAX_VALUE else None
        return grade_of(match) if match else NO_WHOLE_NUMBER
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1:
        return NO_WHOLE_NUMBER
    return int(value) if value in SCORES else OUT_OF_RANGE


def stated_grades(lines: list[str]) -> list[tuple[int, re.Match[str]]]:
    """Lines that state a grade, with their index: labelled ones; and a bare number, when it is all there is."""
    plain = [_TAGGED.sub(r"\1: \2", line) for line in lines]
    return stated_on(plain, _LABELLED) or (stated_on(plain, _BARE) if len(plain) == 1 else [])


def grade_of(match: re.Match[str]) -> int | str:
    """The grade from 1 to 5 that a stated line gives, or the problem with it."""
    groups = match.groupdict()
    number = (groups["number"] or "").casefold()
    whole, _, rest = number.partition(".")
    if not number or rest.strip("0") or not (whole in _WORDS or whole.lstrip("+-").isdecimal()):
        return NO_WHOLE_NUMBER
    if not {groups.get("scale"), groups.get("label_scale")} <= {None, "5", "五", "five"}:
        return OTHER_SCALE
    return _WORDS[whole] if whole in _WORDS else int(whole) if whole in map(str, SCORES) else OUT_OF_RANGE
