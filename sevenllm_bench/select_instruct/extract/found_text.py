"""What extraction finds in one file, whatever its format."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sevenllm_bench.select_instruct.extract.clean_characters import clean_characters, one_line, tagged_text
from sevenllm_bench.text.unicode import encodable

#: Bounds on hidden text: pieces, characters of one, characters of a title.
_PIECES, _PIECE, _TITLE = 200, 2000, 300


@dataclass(frozen=True)
class FoundText:
    """The main text of a file and what is known of it.

    Attributes:
        text: Paragraphs, parted by blank lines.
        title: Its title, "" where none was found; the text doesn't repeat it at its beginning.
        published: ISO 8601 date; None where none was found.
        hidden: What a reader doesn't see.
        location: URL that the record names; None where it names none.
    """

    text: str
    title: str = ""
    published: str | None = None
    hidden: tuple[str, ...] = ()
    location: str | None = None


def found_text(
    paragraphs: Iterable[str],
    title: str = "",
    published: str | None = None,
    hidden: Iterable[str] = (),
    location: str | None = None,
) -> FoundText:
    """The text of paragraphs as they were found: characters cleaned, empty ones out, a repeated title out."""
    found = list(paragraphs)
    tags = [tag for paragraph in (*found, title) for tag in tagged_text(paragraph)]
    kept = [paragraph for one in found if (paragraph := _without_trailing_blanks(encodable(clean_characters(one))))]
    title = encodable(one_line(clean_characters(title)))[:_TITLE]
    if len(kept) > 1 and title and one_line(kept[0]).casefold() == title.casefold():
        kept = kept[1:]
    return FoundText("\n\n".join(kept), title, published, bounded_pieces((*tags, *hidden)), location)


def _without_trailing_blanks(paragraph: str) -> str:
    return re.sub(r" +(?=\n|$)", "", re.sub(r"\n{2,}", "\n", paragraph)).strip("\n")


def bounded_pieces(pieces: Iterable[str]) -> tuple[str, ...]:
    """The first 200 distinct pieces with letters in them, each cut to 2,000 characters and in one line."""
    found: dict[str, None] = {}
    for piece in pieces:
        line = encodable(one_line(clean_characters(piece)))[:_PIECE]
        if re.search(r"[^\W\d_]", line):
            found[line] = None
        if len(found) == _PIECES:
            break
    return tuple(found)
