"""JSON values in a model's text: whole, nearly right, as Python literals, and standing in prose. Nothing here recurses far."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

#: Deeper nesting than this is no answer to an extraction task, and deep recursion in parsers.
MAX_DEPTH = 100
#: Longer texts are not tried as Python literals: its parser is slow and hungry on them.
MAX_LITERAL = 200_000
#: Places in prose where a JSON value is tried.
_MAX_PLACES = 50

FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\r?\n?(.*?)(?:```|\Z)", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
#: A bracket that a JSON value may begin with; "[.]" and "[see" are not.
_PLACE = re.compile(r"\{\s*[\"}]|\[\s*(?:[\"\[{\]\d-]|true|false|null)")
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')


class Unclosed(ValueError):  # noqa: N818  (a finding, not a failure)
    """A JSON value begins in the text and never ends."""


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

    Raw line breaks in strings and unescaped backslashes (Windows paths) are forgiven.

    Raises:
        ValueError: It is none.
    """
    try:
        return json.loads(text, strict=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        if "escape" not in str(error):
            raise
        return json.loads(_BAD_ESCAPE.sub(r"\\\\", text), strict=False)


def python_literal(text: str) -> Any:
    """The object or list that `text` is as a Python literal, or None."""
    if text[:1] not in ("{", "[") or len(text) > MAX_LITERAL:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            literal = ast.literal_eval(text)
        return _as_json(literal) if isinstance(literal, (dict, list)) else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _as_json(literal: Any) -> Any:
    """Tuples as lists; anything that JSON has no form for (sets, bytes, complex numbers) is a ValueError."""
    if isinstance(literal, dict):
        return {str(key): _as_json(value) for key, value in literal.items()}
    if isinstance(literal, (list, tuple)):
        return [_as_json(value) for value in literal]
    if literal is None or isinstance(literal, (str, int, float)):
        return literal
    raise ValueError(type(literal).__name__)


def values_in_fences(text: str) -> list[Any]:
    """Distinct JSON values that stand alone in a code fence; the last fence may be open."""
    found: list[Any] = []
    for match in FENCE.finditer(text):
        content = match.group(1).strip()
        try:
            value = load(content) if content else None
        except ValueError:
            value = python_literal(content)
        if value is not None and value not in found:
            found.append(value)
    return found


def values_in_prose(text: str) -> list[Any]:
    """Distinct JSON objects (or lists of objects) standing in prose; without any, distinct lists of texts.

    A list of numbers may be a footnote mark and is left out.

    Raises:
        Unclosed: The text holds no whole value, and one begins that never ends.
    """
    decoder, position = json.JSONDecoder(strict=False), 0
    found: list[Any] = []
    for _ in range(_MAX_PLACES):
        match = _PLACE.search(text, position)
        if not match:
            break
        try:
            value, position = decoder.raw_decode(text, match.start())
        except RecursionError:
            break
        except json.JSONDecodeError as error:
            if _ran_out(error, text):
                if not found:
                    raise Unclosed from None
                break
            position = match.start() + 1
        else:
            found += [] if value in found or not _is_answer(value) else [value]
    if not found and (literal := python_literal(text[text.find("{") : text.rfind("}") + 1])):
        found = [literal]
    return [value for value in found if not _is_plain_list(value)] or found


def _ran_out(error: json.JSONDecodeError, text: str) -> bool:
    """Whether decoding failed because the text ended: what follows would be inside of the value that is cut."""
    return error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()) - 1


def _is_answer(value: Any) -> bool:
    return not isinstance(value, list) or any(isinstance(item, (str, dict)) for item in value)


def _is_plain_list(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(item, dict) for item in value)
