"""The part of a model's text that is its answer."""

from __future__ import annotations

import json
from typing import Any

_RESPONSE = "### Response:"
#: Where a base model that never stops begins the next example.
_RESTARTS = ("### Instruction:", "Below is an instruction that describes a task")


def final_text(raw: Any) -> str:
    """The part of an answer that is scored, stripped.

    After the last `</think>` (nothing, when `<think>` is never closed), after the last "### Response:", and before the
    point where the prompt template starts again. None is empty; other values that are not strings become JSON.
    """
    if raw is None:
        return ""
    text = raw if isinstance(raw, str) else _dump(raw)
    text = text.rpartition("</think>")[2].strip() if "</think>" in text else text.strip()
    if text.startswith("<think>"):
        return ""
    if text.startswith(_RESTARTS):
        text = text.partition(_RESPONSE)[2]
    for restart in _RESTARTS:
        text = text.partition(restart)[0]
    return text.rpartition(_RESPONSE)[2].strip()


def _dump(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError, TypeError):
        return ""
