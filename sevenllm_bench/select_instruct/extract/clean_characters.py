"""Characters without shape out of a text, which can hide words from a reader or part an indicator in two."""

from __future__ import annotations

import re

#: Soft hyphen, zero width spaces and joiners, marks of direction, variation selectors, fillers.
_SHAPELESS = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0100-\U000e01ef]"
)
#: Tags: ASCII that no font shows. A model reads them.
_TAGS = re.compile("[\U000e0000-\U000e007f]+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_SPACE = re.compile("[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f]")


def clean_characters(text: str) -> str:
    """`text` without characters that have no shape, one kind of line ends and one kind of blanks."""
    text = re.sub("\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text)
    if not text.isascii():
        text = _TAGS.sub("", _SHAPELESS.sub("", text))
    return _SPACE.sub(" ", _CONTROL.sub("", text.replace("\t", "    ")))


def tagged_text(text: str) -> list[str]:
    """What is written in invisible tag characters, as ASCII."""
    if text.isascii():
        return []
    return ["".join(chr(ord(character) - 0xE0000) for character in run) for run in _TAGS.findall(text)]


def one_line(text: str) -> str:
    """`text` with each run of white space as one blank."""
    return " ".join(text.split())
