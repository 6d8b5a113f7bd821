"""JSON values in a model's text: as JSON, as Python literals, and by repair. Nothing here recurses far."""

from __future__ import annotations

import ast
import io
import json
import math
import re
import tokenize
import warnings
from typing import Any, Literal, NamedTuple

from sevenllm_bench.text.near_json import MAX_DEPTH, decode_near_json, finite, load_near_json, refuse, with_backslashes_escaped

#: What could read a value: a JSON parser, Python's, or only one that forgives (see `text.near_json`).
By = Literal["json", "python", "repair"]

#: Longer texts are not tried as Python literals: its parser is slow and hungry on them.
MAX_LITERAL = 200_000

#: A string, or one that never ends up to the end of the text: trying again from each quote inside would take quadratic time.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
#: A Python comment after the value with another one in it.
_SECOND_IN_REMARK = re.compile(r"[}\]]\s{0,9}#[^\n]*\{[^\n]*\Z")
_BRACKET = re.compile(r"[\[{]")
_BAD_UNICODE = re.compile(r"\\(?:(u)(?![0-9a-fA-F]{4})|.)", re.DOTALL)
_GAP = re.compile(r"\s*+")


class Found(NamedTuple):
    """A JSON value in a text.

    Attributes:
        value: The value.
        by: What could read it.
    """

    value: Any
    by: By


#: Forgives raw line breaks in strings, and takes no NaN.
DECODER = json.JSONDecoder(strict=False, parse_constant=refuse, parse_float=finite)


def nesting(text: str) -> int:
    """Deepest nesting of brackets outside double-quoted strings, as an upper bound; linear, and never recurses."""
    deepest = _depth(text)
    return deepest if deepest <= MAX_DEPTH else _depth(_STRING.sub("", text))


def _depth(text: str) -> int:
    depth = deepest = 0
    for bracket in re.findall(r"[\[\](){}]", text):
        depth = depth + 1 if bracket in "[({" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def load(text: str) -> Any:
    """The JSON value that `text` is.

    Raw line breaks in strings and unescaped backslashes (Windows paths) are forgiven; NaN and infinities are no JSON.

    Raises:
        ValueError: It is none.
    """
    try:
        return DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        if "escape" not in str(error) or _has_bad_unicode(text):  # which only repair forgives
            raise
        return DECODER.decode(_STRING.sub(lambda match: with_backslashes_escaped(match[0]), text))


def _has_bad_unicode(text: str) -> bool:
    return any(match[1] for match in _BAD_UNICODE.finditer(text))


def python_literal(text: str) -> Any:
    """The object or list that `text` is as a Python literal, or None."""
    if text[:1] not in ("{", "[") or len(text) > MAX_LITERAL or _SECOND_IN_REMARK.search(text[-500:]):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            literal = ast.literal_eval(text)
        return None if not isinstance(literal, (dict, list)) or _joins_strings(text) else _as_json(literal)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, tokenize.TokenError):
        return None


def _joins_strings(text: str) -> bool:
    """Whether a Python literal has strings side by side, which Python makes one: values between which a comma is missing."""
    before = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING and before == tokenize.STRING:
            return True
        if token.type not in (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT):
            before = token.type
    return False


def _as_json(literal: Any) -> Any:
    """Tuples as lists; anything that JSON has no form for (sets, bytes, complex numbers, infinities) is a ValueError."""
    if isinstance(literal, dict):
        return {str(key): _as_json(value) for key, value in literal.items()}
    if isinstance(literal, (list, tuple)):
        return [_as_json(value) for value in literal]
    if literal is None or isinstance(literal, (str, int)) or (isinstance(literal, float) and math.isfinite(literal)):
        return literal
    raise ValueError(type(literal).__name__)


def read_value(text: str) -> Found:
    """The value that `text` is: as JSON, as a Python literal, or by repair, in this order.

    Objects one below the other (JSON lines) are a list, by repair.

    Raises:
        ValueError: It is none.
    """
    try:
        value = load(text)
    except ValueError:
        literal = python_literal(text)
        return Found(literal, "python") if literal is not None else Found(_repaired(text), "repair")
    return _in_string(value) if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") else Found(value, "json")


def as_plain(found: Found, text: str) -> Found:
    """The value found in `text`, as JSON where it is that but for comments around it (a heading, "// result")."""
    bracket = _BRACKET.search(text)
    try:
        value = DECODER.raw_decode(text, bracket.start())[0] if bracket and found.by == "repair" else None
    except (ValueError, RecursionError):
        return found
    return Found(value, "json") if value is not None and value == found.value else found


def _in_string(text: str) -> Found:
    """The JSON that a JSON string holds, or else the string."""
    try:
        return Found(load_near_json(text), "repair")
    except ValueError:
        return Found(text, "json")


def _repaired(text: str) -> Any:
    try:
        return load_near_json(text)
    except ValueError:
        return _objects_below_each_other(text)


def _objects_below_each_other(text: str) -> list[Any]:
    """Two or more distinct objects that `text` consists of, each beginning on a line of its own.

    Raises:
        ValueError: It consists of something else.
    """
    found: list[Any] = []
    position = 0
    while position < len(text):
        if text[position] not in "{｛":  # a heading or comment between them tells them apart
            raise ValueError("not only objects below each other")
        value, end = decode_near_json(text, position)
        position = _GAP.match(text, end).end()  # type: ignore[union-attr]
        if not isinstance(value, dict) or (position < len(text) and "\n" not in text[end:position]):
            raise ValueError("not only objects below each other")
        found.append(value)
    if all(value == found[0] for value in found):
        raise ValueError("no two objects")
    return found
