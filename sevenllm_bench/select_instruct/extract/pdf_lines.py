"""Lines of text on a page of a PDF, where they are, and in which order they are read."""

from __future__ import annotations

import ctypes
import itertools
import math
import statistics
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

#: Characters lower than this (in points) can't be read; fill colours from this on are white.
_TINY, _WHITE = 2.0, 250
#: Most characters of a page; more are no page of a report.
MAX_CHARACTERS = 60_000
#: A gap of so many heights parts a line in two (columns, cells of a table).
_GAP = 1.4
#: Cells of a table begin at the same place, in points.
_ALIGNED = 1.5
#: Two columns have so many lines each, of so many heights on average, and so few lines reach over both.
_COLUMN_LINES, _COLUMN_WIDTH, _CROSSING = 4, 8.0, 0.35
#: PDF's modes of drawing text that draw nothing.
_INVISIBLE = (3, 7)


@dataclass(frozen=True)
class PdfLine:
    r"""A line, or a part of one.

    Attributes:
        text: Its characters; a hyphen at the end as pdfium marks it, "\x02", or as it is.
        left: In points from the left edge of the page, as `right`.
        right: Where it ends.
        bottom: Its baseline, in points from the bottom edge of the page.
        height: Size of its characters in points.
        hidden: Whether it is invisible, white, tiny or off the page.
        region: Number of the column it lies in, counted in reading order on its page.
    """

    text: str
    left: float
    right: float
    bottom: float
    height: float
    hidden: bool = False
    region: int = 0


@dataclass(frozen=True)
class _Character:
    text: str
    left: float
    right: float
    bottom: float
    height: float
    hidden: bool


def lines_of(page: Any) -> list[PdfLine]:
    """Lines of a page of pypdfium2 in the order of the file."""
    lines: list[PdfLine] = []
    run: list[_Character] = []
    blank = False
    for character in _characters(page):
        if character is None or character.text.isspace():
            blank = True
        else:
            if run and not _goes_on(run[-1], character):
                lines.append(_line(run))
                run = []
            if run and blank:
                run.append(_Character(" ", run[-1].right, run[-1].right, run[-1].bottom, run[-1].height, run[-1].hidden))
            run.append(character)
            blank = False
    return [*lines, _line(run)] if run else lines


def _characters(page: Any) -> Iterator[_Character | None]:
    """Characters of a page with their places; None for a blank or an end of a line that pdfium adds."""
    import pypdfium2.raw as pdfium

    text = page.get_textpage()
    width, height = page.get_size()
    left, right, bottom, top, origin, baseline = (ctypes.c_double() for _ in range(6))
    box, matrix = pdfium.FS_RECTF(), pdfium.FS_MATRIX()
    drawn: dict[int, bool] = {}
    for place in range(min(pdfium.FPDFText_CountChars(text), MAX_CHARACTERS)):
        code = pdfium.FPDFText_GetUnicode(text, place)
        if code in (0, 9, 10, 13, 32, 160) or code > 0x10FFFF or 0xD800 <= code < 0xE000:
            yield None
            continue
        pdfium.FPDFText_GetCharBox(text, place, left, right, bottom, top)
        pdfium.FPDFText_GetLooseCharBox(text, place, box)
        off_page = right.value < 0 or left.value > width or top.value < 0 or bottom.value > height
        pdfium.FPDFText_GetCharOrigin(text, place, origin, baseline)
        pdfium.FPDFText_GetMatrix(text, place, matrix)
        size = pdfium.FPDFText_GetFontSize(text, place) * math.hypot(matrix.c, matrix.d)
        hidden = off_page or 0 < size < _TINY or _is_not_drawn(text, place, drawn)
        start, end = (box.left, box.right) if box.right > box.left else (left.value, right.value)
        yield _Character(_usual(chr(code)), start, end, baseline.value, size, hidden)


def _usual(character: str) -> str:
    """Radicals, which many PDFs hold in the place of the same Chinese characters, as those; others as they are."""
    return unicodedata.normalize("NFKC", character) if "\u2e80" <= character <= "\u2fdf" else character


def _is_not_drawn(text: Any, place: int, drawn: dict[int, bool]) -> bool:
    """Whether a character is of an object that is invisible or white."""
    import pypdfium2.raw as pdfium

    thing = pdfium.FPDFText_GetTextObject(text, place)
    address = ctypes.addressof(thing.contents) if thing else 0
    if address not in drawn:
        colour = [ctypes.c_uint() for _ in range(4)]
        white = bool(pdfium.FPDFText_GetFillColor(text, place, *colour)) and (
            min(part.value for part in colour[:3]) >= _WHITE or colour[3].value == 0
        )
        drawn[address] = white or bool(thing and pdfium.FPDFTextObj_GetTextRenderMode(thing) in _INVISIBLE)
    return drawn[address]


def _goes_on(before: _Character, after: _Character) -> bool:
    """Whether a character stands on the line of the one before it, without a gap like that between columns."""
    height = max(before.height, after.height, 1.0)
    return (
        before.hidden == after.hidden
        and abs(before.bottom - after.bottom) < 0.6 * height
        and -2 * height < after.left - before.right < _GAP * height
        and not (after.left < before.left - height)
    )


def _line(run: Sequence[_Character]) -> PdfLine:
    return PdfLine(
        "".join(character.text for character in run),
        min(character.left for character in run),
        max(character.right for character in run),
        statistics.median(character.bottom for character in run),
        statistics.median(character.height for character in run),
        run[0].hidden,
    )


def in_reading_order(lines: Sequence[PdfLine], gutters: Sequence[float] = ()) -> list[PdfLine]:
    """Lines as they are read, column after column, with the number of their region.

    Args:
        lines: Of one page.
        gutters: Of other pages, for a last page with few lines.
    """
    ordered: list[PdfLine] = []
    own = gutter_of(lines)
    known = next((place for place in gutters if _parts_cleanly(lines, place)), None) if own is None else own
    for region, part in enumerate(_regions(list(lines), 4, known)):
        ordered += [PdfLine(**{**vars(line), "region": region}) for line in _rows(part)]
    return ordered


def _parts_cleanly(lines: Sequence[PdfLine], gutter: float) -> bool:
    """Whether hardly a line crosses a gutter of another page, and lines lie on both sides of it."""
    crossing = sum(line.left < gutter < line.right for line in lines)
    sides = any(line.right <= gutter for line in lines), any(line.left >= gutter for line in lines)
    return all(sides) and crossing <= _CROSSING * len(lines)


def _regions(lines: list[PdfLine], depth: int, known: float | None = None) -> list[list[PdfLine]]:
    """Parts of a page that are read one after the other; lines over both columns part them in bands."""
    gutter = known or (gutter_of(lines) if depth else None)
    if gutter is None:
        return [lines] if lines else []
    regions: list[list[PdfLine]] = []
    rest = sorted(lines, key=lambda line: -line.bottom)
    band: list[PdfLine] = []
    across: list[PdfLine] = []
    for line in rest:
        if line.left < gutter < line.right:
            regions += _columns(band, gutter, depth)
            band = []
            across.append(line)
        else:
            if across:
                regions.append(across)
                across = []
            band.append(line)
    return [*regions, *([across] if across else []), *_columns(band, gutter, depth)]


def _columns(band: list[PdfLine], gutter: float, depth: int) -> list[list[PdfLine]]:
    left = [line for line in band if line.right <= gutter]
    right = [line for line in band if line.left >= gutter]
    return [*_regions(left, depth - 1), *_regions(right, depth - 1)]


def gutter_of(lines: Sequence[PdfLine]) -> float | None:
    """The middle of the space between two columns of prose; None for one column or a table."""
    if len(lines) < 2 * _COLUMN_LINES:
        return None
    start, end = min(line.left for line in lines), max(line.right for line in lines)
    places = [start + (end - start) * share / 100 for share in range(20, 81)]
    crossing = {place: sum(line.left < place < line.right for line in lines) for place in places}
    least = min(crossing.values())
    if least > _CROSSING * len(lines):
        return None
    best = [place for place in places if crossing[place] == least]
    gutter = best[len(best) // 2]
    sides = [line for line in lines if line.right <= gutter], [line for line in lines if line.left >= gutter]
    return gutter if all(map(_is_column, sides)) and _overlap(*sides) else None


def _is_column(lines: Sequence[PdfLine]) -> bool:
    if len(lines) < _COLUMN_LINES:
        return False
    return statistics.mean(line.right - line.left for line in lines) >= _COLUMN_WIDTH * statistics.median(
        line.height for line in lines
    )


def _overlap(left: Sequence[PdfLine], right: Sequence[PdfLine]) -> bool:
    """Whether the two lie beside one another, not one below the other."""
    low = max(min(line.bottom for line in side) for side in (left, right))
    high = min(max(line.bottom for line in side) for side in (left, right))
    return high > low


def _rows(lines: Sequence[PdfLine]) -> Iterator[PdfLine]:
    """Lines from top to bottom; parts of one row (cells of a table) in one line."""
    rows: list[list[PdfLine]] = []
    for line in sorted(lines, key=lambda line: (-line.bottom, line.left)):
        if rows and abs(rows[-1][0].bottom - line.bottom) <= 0.5 * max(rows[-1][0].height, line.height):
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        row.sort(key=lambda line: line.left)
    for before, row, after in zip([[], *rows], rows, [*rows[1:], []], strict=False):
        yield _joined_row(row, " | " if _is_below(before, row) or _is_below(row, after) else " ")


def _is_below(above: Sequence[PdfLine], row: Sequence[PdfLine]) -> bool:
    """Whether cells stand below one another, as in a table; blanks of justified text don't."""
    return any(abs(one.left - other.left) < _ALIGNED for one in above[1:] for other in row[1:])


def _joined_row(row: Sequence[PdfLine], between: str) -> PdfLine:
    text = row[0].text
    for before, after in itertools.pairwise(row):
        gap = after.left - before.right
        text += (between if gap > _GAP * after.height else " " if gap > 0.15 * after.height else "") + after.text
    return PdfLine(text, row[0].left, max(line.right for line in row), row[0].bottom, max(line.height for line in row))
