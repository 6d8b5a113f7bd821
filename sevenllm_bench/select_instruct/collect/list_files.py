"""Files that name pages: URL lists, sitemaps (and their indexes), feeds. All of them are read as hostile."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat

from sevenllm_bench.select_instruct.collect.refusals import RefusedError

#: Most entries of one list, as the sitemap standard has it.
MOST_ENTRIES = 50_000
#: Most bytes of a feed, which is read as a whole.
_MOST_FEED_BYTES = 5_000_000
_MOST_CHARACTERS = 4096
_PIECE = 1 << 16


@dataclass(frozen=True)
class ListedPage:
    """A page that a list names.

    Attributes:
        url: As the list has it; may be relative.
        title: Of a feed's entry.
        published: Of a feed's entry, ISO 8601.
    """

    url: str
    title: str = ""
    published: str | None = None


@dataclass
class Listed:
    """What a list names.

    Attributes:
        pages: In its order.
        lists: Further sitemaps.
        problem: Why what follows could not be read; "" where nothing is amiss.
    """

    pages: list[ListedPage] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    problem: str = ""

    def is_full(self) -> bool:
        """Whether it has as many entries as are read; then the problem says so."""
        if len(self.pages) + len(self.lists) < MOST_ENTRIES:
            return False
        self.problem = f"has more than {MOST_ENTRIES:,} entries; the others are left out"
        return True


def decompressed(data: bytes, most: int) -> bytes:
    """The content of a .gz file; other data as they are.

    Raises:
        RefusedError: It is too large, or damaged.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    decoder = zlib.decompressobj(31)
    try:
        content = decoder.decompress(data, most + 1)
    except zlib.error:
        raise RefusedError("its compressed content is damaged") from None
    if len(content) > most:
        raise RefusedError(f"more than {most:,} bytes after decompression")
    return content


def urls_in(data: bytes) -> Listed:
    """The URLs of a file with one a line; empty lines, and those that begin with #, are left out."""
    found = Listed()
    for line in io.BytesIO(data.removeprefix(b"\xef\xbb\xbf")):
        text = line.decode("utf-8", "replace").strip()
        if text and not text.startswith("#"):
            if found.is_full():
                break
            found.pages.append(ListedPage(text[:_MOST_CHARACTERS]))
    return found


def sitemap_in(data: bytes) -> Listed:
    """The entries of a sitemap or of an index of sitemaps; of what is broken, the part before.

    A document type is refused, and with it entities of all kinds.
    """
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<" not in data[:200]:
        return urls_in(data)
    reader = _SitemapReader()
    reader.read(data)
    return reader.found


class _Stopped(Exception):  # noqa: N818
    """Nothing more is read."""


class _SitemapReader:
    def __init__(self) -> None:
        self.found = Listed()
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            for start in range(0, len(data), _PIECE):
                parser.Parse(data[start : start + _PIECE], False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            self.found.problem = f"is not well-formed XML ({error}); what comes before is used"
        except (LookupError, ValueError) as error:
            self.found.problem = f"can't be read as XML ({error})"
        except _Stopped:
            pass

    def _doctype(self, *_: Any) -> None:
        self.found.problem = "has a document type, which may define entities; it is not read"
        raise _Stopped

    def _begin(self, name: str, _: Any) -> None:
        if len(self._path) >= 20:
            self.found.problem = "is nested too deep; what comes before is used"
            raise _Stopped
        self._path.append(name.rpartition(" ")[2])
        self._text, self._length = [], 0

    def _characters(self, text: str) -> None:
        if self._path[-1:] == ["loc"] and self._length < _MOST_CHARACTERS:
            self._text.append(text)
            self._length += len(text)

    def _end(self, _: str) -> None:
        place, self._path = self._path[-2:], self._path[:-1]
        url = "".join(self._text).strip()
        if place not in (["url", "loc"], ["sitemap", "loc"]) or not url:
            return
        if self.found.is_full():
            raise _Stopped
        if place[0] == "url":
            self.found.pages.append(ListedPage(url))
        else:
            self.found.lists.append(url)


def feed_in(data: bytes) -> Listed:
    """The entries of an RSS or Atom feed.

    Raises:
        RefusedError: It is too large.
    """
    import feedparser

    if len(data) > _MOST_FEED_BYTES:
        raise RefusedError(f"has more than {_MOST_FEED_BYTES:,} bytes")
    found = Listed()
    # Bytes would be taken for a URL or for the name of a file, if they look like one.
    feed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    for entry in feed.entries:
        if found.is_full():
            break
        link = str(entry.get("link") or "").strip()
        if link:
            title = " ".join(str(entry.get("title") or "").split())[:500]
            found.pages.append(ListedPage(link[:_MOST_CHARACTERS], title, _time(entry)))
    if feed.bozo and not found.pages:
        found.problem = f"is no feed that can be read ({type(feed.bozo_exception).__name__})"
    return found


def _time(entry: Any) -> str | None:
    # `entry.get` would warn: it takes one for the other.
    parsed: Any = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    try:
        if not parsed:
            return None
        year, month, day, hour, minute, second = parsed[:6]
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, TypeError, OverflowError):
        return None
