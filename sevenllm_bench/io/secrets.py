"""Keys, tokens and passwords: removed from logs, from messages, and from results that are published."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import quote

REMOVED = "[removed]"

_NAMES = re.compile(r"(?i)(token|api_?key|secret|password|passwd|authorization|credential)s?$")
#: The same inside `--model_args` given as one text, in URLs, and keys that can be recognised by their form.
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


#: What OpenAI-like keys look like, whole or shortened by the server ("sk-abc***xyz"): no message needs one.
_KEY_LIKE = re.compile(r"\bsk-[\w*.…-]{6,}")
_CHATTY = ("openai", "httpx", "httpx2", "httpcore", "httpcore2")
_MOST = 300


def scrub(text: str, secret: str | None) -> str:
    """`text` with every occurrence of `secret`, plain or quoted as in URLs, replaced by "[key]"; unchanged without one."""
    if not secret:
        return text
    for form in (secret, quote(secret, safe="")):
        text = text.replace(form, "[key]")
    return text


def short_message(message: str, secret: str | None) -> str:
    """A server's message fit to be shown: scrubbed, also of parts of keys, on one line, at most 300 characters."""
    text = " ".join(_KEY_LIKE.sub("[key]", scrub(message, secret)).split())
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def quieten() -> None:
    """Keep the HTTP libraries from logging requests and headers, whatever the level of the root logger."""
    for name in _CHATTY:
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:  # NOTSET too, which would follow the root
            logger.setLevel(logging.WARNING)
