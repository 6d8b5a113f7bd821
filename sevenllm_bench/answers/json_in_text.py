"""JSON values inside a model's text: in code fences, and standing in prose."""

from __future__ import annotations

import json
import re
from typing import Any

from sevenllm_bench.answers.json_values import DECODER, Found, as_plain, python_literal, read_value
from sevenllm_bench.text.leaf_values import leaf_values
from sevenllm_bench.text.near_json import Unclosed, decode_near_json

#: Places in prose where a JSON value is tried, and those of them where one that is nearly right is.
_MAX_PLACES = 50
_MAX_REPAIRS = 8

FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\r?\n?(.*?)(?:```|\Z)", re.DOTALL)
#: A bracket that a JSON value may begin with; "[.]" and "[see" are not.
_PLACE = re.compile(r"\{\s*[\"}]|\[\s*(?:[\"\[{\]\d-]|true|false|null)")
#: The same for objects that are nearly JSON, and lists of them.
_NEAR_PLACE = re.compile(r"(?:[\[［]\s{0,99}+)?[{｛]\s{0,99}+(?:[\"'“”‘’＂]|//|/\*|\#|\\\"|[^\W\d]\w{0,40}+\s?[:：])")


def values_in_fences(text: str) -> list[Found]:
    """The first two distinct JSON values that stand alone in a code fence; the last fence may be open."""
    found: list[Found] = []
    for match in FENCE.finditer(text):
        content = match.group(1).strip()
        try:
            new = as_plain(read_value(content), content) if content else None
        except ValueError:
            continue
        if new and new.value is not None:
            _add(found, new)
        if len(found) == 2:
            break
    return found


def _add(found: list[Found], new: Found) -> None:
    if all(new.value != value or _is_other_type(new.value, value) for value, _ in found):
        found.append(new)


def _is_other_type(one: Any, other: Any) -> bool:
    """Whether values that Python calls equal are not: True and 1."""
    return [leaf in ("True", "False") for leaf in sorted(leaf_values(one))] != [
        leaf in ("True", "False") for leaf in sorted(leaf_values(other))
    ]


def values_in_prose(text: str) -> list[Found]:
    """Distinct JSON objects (or lists of objects) standing in prose; without any, distinct lists of texts.

    A list of numbers may be a footnote mark and is left out. By repair, only objects and lists of objects are found.

    Raises:
        Unclosed: The text holds no whole value, and one begins that never ends.
    """
    found, ran_out = _search(text)
    if not found and (literal := python_literal(text[text.find("{") : text.rfind("}") + 1])):
        found = [Found(literal, "python")]
    if not found and ran_out:
        raise Unclosed
    return [new for new in found if not _is_plain_list(new.value)] or found


def _search(text: str) -> tuple[list[Found], bool]:
    """The values that begin at the first places, and whether the text ended within one."""
    found: list[Found] = []
    position, repairs, ran_out = 0, _MAX_REPAIRS, False
    for _ in range(_MAX_PLACES):
        starts = [match.start() for pattern in (_PLACE, _NEAR_PLACE) if (match := pattern.search(text, position))]
        if not starts:
            break
        start = min(starts)
        is_near = repairs > 0 and _NEAR_PLACE.match(text, start) is not None
        repairs -= is_near
        try:
            new, position = _value_at(text, start, is_near)
        except RecursionError:
            break
        except _UnclosedJson:
            return found, True
        except ValueError as error:
            ran_out = ran_out or isinstance(error, Unclosed)
            position = start + 1
        else:
            if _is_answer(new.value):
                _add(found, new)
    return found, ran_out


class _UnclosedJson(Unclosed):
    """The text ended within a JSON value: what follows would be inside of the value that is cut."""


def _value_at(text: str, start: int, is_near: bool) -> tuple[Found, int]:
    try:
        value, end = DECODER.raw_decode(text, start)
        return Found(value, "json"), end
    except ValueError as error:
        ran_out = isinstance(error, json.JSONDecodeError) and _ran_out(error, text)
    try:
        if not is_near:
            raise ValueError("no JSON")
        value, end = decode_near_json(text, start)
    except ValueError:
        if ran_out:
            raise _UnclosedJson from None
        raise
    literal = python_literal(text[start:end])
    return (Found(value, "repair") if literal is None else Found(literal, "python")), end


def _ran_out(error: json.JSONDecodeError, text: str) -> bool:
    return error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()) - 1


def _is_answer(value: Any) -> bool:
    return not isinstance(value, list) or any(isinstance(item, (str, dict)) for item in value)


def _is_plain_list(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(item, dict) for item in value)
