"""The JSON value in an answer, and whether an answer looks cut off."""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass
from typing import Any, Literal

from sevenllm_bench.answers.text import final_text
from sevenllm_bench.catalog import Kind
from sevenllm_bench.metrics.values import leaf_values

#: How a JSON value was found, or why none was.
How = Literal["json", "fence", "prose", "python", "text", "empty"]

#: Deeper nesting than this is no answer to an extraction task, and deep recursion in parsers.
MAX_DEPTH = 100
MAX_LITERAL = 200_000
_MAX_CANDIDATES = 50

FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\r?\n?(.*?)(?:```|\Z)", re.DOTALL)
_SENTENCE_ENDS = tuple("}.!?。！？…．;；\"'”’」』)）】]》`*|")


@dataclass(frozen=True, slots=True)
class Extraction:
    """An answer to an extraction row, read.

    Attributes:
        values: Leaf values of the JSON found; without JSON, the text as one value; none when empty.
        how: "json" (the whole text), "fence" (in a code fence), "prose" (text around it), "python" (a Python literal),
            "text" (no JSON found) or "empty".
        text: The answer as text, which is what counts where its JSON doesn't.
        is_list: Whether the JSON found is a list.
        reason: Why no JSON was found; empty when it was.
    """

    values: list[str]
    how: How
    text: str
    is_list: bool = False
    reason: str = ""

    @property
    def is_json(self) -> bool:
        """Whether a JSON value was found."""
        return self.how not in ("text", "empty")


def read_extraction(raw: Any) -> Extraction:
    """Read the JSON value in an answer.

    Args:
        raw: The model's text; or a JSON value that was parsed already (an object, a list, a number, a boolean).
    """
    text = final_text(raw)
    if raw is not None and not isinstance(raw, str):
        return _extraction(raw, "json", text)
    if not text:
        return Extraction([], "empty", text, reason="empty answer")
    fenced = FENCE.search(text)
    attempts: list[tuple[How, str]] = [("json", text), ("fence", fenced.group(1).strip() if fenced else "")]
    for how, candidate in attempts:
        if candidate and nesting(candidate) <= MAX_DEPTH:
            try:
                return _extraction(json.loads(candidate), how, text)
            except (ValueError, RecursionError):
                literal = python_literal(candidate)
                if literal is not None:
                    return _extraction(literal, "python", text)
    if nesting(text) > MAX_DEPTH:
        return Extraction([text], "text", text, reason="nested too deeply")
    values = _values_in_prose(text)
    if len(values) == 1:
        return _extraction(values[0], "prose", text)
    reason = "several JSON values" if values else "unclosed JSON" if _is_unclosed(text) else "no JSON"
    return Extraction([text], "text", text, reason=reason)


def _extraction(value: Any, how: How, text: str) -> Extraction:
    return Extraction(leaf_values(value), how, text, is_list=isinstance(value, list))


def nesting(text: str) -> int:
    """Deepest nesting of brackets, strings not told apart: an upper bound that never recurses."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\](){}]", text):
        depth = depth + 1 if bracket in "[({" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def python_literal(text: str) -> Any:
    """The object or list that `text` is as a Python literal, or None."""
    if text[0] not in "{[(" or len(text) > MAX_LITERAL:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _as_json(ast.literal_eval(text))
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


def _values_in_prose(text: str) -> list[Any]:
    """Distinct JSON objects standing in prose; without any, distinct lists (a list may be a footnote mark)."""
    decoder, found, position, tried = json.JSONDecoder(), [], 0, 0
    while tried < _MAX_CANDIDATES and (match := re.compile(r"[{\[]").search(text, position)):
        tried += 1
        try:
            value, position = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            position = match.start() + 1
        else:
            found += [] if value in found else [value]
    return [value for value in found if isinstance(value, dict)] or found


def _is_unclosed(text: str) -> bool:
    """Whether a JSON value begins that never ends: cut off by the length limit."""
    start = re.search(r"[{\[]\s*[\"{\[]", text)
    if not start:
        return False
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text[start.start() :])
    return sum(map(outside.count, "{[")) > sum(map(outside.count, "}]"))


def is_cut(raw: Any, kind: Kind) -> bool:
    """Whether an answer looks cut off: `<think>` or JSON never closed, or prose without the end of a sentence."""
    if not isinstance(raw, str) or not raw.strip():
        return False
    if raw.strip().startswith("<think>") and "</think>" not in raw:
        return True
    if kind == "understanding":
        return read_extraction(raw).reason == "unclosed JSON"
    return kind == "generation" and not final_text(raw).endswith(_SENTENCE_ENDS)
