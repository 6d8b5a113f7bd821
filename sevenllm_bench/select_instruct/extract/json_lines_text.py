"""JSON lines: a text in each record, its title, date and address beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sevenllm_bench.select_instruct.extract.charset import decoded
from sevenllm_bench.select_instruct.extract.clean_characters import clean_characters
from sevenllm_bench.select_instruct.extract.found_text import FoundText, found_text
from sevenllm_bench.select_instruct.extract.plain_text import date_near_title, paragraphs_of_lines
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

_URL = re.compile(r"https?://\S{1,2040}")
_TITLES, _DATES, _ADDRESSES = (
    ("title", "headline", "name"),
    ("date", "published", "publish_date", "timestamp"),
    ("url", "link", "source_url"),
)


def json_lines_reports(
    data: bytes, text_field: str = "text", charset: str | None = None
) -> Iterator[FoundText | UnusableFileError]:
    """The report of each line, or why it has none; blank lines are passed over."""
    for number, line in enumerate(
        decoded(data, charset).splitlines() if b"\n" not in data else decoded(data, charset).split("\n"), 1
    ):
        if line.strip():
            try:
                yield _report(_record(line), text_field)
            except UnusableFileError as error:
                yield UnusableFileError(f"line {number} {error}", error.check)


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise UnusableFileError("is not JSON") from None
    if not isinstance(record, dict):
        raise UnusableFileError("is no JSON object")
    return record


def _report(record: dict[str, Any], text_field: str) -> FoundText:
    text = record.get(text_field)
    if not isinstance(text, str):
        raise UnusableFileError(f"has no text under {text_field!r}")
    return found_text(
        paragraphs_of_lines(clean_characters(text)),
        _first(record, _TITLES),
        date_near_title(_first(record, _DATES)),
        location=_address(_first(record, _ADDRESSES)),
    )


def _address(value: str) -> str | None:
    """A URL as records have it, if it is one that can be kept and shown."""
    return value if _URL.fullmatch(value) and value.isprintable() else None


def _first(record: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if isinstance(value := record.get(key), str)), "")
