"""JSON that is nearly right, as models write it: read without guessing, or not at all.

Comments, a trailing comma, a comma missing at a line's end, single, curly and full-width quotes, full-width punctuation,
Python's constants, keys without quotes, and backslashes that escape nothing or every quote are understood. Nothing is
completed and no value is made up: whatever else is wrong is an error. The text is read once, from left to right.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

#: Makes an object of its pairs.
AsObject = Callable[[list[tuple[str, Any]]], Any]

#: Deeper nesting than this is no answer to an extraction task, and deep recursion in parsers.
MAX_DEPTH = 100
#: How often a JSON text that consists of one string is opened.
_MAX_WRAPS = 3

_BLANK = r"[\s\ufeff\u200b]"
_TOKEN = re.compile(
    rf"""
    (?P<blank>{_BLANK}++|//[^\n]*+|/\*.*?\*/|\#[^\n]*+)
  | (?P<double>"(?:[^"\\]|\\.)*+")
  | (?P<single>'(?:[^'\\]|\\.)*+')
  | (?P<quoted>[“”＂](?:[^“”＂\\]|\\.)*+[“”＂]|[‘’](?:[^‘’\\]|\\.)*+[‘’])
  | (?P<open>[\[{{［｛])
  | (?P<close>[\]}}］｝])
  | (?P<comma>[,，、])
  | (?P<colon>[:：])
  | (?P<number>-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?(?![\w.]))
  | (?P<constant>(?i:true|false|null|none)(?!\w))
  | (?P<key>[^\W\d]\w*+(?={_BLANK}*+[:：]))
    """,
    re.VERBOSE | re.DOTALL,
)
_ASCII = str.maketrans("［］｛｝，、：", "[]{},,:")
_CONSTANTS = {"true": "true", "false": "false", "null": "null", "none": "null"}
_CUT_WORD = re.compile(r"[\w.+-]{1,20}\Z")
#: A value whose quotes are all escaped, as in a string that lost its own quotes.
_ESCAPED = re.compile(r'[\[{]\s*+\\"')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})?')
#: A Windows path or registry key whose backslashes aren't escaped.
_PATH = re.compile(r'(?:\b[A-Za-z]:|%\w{1,40}+%|\bHK\w{2,30}+)(?:\\(?![\\"])[\w.$~%()-]{1,200}+)++')
_IN_OTHER_QUOTES = re.compile(r"""\\.|\\|["]""", re.DOTALL)


class Unclosed(ValueError):  # noqa: N818  (a finding, not a failure)
    """A JSON value begins in the text and never ends."""


def load_near_json(text: str, as_object: AsObject | None = None) -> Any:
    """The JSON value that `text` is, give or take what models get wrong.

    A text that is one JSON string with a JSON object or list in it, with or without its own quotes, is that object or list.

    Args:
        text: The text.
        as_object: Makes an object of its pairs, as `object_pairs_hook` of `json.loads` does; may raise a ValueError.

    Returns:
        An object, a list, or a scalar.

    Raises:
        Unclosed: The text ends within the value.
        ValueError: It is no JSON value, holds NaN or an infinity, or is nested deeper than 100 levels.
    """
    value: Any = f'"{text}"' if _ESCAPED.match(text) else text
    for _ in range(_MAX_WRAPS):
        value = _load_once(value, as_object)
        if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
            break
    return value


def _load_once(text: str, as_object: AsObject | None) -> Any:
    value, end = decode_near_json(text, 0, as_object)
    rest = text[end:].strip().removeprefix(";")
    # A remark beside the value that holds another one is no comment: nobody can say which of them is meant.
    around = itertools.chain(itertools.takewhile(_is_blank, _tokens(text, 0)), _tokens(rest, 0))
    if not all(_is_blank(match) and "{" not in match[0] for match in around):
        raise ValueError("more than one value")
    return value


def _is_blank(token: re.Match[str]) -> bool:
    return token.lastgroup == "blank"


def decode_near_json(text: str, start: int, as_object: AsObject | None = None) -> tuple[Any, int]:
    """The value that begins at `start`, as `load_near_json` reads it, and where it ends.

    Raises:
        Unclosed: The text ends within the value.
        ValueError: None begins there; the error's second argument is where reading stopped.
    """
    parts: list[str] = []
    depth, previous, new_line = 0, "", False
    for match in _tokens(text, start):
        kind = str(match.lastgroup)
        if kind == "blank":
            new_line = new_line or "\n" in match[0]
            continue
        if kind == "close" and previous == "comma":
            parts.pop()
        elif new_line and previous in _ENDS and kind in _BEGINS:
            parts.append(",")
        parts.append(_json(kind, match[0]))
        depth += (kind == "open") - (kind == "close")
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply", match.start())
        if depth <= 0:
            # Blanks between tokens: two numbers side by side are not one longer number.
            return _loads(" ".join(parts), match.end(), as_object), match.end()
        previous, new_line = kind, False
    raise Unclosed("the text ends within a value", len(text))


_VALUES = {"double", "single", "quoted", "number", "constant"}
_ENDS = {*_VALUES, "close"}
_BEGINS = {*_VALUES, "open", "key"}


def _tokens(text: str, position: int) -> Any:
    """The tokens from `position` on; what is none is a ValueError, or `Unclosed` where a string or comment never ends."""
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if text[position] in "\"'“”＂‘’" or text.startswith("/*", position) or _CUT_WORD.match(text, position):
                raise Unclosed("the text ends within a value", position)
            raise ValueError("not JSON", position)
        yield match
        position = match.end()


def _json(kind: str, token: str) -> str:
    """A token as JSON writes it."""
    if kind == "double":
        return with_backslashes_escaped(token)
    if kind in ("single", "quoted"):
        return _json("double", f'"{_IN_OTHER_QUOTES.sub(_requote, token[1:-1])}"')
    if kind == "key":
        return json.dumps(token)
    if kind == "constant":
        return _CONSTANTS[token.lower()]
    return token.translate(_ASCII)


def with_backslashes_escaped(string: str) -> str:
    """A JSON string, with its quotes, in which backslashes that escape nothing are text.

    Where there are such, so are the others of paths, and those before b and f, which nobody means.
    """
    if all(len(match[0]) > 1 for match in _ESCAPE.finditer(string)):
        return string
    string = _PATH.sub(lambda match: match[0].replace("\\", r"\\"), string)
    return _ESCAPE.sub(lambda match: match[0] if len(match[0]) > 1 and match[0][1] not in "bf" else f"\\{match[0]}", string)


def _requote(match: re.Match[str]) -> str:
    found = match[0]
    return r"\"" if found == '"' else found[1] if found[1:] in ("'", "‘", "’", "“", "”", "＂") else found


def _loads(text: str, end: int, as_object: AsObject | None) -> Any:
    try:
        return json.loads(text, strict=False, parse_constant=refuse, parse_float=finite, object_pairs_hook=as_object)
    except (ValueError, RecursionError) as error:
        raise ValueError(str(error), end) from None


def refuse(name: str) -> NoReturn:
    """Refuse a constant that JSON doesn't have: NaN or an infinity.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f"{name} is no JSON")


def finite(number: str) -> float:
    """A number with a point or an exponent.

    Raises:
        ValueError: It is too large, so that Python would make it an infinity.
    """
    value = float(number)
    return value if math.isfinite(value) else refuse(number)
