"""Bytes of any kind to reports: which reader reads what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sevenllm_bench.select_instruct.extract.found_text import FoundText
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

#: First bytes of kinds of files that hold no report, whatever their name says.
_OTHERS = {
    b"PK\x03\x04": "a zip archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"\x1f\x8b": "a gzip file",
    b"7z\xbc\xaf": "an archive",
    b"Rar!": "an archive",
    b"\xd0\xcf\x11\xe0": "an old office document",
}


@dataclass(frozen=True)
class ReadingTask:
    """What the reader is told beside the bytes.

    Attributes:
        media_type: Of the bytes, as far as is known.
        charset: That a header names.
        url: Where it comes from, if from the web.
        text_field: Of JSON lines: the key of the text.
        max_pages: Most pages of a PDF.
    """

    media_type: str
    charset: str | None = None
    url: str | None = None
    text_field: str = "text"
    max_pages: int = 300


def reports_in(data: bytes, task: ReadingTask) -> Iterable[FoundText | UnusableFileError]:
    """The reports in `data`, one but for JSON lines; in the place of one, why it can't be used."""
    try:
        yield from _reports(data, task)
    except UnusableFileError as error:
        yield error


def _reports(data: bytes, task: ReadingTask) -> Iterator[FoundText | UnusableFileError]:
    # A reader is imported where it is used: each has libraries of its own.
    kind = _kind(data, task.media_type)
    if kind == "pdf":
        from sevenllm_bench.select_instruct.extract.pdf_text import pdf_report

        yield pdf_report(data, task.max_pages)
    elif kind == "html":
        from sevenllm_bench.select_instruct.extract.html_text import html_report

        yield html_report(data, task.charset, task.url)
    elif kind == "jsonl":
        from sevenllm_bench.select_instruct.extract.json_lines_text import json_lines_reports

        yield from json_lines_reports(data, task.text_field, task.charset)
    elif kind == "markdown":
        from sevenllm_bench.select_instruct.extract.markdown_text import markdown_report

        yield markdown_report(data, task.charset)
    else:
        from sevenllm_bench.select_instruct.extract.plain_text import plain_report

        yield plain_report(data, task.charset)


def _kind(data: bytes, media_type: str) -> str:
    if not data.strip():
        raise UnusableFileError("is empty")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    for start, name in _OTHERS.items():
        if data.startswith(start):
            raise UnusableFileError(f"is {name}")
    named = media_type.partition(";")[0].strip().lower()
    if named == "application/pdf":
        raise UnusableFileError("is no PDF: it doesn't begin like one")
    kinds = {
        "text/html": "html",
        "application/xhtml+xml": "html",
        "text/markdown": "markdown",
        "text/x-markdown": "markdown",
        "text/plain": "text",
        "application/jsonl": "jsonl",
        "application/x-ndjson": "jsonl",
    }
    if named not in kinds:
        raise UnusableFileError(f"is of the type {named or 'unknown'}, which is not read")
    return kinds[named]
