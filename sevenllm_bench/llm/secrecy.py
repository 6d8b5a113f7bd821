"""Keeping the API key, prompts and answers out of logs and messages."""

from __future__ import annotations

import logging
import re
from urllib.parse import quote

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
