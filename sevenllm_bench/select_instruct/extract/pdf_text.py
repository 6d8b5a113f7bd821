"""Text of PDF files by pdfium."""

from __future__ import annotations

from sevenllm_bench.select_instruct.extract.found_text import FoundText
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError


def pdf_report(data: bytes, max_pages: int) -> FoundText:
    """The report in a PDF.

    Raises:
        UnusableFileError: It is encrypted, broken, too long, or has no text.
    """
    raise UnusableFileError("is a PDF, which is not read yet")
