"""Plain text: paragraphs as they are, the first line as title."""

from __future__ import annotations

import re

from sevenllm_bench.select_instruct.extract.charset import decoded
from sevenllm_bench.select_instruct.extract.clean_characters import clean_characters, one_line
from sevenllm_bench.select_instruct.extract.found_text import FoundText, found_text
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

#: Titles have so many characters at most, and don't end like sentences.
_TITLE, _SENTENCE_END = 150, tuple(".。!！?？;；:：,，")
#: A date in the lines under a title.
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:-|/|\.|年)\s?(\d{1,2})(?:-|/|\.|月)\s?(\d{1,2})(?!\d)")
#: Such a share of control characters isn't text.
_MAX_CONTROL = 0.01
#: More are no report.
_MAX_CHARACTERS = 5_000_000


def plain_report(data: bytes, charset: str | None = None) -> FoundText:
    """The report in a text file.

    Raises:
        UnusableFileError: It is no text.
    """
    text = readable(data, charset)
    paragraphs = paragraphs_of_lines(text)
    title = paragraphs[0] if len(paragraphs) > 1 and is_title(paragraphs[0]) else ""
    return found_text(paragraphs, title, date_near_title("\n".join(paragraphs[:3])[:500]))


def readable(data: bytes, charset: str | None = None) -> str:
    """The text of bytes, cleaned.

    Raises:
        UnusableFileError: They are no text.
    """
    text = decoded(data, charset)
    if len(text) > _MAX_CHARACTERS:
        raise UnusableFileError(f"has more than {_MAX_CHARACTERS:,} characters")
    broken = len(re.findall("[\x00-\x08\x0e-\x1f\ufffd]", text))
    if broken > _MAX_CONTROL * len(text):
        raise UnusableFileError("is no text, or in an unknown charset")
    return clean_characters(text)


def paragraphs_of_lines(text: str) -> list[str]:
    """Paragraphs parted by blank lines; where no line is blank, each line is one."""
    parts = [part.strip("\n") for part in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.strip())]
    if len(parts) == 1:
        parts = parts[0].split("\n")
    return [part for part in parts if part.strip()]


def is_title(paragraph: str) -> bool:
    """Whether a first paragraph is a title: one short line that doesn't end like a sentence."""
    line = paragraph.strip()
    return "\n" not in line and 0 < len(line) <= _TITLE and not line.endswith(_SENTENCE_END)


def date_near_title(text: str) -> str | None:
    """The first date in `text` as ISO 8601."""
    import datetime

    for year, month, day in _DATE.findall(one_line(text)):
        try:
            return datetime.date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            continue
    return None
