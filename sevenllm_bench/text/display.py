"""Untrusted text, prepared for display: characters that can't be seen are spelled out.

Escaping for HTML is left to the templates; this is about what survives escaping: control characters, marks that turn the
direction of text around, invisible characters, many combining marks in a row, and great length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Controls but tab and line ends; direction marks; separators and marks without shape. Joiners stay: scripts and emoji need them.
_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff"
)
#: Combining marks beyond three in a row, which no script in use needs.
_TOWER = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_SPLIT = re.compile(f"([{_HIDDEN}]|(?<={_TOWER}{{3}}){_TOWER}+)")
#: Where `_SPLIT` splits, in a form that searches faster.
_MAYBE = re.compile(f"[{_HIDDEN}]|{_TOWER}{{4}}")


_ONE_HIDDEN = re.compile(f"[{_HIDDEN}\ufffd\ufdd0-\ufdef\ufffe\uffff]")


def hidden_character(text: str, known: str = "") -> str:
    """The first character of a text that shows nothing or stands for a lost one, as "U+202E"; "" where there is none.

    Args:
        text: The text; its line ends may be those of any system.
        known: Characters in this text are no matter.
    """
    found = (match[0] for match in _ONE_HIDDEN.finditer(text.replace("\r\n", "\n")) if match[0] not in known)
    return next((f"U+{ord(character):04X}" for character in found), "")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text.

    Attributes:
        text: What to show.
        spelled: Whether it stands for a character that can't be shown as itself.
    """

    text: str
    spelled: bool = False


def pieces(text: str) -> list[Piece]:
    """Text cut into what can be shown as it is, and stand-ins for the rest (⟨U+202E⟩ for a direction mark)."""
    text = text.replace("\r\n", "\n")
    if not _MAYBE.search(text):  # nearly always, and several times as fast
        return [Piece(text)] if text else []
    found = _SPLIT.split(text)
    shown = [Piece(part) if place % 2 == 0 else Piece(_stand_in(part), True) for place, part in enumerate(found)]
    return [piece for piece in shown if piece.text]


def has_hidden(text: str) -> bool:
    """Whether `pieces` would spell out anything of a text."""
    text = text.replace("\r\n", "\n")
    if text.isascii():  # of ASCII, all but controls can be printed: a faster look
        return not text.replace("\n", "").replace("\t", "").isprintable()
    return _MAYBE.search(text) is not None


def _stand_in(hidden: str) -> str:
    return f"⟨{len(hidden)} combining marks⟩" if len(hidden) > 1 else f"⟨U+{ord(hidden):04X}⟩"


def plain(text: str, most: int = 0) -> str:
    """The same as one string on one line, for labels, attributes and charts; cut to `most` characters where given."""
    whole = text if not has_hidden(text) else "".join(piece.text for piece in pieces(text))
    line = " ".join(whole.split())
    return line if not most or len(line) <= most else line[: most - 1] + "…"


def printable(text: object, most: int = 200) -> str:
    """Text that is safe to print and to encode: control characters, surrogates and what is too long replaced."""
    whole = str(text)
    short = whole if len(whole) <= most else f"{whole[: most - 1]}…"
    return short if short.isprintable() else "".join(c if c.isprintable() else "�" for c in short)


@dataclass(frozen=True, slots=True)
class Long:
    """A text of any length, cut for a page.

    Attributes:
        start: What is shown at once.
        rest: What is shown on request; empty for a short text.
        left_out: Number of characters that the page doesn't hold.
    """

    start: str
    rest: str = ""
    left_out: int = 0

    @property
    def size(self) -> int:
        """Characters in the page."""
        return len(self.start) + len(self.rest)


def cut(text: str, at_once: int = 1_200, in_all: int = 20_000) -> Long:
    """Cut a text in two, at a line or sentence end where one is near, and drop what is beyond `in_all` characters."""
    if len(text) <= at_once * 5 // 4:
        return Long(text)
    ends = (text.rfind(mark, at_once * 3 // 4, at_once) + len(mark) for mark in ("\n", "。", ". ", "，", " "))
    place = next((end for end in ends if end >= at_once * 3 // 4), at_once)
    return Long(text[:place], text[place:in_all], max(0, len(text) - in_all))
