"""Lines of a PDF to paragraphs: which lines belong together, and how the end of one joins the next."""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.select_instruct.extract.pdf_lines import PdfLine

_ENDS = tuple(".!?:;。!?:;”\"'」")
_BULLET = re.compile(r"(?:[•◦▪●■‣·*–-]|\d{1,2}[.)、])\s*\S")
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f“”‘’]")
_HYPHENS = ("\x02", "-", "\u2010", "\u00ad")
_HEX = re.compile(r"[0-9a-fA-F]{4,}$")
_LENGTHS_OF_HASHES = {32, 40, 56, 64, 96, 128}
#: The last word of a line that goes on at once in the next: an address or a path.
_ADDRESS = re.compile(r"(?:://|\[\.\]|\\|^[\w.-]+/[\w./-]*|^/)")


#: A line that is nothing but such a word.
_BROKEN = re.compile(r"(?=.*(?:://|\[\.\]|\\|/))\S+(?<![.,;:!?)。,;])$")


@dataclass(frozen=True)
class PdfParagraph:
    """A paragraph and the height of its characters."""

    text: str
    height: float


def paragraphs_of_pages(pages: Sequence[Sequence[PdfLine]]) -> list[PdfParagraph]:
    """Paragraphs of pages of lines in reading order; a paragraph may go on in the next column or page."""
    lines = [(number, line) for number, page in enumerate(pages) for line in page]
    if not lines:
        return []
    pitch = _pitch(pages)
    edges = _edges(lines)
    words = {word.casefold() for _, line in lines for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line.text)}
    full = {line.text for number, line in lines if line.right > edges[number, line.region][1] - line.height}
    found: list[PdfParagraph] = []
    parts: list[str] = []
    for place, (number, line) in enumerate(lines):
        if parts and _begins_anew(lines[place - 1], (number, line), pitch, edges[number, line.region]):
            found.append(PdfParagraph(joined(parts, words, full), lines[place - 1][1].height))
            parts = []
        parts.append(line.text)
    return _with_lists([*found, PdfParagraph(joined(parts, words, full), lines[-1][1].height)])


def _with_lists(paragraphs: list[PdfParagraph]) -> list[PdfParagraph]:
    """Paragraphs with the rows of a table, and the items of a list, as lines of one."""
    found: list[PdfParagraph] = []
    for paragraph in paragraphs:
        last = found[-1].text.rpartition("\n")[2] if found else ""
        if (" | " in last and " | " in paragraph.text) or (_BULLET.match(last) and _BULLET.match(paragraph.text)):
            found[-1] = PdfParagraph(f"{found[-1].text}\n{paragraph.text}", paragraph.height)
        else:
            found.append(paragraph)
    return found


def _pitch(pages: Sequence[Sequence[PdfLine]]) -> float:
    """The usual distance of two lines, in heights."""
    steps = [
        (one.bottom - other.bottom) / one.height
        for page in pages
        for one, other in itertools.pairwise(page)
        if one.region == other.region and one.bottom > other.bottom and one.height > 0
    ]
    return statistics.median(steps) if steps else 1.2


def _edges(lines: Sequence[tuple[int, PdfLine]]) -> dict[tuple[int, int], tuple[float, float]]:
    """Left and right edge of each region."""
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for number, line in lines:
        left, right = found.get((number, line.region), (line.left, line.right))
        found[number, line.region] = min(left, line.left), max(right, line.right)
    return found


def _begins_anew(before: tuple[int, PdfLine], after: tuple[int, PdfLine], pitch: float, edges: tuple[float, float]) -> bool:
    """Whether a line begins a paragraph."""
    (page, last), (next_page, line) = before, after
    height = max(last.height, line.height)
    if abs(last.height - line.height) > 0.12 * height or _BULLET.match(line.text) or " | " in line.text:
        return True
    if (page, last.region) != (next_page, line.region):
        return last.text.endswith(_ENDS)
    if last.bottom - line.bottom > 1.25 * pitch * height:
        return True
    left, right = edges
    is_short = last.right < right - 0.25 * (right - left)
    is_indented = line.left - left > 0.8 * height > last.left - left
    return (is_short and last.text.endswith(_ENDS)) or (is_indented and last.text.endswith(_ENDS))


def joined(parts: Sequence[str], words: set[str], full: frozenset[str] | set[str] = frozenset()) -> str:
    """The lines of a paragraph as one.

    Args:
        parts: The lines.
        words: Those of the whole text, which tell a hyphen that stays.
        full: Lines that fill their column: one that is nothing but an address or a path goes on in the next.
    """
    text = parts[0]
    blanks = _has_blanks_at_latin(parts)
    for place, part in enumerate(parts[1:], 1):
        before = parts[place - 1]
        text = (
            text + part
            if (before in full and _BROKEN.match(before)) or _is_hash(text, parts[place:])
            else _join(text, part, words, blanks)
        )
    return text.replace("\x02", "-")


def _join(text: str, part: str, words: set[str], blanks: bool) -> str:
    last, first = re.split(r"\s", text)[-1], re.split(r"\s", part, maxsplit=1)[0]
    if text.endswith(_HYPHENS):
        return _without_hyphen(text, last, first, words) + part
    if _ADDRESS.search(last) and last.endswith(("/", "\\", "[.]", "://", "=", "_")):
        return text + part
    if first.startswith(("[.]", "/", "\\")) and _ADDRESS.search(last + first):
        return text + part
    wide = bool(_WIDE.match(text[-1])), bool(_WIDE.match(part[0]))
    return text + ("" if all(wide) or (any(wide) and not blanks) else " ") + part


def _without_hyphen(text: str, last: str, first: str, words: set[str]) -> str:
    """The text without the hyphen at its end, if that only parts a word."""
    stem = re.search(r"[^\W\d_]+$", text[:-1])
    rest = re.match(r"[^\W\d_]+", first)
    if not stem or not rest or not rest[0][0].islower() or _ADDRESS.search(last + first) or re.search(r"[\d_@[\]]", last + first):
        return text[:-1] + "-"
    if f"{stem[0]}-{rest[0]}".casefold() in words and (stem[0] + rest[0]).casefold() not in words:
        return text[:-1] + "-"
    return text[:-1]


def _is_hash(text: str, parts: Sequence[str]) -> bool:
    """Whether the hexadecimal digits at the end of `text` and those that the next lines begin with make one hash."""
    start = _HEX.search(text)
    if not start:
        return False
    length = len(start[0])
    for number, part in enumerate(parts):
        more = re.match(r"[0-9a-fA-F]+(?![0-9A-Za-z])", part)
        if not more or (number == 0 and {length, len(more[0])} <= _LENGTHS_OF_HASHES):
            return False  # two hashes, one below the other
        length += len(more[0])
        if length in _LENGTHS_OF_HASHES:
            return True
        if more.end() < len(part):
            return False
    return False


def _has_blanks_at_latin(parts: Sequence[str]) -> bool:
    """Whether the text sets blanks between Chinese and Latin words."""
    text = "\n".join(parts)
    with_blank = len(re.findall(r"[\u4e00-\u9fff] [A-Za-z0-9]|[A-Za-z0-9] [\u4e00-\u9fff]", text))
    without = len(re.findall(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", text))
    return with_blank > without
