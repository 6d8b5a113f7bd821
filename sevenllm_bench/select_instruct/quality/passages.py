"""A place in a text, and views of a text whose places are known."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

from sevenllm_bench.corpus.normalisation import normalised_words

#: Between two words where a sentence or a line ends; elsewhere it is a blank.
SENTENCE_END = "\n"
_ENDS = frozenset('.!?;:。！？；：\u2028\u2029"“”‘’「」『』()（）[]【】*#>|—–')
_QUOTE = 200


@dataclass(frozen=True, slots=True)
class Passage:
    """Words in a text that are addressed to a model.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        kind: What it is, e.g. "order".
        quote: Its first characters, as written.
    """

    start: int
    end: int
    kind: str
    quote: str


def passage(text: str, start: int, end: int, kind: str) -> Passage:
    """The passage of `text` between two places."""
    quote = " ".join(text[start:end].split())
    return Passage(start, end, kind, quote if len(quote) <= _QUOTE else quote[: _QUOTE - 1] + "…")


@dataclass(frozen=True)
class View:
    """A text in another form, and for each of its characters the place in the original."""

    text: str
    places: tuple[int, ...]

    def span(self, match: re.Match[str]) -> tuple[int, int]:
        """Where a match begins and ends in the original."""
        first, last = self.places[match.start()], self.places[max(match.start(), match.end() - 1)]
        return min(first, last), max(first, last) + 1


@functools.cache
def plain_character(character: str) -> str:
    """A character as it is compared: without case, marks, compatibility form and disguise; "" for what has no shape."""
    return normalised_words(character)


@functools.cache
def _signs(character: str) -> str:
    if unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return ""
    plain = plain_character(character)
    return plain if plain else unicodedata.normalize("NFKC", character)


def signs_view(text: str) -> View:
    """The text with punctuation and blanks, in small plain letters, without invisible characters."""
    return _view((sign, place) for place, character in enumerate(text) for sign in _signs(character))


def words_view(text: str) -> View:
    """Words with one character between two: `SENTENCE_END` where a sentence, a line or a quotation ends, else a blank."""
    letters: list[str] = []
    places: list[int] = []
    gap, line_ends = "", 0
    for place, character in enumerate(text):
        plain = plain_character(character)
        if plain:
            if gap and letters:
                letters.append(gap)
                places.append(place)
            letters += plain
            places += [place] * len(plain)
            gap, line_ends = "", 0
        elif _signs(character):
            line_ends += character == "\n"
            # One line feed may be where a line was wrapped.
            ends = character in _ENDS or line_ends > 1 or (line_ends == 1 and not character.isspace())
            gap = SENTENCE_END if ends or gap == SENTENCE_END else " "
    return View("".join(letters), tuple(places))


def compact_view(view: View) -> View:
    """A view without what is between its words."""
    return _view((sign, place) for sign, place in zip(view.text, view.places, strict=True) if sign not in " \n")


def mapped_view(view: View, table: dict[int, str]) -> View:
    """A view with some of its characters replaced, each by one."""
    return View(view.text.translate(table), view.places)


def reversed_view(view: View) -> View:
    """A view from its end to its beginning."""
    return View(view.text[::-1], view.places[::-1])


def _view(pairs) -> View:  # type: ignore[no-untyped-def]
    found = list(pairs)
    return View("".join(sign for sign, _ in found), tuple(place for _, place in found))
