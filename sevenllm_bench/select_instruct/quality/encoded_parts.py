"""Parts of a text that are another text in code: base64, hexadecimal, percent signs, entities, escapes, tag characters."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from sevenllm_bench.corpus.normalisation import normalised_words

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}(?:\s{1,2}[A-Za-z0-9+/_-]{4,})*={0,2}")
_HEX = re.compile(r"(?:(?:\\x|0x|%|&#x)?[0-9A-Fa-f]{2}[\s,;:]{0,2}){16,}")
_HEX_SIGNS = re.compile(r"\\x|0x|&#x|[%\s,;:]")
_BITS = re.compile(r"(?:[01]{8}\s{0,2}){8,}")
_ESCAPED = re.compile(
    r"(?:(?:&#?\w{1,8};|%[0-9A-Fa-f]{2}|\\+(?:u\{?[0-9A-Fa-f]{4,6}\}?|x[0-9A-Fa-f]{2}))[^\n]{0,40}?){3,}[^\n]{0,400}"
)
#: Text in characters that show nothing: tags (but not those of a flag), and selectors of variants, which can carry bytes.
_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0020-\U000e007e]{4,}")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
_ZERO_WIDTHS = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u180e]{24,}")
_READABLE = 0.85
#: A longer part is a file, and is not decoded whole.
_MOST = 40_000


def encoded_parts(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Start, end, name of the code, and the decoded text of each part that can be read."""
    for code, pattern, decode in (
        ("base64", _BASE64, _from_base64),
        ("hexadecimal", _HEX, _from_hex),
        ("bits", _BITS, _from_bits),
        ("escapes", _ESCAPED, _from_escapes),
        ("tag characters", _TAGS, _from_tags),
        ("variation selectors", _SELECTORS, _from_selectors),
    ):
        for match in pattern.finditer(text):
            decoded = decode(match[0][:_MOST])
            if decoded and _is_readable(decoded):
                yield match.start(), match.end(), code, decoded


def hidden_runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and name of long runs of characters that show nothing: nobody writes them but to hide something."""
    for name, pattern in (
        ("tag characters", _TAGS),
        ("variation selectors", _SELECTORS),
        ("zero-width characters", _ZERO_WIDTHS),
    ):
        for match in pattern.finditer(text):
            if len(match[0]) >= 8:
                yield match.start(), match.end(), name


def _is_readable(text: str) -> bool:
    letters = sum(character.isalpha() or character.isspace() for character in text)
    return len(text) >= 6 and letters >= _READABLE * len(text) - 3


def _from_base64(code: str) -> str:
    code = "".join(code.split()).rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    if len(code) % 4 == 1:
        code = code[:-1]
    try:
        return _as_text(base64.b64decode(code + "=" * (-len(code) % 4)))
    except (ValueError, binascii.Error):
        return ""


def _from_hex(code: str) -> str:
    digits = _HEX_SIGNS.sub("", code)
    return _as_text(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _from_bits(code: str) -> str:
    bits = "".join(code.split())
    return _as_text(bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)))


def _from_escapes(code: str) -> str:
    return normalised_words(code)


def _from_tags(code: str) -> str:
    return "".join(chr(ord(character) - 0xE0000) for character in code)


def _from_selectors(code: str) -> str:
    points = map(ord, code)
    return _as_text(bytes(point - 0xFE00 if point < 0xE0100 else point - 0xE0100 + 16 for point in points))


def _as_text(data: bytes) -> str:
    if data[1::2].count(0) * 2 > len(data) // 2:
        return data.decode("utf-16-le", "replace")
    return data.decode("utf-8", "replace")
