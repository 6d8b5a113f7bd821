"""Keys, tokens and passwords: removed from logs, from messages, and from results that are published."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from sevenllm_bench.io.secret_patterns import (
    ADDRESS,
    HEADER,
    NAMED,
    PRIVATE_KEY,
    SCHEME,
    SHAPES,
    is_harmless,
    is_secret_in_text,
    is_secret_name,
)

REMOVED = "[removed]"

_DEEPEST = 50
#: Texts whose hashes stand in the results, and which are full of names: "bos_token", "key".
_TEMPLATES = ("chat_template", "system_instruction")


def without_secrets(value: Any, depth: int = 0) -> Any:
    """A JSON value with what looks like a key, a token or a password replaced by "[removed]".

    Args:
        value: The value; it is not changed.
        depth: How deep it lies; what lies deeper than 50 levels is removed.
    """
    if depth > _DEEPEST:
        return REMOVED
    if isinstance(value, dict):
        return {_clean(key): _of_name(key, item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item, depth + 1) for item in value]
    return _clean(value)


def _of_name(name: Any, value: Any, depth: int) -> Any:
    """The value under a name: removed where the name is a secret's, also in a list; of a template only what has a key's shape."""
    if isinstance(name, str) and is_secret_name(name):
        if isinstance(value, str):
            return value if is_harmless(value) else REMOVED
        if isinstance(value, list):
            return [_of_name(name, item, depth) for item in value]
    if name in _TEMPLATES and isinstance(value, str):
        return _without_shapes(value)
    return without_secrets(value, depth)


def _clean(text: Any) -> Any:
    """A text without keys of known shapes; one line of it also without the values of secret names. Anything else as it is."""
    if not isinstance(text, str):
        return text
    text = _without_shapes(text)
    if "\n" in text:
        return text
    return _without_named(HEADER.sub(rf"\1\2{REMOVED}", text))


def _without_named(text: str) -> str:
    """The text without the values of secret names; a value of another name may hold names itself (`header=X-Api-Key:…`)."""
    parts, at, done = [], 0, 0
    while match := NAMED.search(text, at):
        at = match.end("between")
        if is_secret_in_text(match):
            parts += [text[done:at], REMOVED]
            at = done = match.end()
    return "".join([*parts, text[done:]])


def _without_shapes(text: str) -> str:
    text = ADDRESS.sub(rf"\1{REMOVED}@", PRIVATE_KEY.sub(REMOVED, text))
    return SHAPES.sub(REMOVED, SCHEME.sub(REMOVED, text))


def keys_in(text: str) -> frozenset[str]:
    """What has the form of a key, or of a private key, in a text; names in it don't count."""
    return frozenset((*SHAPES.findall(text), *PRIVATE_KEY.findall(text)))


def secrets_in(value: Any, where: str = "") -> Iterator[str]:
    """The places of a JSON value at which something looks like a key, a token or a password, as "config.model_args.api_key".

    Args:
        value: The value.
        where: Its place.
    """
    clean = without_secrets(value)
    if clean == value:
        return
    if isinstance(value, dict) and isinstance(clean, dict) and clean.keys() == value.keys():
        for key, item in value.items():
            if clean[key] != item:
                inner = list(secrets_in(item, f"{where}.{key}" if where else str(key)))
                yield from inner or [f"{where}.{key}" if where else str(key)]
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from secrets_in(item, f"{where}[{index}]")
    else:
        yield where or "its top"


#: What OpenAI-like keys look like, whole or shortened by the server ("sk-abc***xyz"): no message needs one.
_KEY_LIKE = re.compile(r"\bsk-[\w*.…-]{6,}")
#: Where a server that repeats a key puts it, whatever it looks like: after its name, in a header, in a URL.
_KEY_PLACES = (
    re.compile(r"(?i)(\bapi[ _-]?keys?\b(?: provided| used| given)?[\"']*\s*[:=：]\s*[\"']*)(?!\[key\])[^\s\"',;]+"),
    re.compile(r"(?i)(\bbearer\s+)(?!\[key\])[^\s\"',;]+"),
    re.compile(r"(?i)([?&](?:[a-z_-]*key|[a-z_-]*token)=)(?!\[key\])[^&\s\"']+"),
    re.compile(r"(://)[^/@\s\"']+(?=@)"),
)
_CHATTY = ("openai", "httpx", "httpx2", "httpcore", "httpcore2")
_MOST = 300
#: Keys that servers give out have at least so many characters, different ones, and kinds of them (of a-z, A-Z, 0-9).
_LEAST_LENGTH, _LEAST_DIFFERENT, _LEAST_KINDS = 16, 8, 2


def is_secret(key: str) -> bool:
    """Whether a key is long and random enough to be one: "EMPTY", "sk-no-key-required" and other stand-ins are not.

    A text may hold such a stand-in as a word or a number of its own, so that it must not be replaced there.
    """
    kinds = [any(kind(character) for character in key) for kind in (str.islower, str.isupper, str.isdecimal)]
    return len(key) >= _LEAST_LENGTH and len(set(key)) >= _LEAST_DIFFERENT and sum(kinds) >= _LEAST_KINDS


def scrub(text: str, secret: str | None) -> str:
    """`text` with every occurrence of `secret`, plain or quoted as in URLs, replaced by "[key]".

    Unchanged without a secret, and where it is none (see `is_secret`): a model's reply must not be altered by a stand-in.
    """
    if not secret or not is_secret(secret):
        return text
    forms = sorted({secret, quote(secret, safe="")}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, forms)), "[key]", text)


def short_message(message: str, secret: str | None) -> str:
    """A server's message fit to be shown: without keys and what is put where keys are, on one line, at most 300 characters."""
    text = SHAPES.sub("[key]", _KEY_LIKE.sub("[key]", scrub(message[:10_000], secret)))
    for place in _KEY_PLACES:
        text = place.sub(r"\1[key]", text)
    text = " ".join(text.split())
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def quieten() -> None:
    """Keep the HTTP libraries from logging requests and headers, whatever the level of the root logger."""
    for name in _CHATTY:
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:  # NOTSET too, which would follow the root
            logger.setLevel(logging.WARNING)
