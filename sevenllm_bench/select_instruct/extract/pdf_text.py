"""Text of PDF files by pdfium: columns in order, running headers and page numbers out, invisible text apart."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sevenllm_bench.select_instruct.extract.clean_characters import one_line
from sevenllm_bench.select_instruct.extract.found_text import FoundText, found_text
from sevenllm_bench.select_instruct.extract.pdf_lines import PdfLine, gutter_of, in_reading_order, lines_of
from sevenllm_bench.select_instruct.extract.pdf_paragraphs import PdfParagraph, paragraphs_of_pages
from sevenllm_bench.select_instruct.extract.plain_text import date_near_title, is_title
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

#: Running headers and footers stand in this share of the page at its top and bottom.
_MARGIN, _VERY_EDGE = 0.12, 0.08
_PAGE_NUMBER = re.compile(
    r"""(?:page|p\.|seite|第)?\s*[-–—|]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*[-–—|]?\s*(?:(?:of|/|von|页|頁|共)\s*)*\d{0,4}\s*[页頁]?""",
    re.IGNORECASE | re.VERBOSE,
)
#: More of the text than this hidden: a scan under its recognised text, or light text on dark pages.
_MAX_HIDDEN = 0.5
#: A first paragraph of so many times the usual height is the title.
_TITLE_HEIGHT = 1.2


def pdf_report(data: bytes, max_pages: int) -> FoundText:
    """The report in a PDF.

    Raises:
        UnusableFileError: It is encrypted, broken, too long, or has no text.
    """
    document = _opened(data)
    try:
        if len(document) > max_pages:
            raise UnusableFileError(f"has {len(document):,} pages; max_pdf_pages is {max_pages}")
        pages = [_page_lines(document, number) for number in range(len(document))]
        named = str(document.get_metadata_dict().get("Title") or "")
    finally:
        document.close()
    if not any(line for lines, _ in pages for line in lines):
        raise UnusableFileError("has no text: it may be a scan")
    visible, hidden = _seen([lines for lines, _ in pages])
    body = _without_running_lines(visible, [height for _, height in pages])
    gutters = [place for place in map(gutter_of, body) if place is not None]
    paragraphs = paragraphs_of_pages([in_reading_order(page, gutters[:3]) for page in body])
    texts = [paragraph.text for paragraph in paragraphs]
    published = date_near_title("\n".join(texts[:3])[:500])
    return found_text(texts, _title(paragraphs, named), published, (" ".join(page) for page in hidden if page))


def _opened(data: bytes) -> Any:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        len(document)
    except pypdfium2.PdfiumError as error:
        reason = "is encrypted" if "password" in str(error).lower() else f"is a broken PDF: {one_line(str(error))[:100]}"
        raise UnusableFileError(reason) from None
    return document


def _page_lines(document: Any, number: int) -> tuple[list[PdfLine], float]:
    """Lines and height of a page; a page that can't be loaded is empty."""
    import pypdfium2

    try:
        page = document[number]
        lines, height = lines_of(page), float(page.get_height())
    except pypdfium2.PdfiumError:
        return [], 0.0
    page.close()
    return lines, height


def _seen(pages: Sequence[Sequence[PdfLine]]) -> tuple[list[list[PdfLine]], list[list[str]]]:
    """Lines that a reader sees, and the text of the others, by page."""
    lines = [line for page in pages for line in page]
    hidden = sum(len(line.text) for line in lines if line.hidden)
    if hidden > _MAX_HIDDEN * sum(len(line.text) for line in lines):
        return [[replace(line, hidden=False) for line in page] for page in pages], []
    return [[line for line in page if not line.hidden] for page in pages], [
        [line.text for line in page if line.hidden] for page in pages
    ]


def _without_running_lines(pages: Sequence[Sequence[PdfLine]], heights: Sequence[float]) -> list[list[PdfLine]]:
    """Pages without page numbers, and without lines that stand at the edge of half of the pages."""
    counts = Counter(
        key
        for page, height in zip(pages, heights, strict=True)
        for key in {_running_key(line) for line in page if _is_at_edge(line, height)}
    )
    usual = statistics.median([line.height for page in pages for line in page] or [0.0])
    often = {key for key, count in counts.items() if count >= max(2, len(pages) / 2)}
    return [
        [
            line
            for line in page
            if not _is_at_edge(line, height)
            or not (_running_key(line) in often or _is_page_number(line) or _stands_apart(line, page, height, usual))
        ]
        for page, height in zip(pages, heights, strict=True)
    ]


def _is_at_edge(line: PdfLine, height: float) -> bool:
    return line.bottom < _MARGIN * height or line.bottom > (1 - _MARGIN) * height


def _stands_apart(line: PdfLine, page: Sequence[PdfLine], height: float, usual: float) -> bool:
    """Whether a line of small type stands alone at the very edge, as a header of a single page does."""
    if line.height >= usual or _VERY_EDGE * height < line.bottom < (1 - _VERY_EDGE) * height:
        return False
    return all(abs(line.bottom - other.bottom) > 2 * usual or abs(line.bottom - other.bottom) < 1 for other in page)


def _running_key(line: PdfLine) -> str:
    """The line with any number for each number in it."""
    return re.sub(r"\d+", "0", one_line(line.text)).casefold()


def _is_page_number(line: PdfLine) -> bool:
    return bool(_PAGE_NUMBER.fullmatch(line.text.strip()))


def _title(paragraphs: Sequence[PdfParagraph], named: str) -> str:
    """The first paragraph if it is set larger, else what the file names, else a first line like a title."""
    first = paragraphs[0]
    usual = statistics.median(paragraph.height for paragraph in paragraphs for _ in range(1 + len(paragraph.text) // 50))
    if first.height >= _TITLE_HEIGHT * usual and len(paragraphs) > 1:
        return first.text
    return named or (first.text if is_title(first.text) and len(paragraphs) > 1 else "")
