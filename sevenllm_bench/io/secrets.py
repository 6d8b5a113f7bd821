"""Secrets that a results file of lm-eval may hold, removed before it is handed on."""

from __future__ import annotations

import re
from typing import Any

REMOVED = "[removed]"

_NAMES = re.compile(r"(?i)(token|api_?key|secret|password|passwd|authorization|credential)s?$")
#: The same inside `--model_args` given as one text, in URLs, and keys that can be told from their looks.
_TEXTS = (
    (re.compile(r"(?i)\b((?:[a-z_]*_)?(?:token|api_?key|secret|password|authorization))=[^,\s&\"']+"), rf"\1={REMOVED}"),
    (re.compile(r"(://)[^/@\s\"']+@"), rf"\1{REMOVED}@"),
    (re.compile(r"\b(?:hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,})"), REMOVED),
    (re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]{8,}"), REMOVED),
)
_DEEPEST = 50


def without_secrets(value: Any, depth: int = 0) -> Any:
    """A JSON value with what looks like a key, a token or a password replaced by "[removed]".

    Args:
        value: The value; it is not changed.
        depth: How deep it lies; what lies deeper than 50 levels is removed.
    """
    if depth > _DEEPEST:
        return REMOVED
    if isinstance(value, dict):
        return {
            key: REMOVED if _NAMES.search(str(key)) and isinstance(item, str) and item else without_secrets(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(item, depth + 1) for item in value]
    return _clean(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    for pattern, replacement in _TEXTS:
        text = pattern.sub(replacement, text)
    return text
