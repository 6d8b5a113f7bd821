"""Unicode normalisation that hostile text can't slow down, and text that can be encoded."""

from __future__ import annotations

import unicodedata

#: Combining marks in a row that are kept; sorting a run of marks takes Python quadratic time in its length.
_MAX_MARKS = 32


def nfkc(text: str) -> str:
    """`text` in NFKC, with runs of more than 32 combining marks cut to 32; linear in the length of `text`."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", without_long_runs(text))


def without_long_runs(text: str) -> str:
    """`text` with runs of more than 32 combining marks cut to 32."""
    if len(text) <= _MAX_MARKS or not any(map(unicodedata.combining, set(text))):
        return text
    marks = 0
    kept = []
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def encodable(text: str) -> str:
    """`text` with lone surrogates, which UTF-8 can't encode, replaced by "?"; other text is returned as it is."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text
