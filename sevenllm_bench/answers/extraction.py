"""The JSON value in an answer to an extraction task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sevenllm_bench.answers.final_text import final_text
from sevenllm_bench.answers.json_in_text import values_in_fences, values_in_prose
from sevenllm_bench.answers.json_values import Found, as_plain, nesting, read_value
from sevenllm_bench.text.leaf_values import leaf_values
from sevenllm_bench.text.near_json import MAX_DEPTH, Unclosed

#: How a JSON value was found, or why none was.
How = Literal["json", "fence", "prose", "python", "repaired", "text", "empty"]
Reason = Literal["", "empty answer", "nested too deeply", "unclosed JSON", "several JSON values", "no JSON"]


@dataclass(frozen=True, slots=True)
class Extraction:
    """An answer to an extraction row, read.

    Attributes:
        values: Leaf values of the JSON found; without JSON, the text as one value; none when empty.
        how: "json" (the whole text), "fence" (in a code fence), "prose" (text around it), "python" (a Python literal),
            "repaired" (nearly JSON, wherever it stands), "text" (no JSON found) or "empty".
        text: The answer as text, which is what counts where its JSON doesn't.
        is_list: Whether the JSON found is a list.
        reason: Why no JSON was found; empty when it was.
        value: The JSON value found; None without one.
    """

    values: list[str]
    how: How
    text: str
    is_list: bool = False
    reason: Reason = ""
    value: Any = field(default=None, compare=False, repr=False)

    @property
    def is_json(self) -> bool:
        """Whether a JSON value was found."""
        return self.how not in ("text", "empty")


def read_extraction(raw: Any, text: str | None = None) -> Extraction:
    """Read the JSON value in an answer; two different ones are no answer.

    Args:
        raw: The model's text; or a JSON value that was parsed already (an object, a list, a number, a boolean).
        text: The answer's final text, where it is known already.
    """
    text = final_text(raw) if text is None else text
    if raw is not None and not isinstance(raw, str):
        return _found(Found(raw, "json"), "json", text)
    if not text:
        return Extraction([], "empty", text, reason="empty answer")
    if nesting(text) > MAX_DEPTH:
        return _not_found(text, "nested too deeply")
    try:
        found = read_value(text)
    except ValueError:
        return _read_parts(text)
    plain = as_plain(found, text)
    return _found(plain, "python" if plain.by == "python" else "json" if plain is found else "prose", text)


def _read_parts(text: str) -> Extraction:
    """Read the one value in the fences of a text, or else in its prose."""
    how: How = "fence"
    values = values_in_fences(text)
    if not values:
        how = "prose"
        try:
            values = values_in_prose(text)
        except Unclosed:
            return _not_found(text, "unclosed JSON")
    if len(values) == 1:
        return _found(values[0], how, text)
    return _not_found(text, "several JSON values" if values else "no JSON")


def _found(found: Found, how: How, text: str) -> Extraction:
    how = "repaired" if found.by == "repair" else how
    return Extraction(leaf_values(found.value), how, text, is_list=isinstance(found.value, list), value=found.value)


def _not_found(text: str, reason: Reason) -> Extraction:
    return Extraction([text], "text", text, reason=reason)
