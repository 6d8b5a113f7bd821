"""The part of a model's text that is its answer."""

from __future__ import annotations

import json
from typing import Any

from sevenllm_bench.prompts import RESPONSE_HEADER, STOP_STRINGS


def final_text(raw: Any) -> str:
    """The part of an answer that is scored, stripped.

    After the last `</think>`, before a `<think>` that is never closed, after the last "### Response:" that anything
    follows, and before the point where the prompt template starts again. None is empty; other values that are not
    strings become JSON.
    """
    if raw is None:
        return ""
    text = raw if isinstance(raw, str) else as_text(raw)
    text = text.rpartition("</think>")[2].partition("<think>")[0].strip()
    if text.startswith(STOP_STRINGS):
        text = text.partition(RESPONSE_HEADER)[2]
    for stop in STOP_STRINGS:
        text = text.partition(stop)[0]
    return next((part.strip() for part in reversed(text.split(RESPONSE_HEADER)) if part.strip()), "")


def as_text(value: Any) -> str:
    """A value that is not a string as JSON; empty where even that fails (circular, or too deep)."""
    try:
        return json.dumps(value, ensure_ascii=False, default=repr)
    except Exception:  # whatever an object's own methods raise: an answer is never an error
        return ""
