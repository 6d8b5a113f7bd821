"""What a file or response is: by the server's header, its name, and its first bytes."""

from __future__ import annotations

import re
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

HTML, PDF, MARKDOWN, PLAIN, JSON_LINES = "text/html", "application/pdf", "text/markdown", "text/plain", "application/jsonl"
WARC = "application/warc"
_BY_HEADER = {
    "text/html": HTML,
    "application/xhtml+xml": HTML,
    "application/pdf": PDF,
    "application/x-pdf": PDF,
    "text/markdown": MARKDOWN,
    "text/x-markdown": MARKDOWN,
    "application/jsonl": JSON_LINES,
    "application/jsonlines": JSON_LINES,
    "application/x-ndjson": JSON_LINES,
    "application/x-jsonlines": JSON_LINES,
}
_BY_NAME = {
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".pdf": PDF,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".warc": WARC,
    ".warc.gz": WARC,
}
# Atomic groups: with others, a page of comments would take exponential time.
_HTML_START = re.compile(
    rb"(?>(?><\?xml[^>]*>)|(?><!--.*?-->)|\s)*+<(?:!doctype html|html|head|body|title|article)\b", re.DOTALL | re.IGNORECASE
)
_LIST_START = re.compile(rb"<(?:\w+:)?(urlset|sitemapindex|rss|feed|RDF)[\s>]")


def by_header(content_type: str) -> tuple[str, str | None]:
    """Media type and charset of a `Content-Type` header; "" and None for what it lacks."""
    message = Message()
    message["content-type"] = content_type.encode("ascii", "replace").decode().replace("\n", " ").replace("\r", " ")
    charset = message.get_param("charset")
    named = content_type.partition(";")[0].strip().lower()
    return named, charset[:40] if isinstance(charset, str) and charset else None


def by_name(name: str) -> str:
    """Media type of a file's name, "" for none that is known."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    return _BY_NAME.get("".join(suffixes[-2:]), _BY_NAME.get(suffixes[-1], "")) if suffixes else ""


def by_start(start: bytes) -> str:
    """Media type by the first bytes, "" for none that is known."""
    if b"%PDF-" in start[:1024]:
        return PDF
    if start.startswith(b"WARC/"):
        return WARC
    if _HTML_START.match(start.removeprefix(b"\xef\xbb\xbf")):
        return HTML
    return ""


def looks_binary(start: bytes) -> bool:
    """Whether it is no text: zero bytes where it isn't UTF-16, or a known archive."""
    if start.startswith((b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"Rar!", b"7z\xbc\xaf")):
        return True
    return b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff"))


def media_type_of_response(content_type: str, url: str, start: bytes) -> str:
    """Media type of a response: what its bytes show beyond doubt, else its header, else its name."""
    named, _ = by_header(content_type)
    if by_start(start) == PDF:
        return PDF
    known = _BY_HEADER.get(named, "")
    name = by_name(unquote(urlsplit(url).path))
    if named in ("text/plain", "application/octet-stream", "binary/octet-stream", "application/json", ""):
        known = name if name != WARC else ""
        known = known or by_start(start) or (PLAIN if named in ("text/plain", "") else "")
    return known or named or PLAIN


def list_kind(start: bytes) -> str | None:
    """What XML that begins so lists: "sitemap", "feed", or None for no list."""
    text = re.sub(rb"<\?.*?\?>|<!--.*?-->", b"", start.removeprefix(b"\xef\xbb\xbf"), flags=re.DOTALL).lstrip()
    found = _LIST_START.match(text)
    if found is None:
        return None
    return "sitemap" if found[1] in (b"urlset", b"sitemapindex") else "feed"


def is_url_list(data: bytes) -> bool:
    """Whether all lines with something in them, comments aside, are URLs."""
    lines = [line.strip() for line in data.splitlines()]
    urls = [line for line in lines if line and not line.startswith(b"#")]
    return bool(urls) and all(re.match(rb"https?://\S+$", line) for line in urls)
