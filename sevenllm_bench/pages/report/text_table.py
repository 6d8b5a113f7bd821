"""The texts of a page's rows, each stored once: cut, and with what can't be seen spelled out, as its script shows them."""

from __future__ import annotations

from typing import Any

from sevenllm_bench.text.display import Long, cut, has_hidden, pieces

#: Characters of a text that a page holds; fewer where all texts of a page would be more than `MOST_CHARACTERS`.
MOST_OF_A_TEXT = (20_000, 10_000, 5_000, 2_500, 1_500)
#: Characters of one page's texts, which a browser reads in a fraction of a second.
MOST_CHARACTERS = 8_000_000
#: Characters that are shown at once; the rest on request.
AT_ONCE = 1_200


class TextTable:
    """Texts by number: equal ones have one number."""

    def __init__(self) -> None:
        """Make an empty table."""
        self._numbers: dict[str, int] = {}

    def add(self, text: str) -> int:
        """The number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    def as_json(self) -> list[Any]:
        """The texts in the order of their numbers.

        Returns:
            A string for each text that is short and has nothing to spell out. Otherwise a list: what is shown at once, the
            rest, the number of characters of the rest, the number of characters left out. The two stretches are strings, or
            lists of strings in turn shown as they are and stand-ins (see `display.pieces`).
        """
        most = self._most_of_a_text()
        return [_entry(text, most) for text in self._numbers]

    def _most_of_a_text(self) -> int:
        for most in MOST_OF_A_TEXT:
            if sum(min(len(text), most) for text in self._numbers) <= MOST_CHARACTERS:
                return most
        return MOST_OF_A_TEXT[-1]


def _entry(text: str, most: int) -> Any:
    if len(text) <= AT_ONCE:
        stretch = _stretch(text)
        return stretch if isinstance(stretch, str) else [stretch, "", 0, 0]
    return _long(cut(text, AT_ONCE, most))


def _long(text: Long) -> list[Any]:
    return [_stretch(text.start), _stretch(text.rest), len(text.rest), text.left_out]


def _stretch(text: str) -> str | list[str]:
    if not has_hidden(text):
        return text.replace("\r\n", "\n")
    found: list[str] = []
    for piece in pieces(text):
        if piece.spelled != bool(len(found) % 2):  # two of a kind in a row
            found.append("")
        found.append(piece.text)
    return found
