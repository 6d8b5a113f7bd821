"""Main text of a web page by trafilatura, of what a reader sees."""

from __future__ import annotations

import contextlib
import copy
import re
from typing import TYPE_CHECKING, Any

from sevenllm_bench.select_instruct.extract.charset import decoded
from sevenllm_bench.select_instruct.extract.clean_characters import one_line
from sevenllm_bench.select_instruct.extract.found_text import FoundText, found_text
from sevenllm_bench.select_instruct.extract.hidden_text import take_hidden_text
from sevenllm_bench.select_instruct.extract.page_parts import make_ready
from sevenllm_bench.select_instruct.extract.plain_text import date_near_title
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError

if TYPE_CHECKING:
    from lxml.html import HtmlElement

#: Bounds of a page: the time of extraction grows with them.
_CHARACTERS, _ELEMENTS, _DEPTH = 5_000_000, 60_000, 250
_UNDER_HEADING = 300
_NUMBERED = re.compile(r"\d{1,6}\. ")
#: What parts the name of a page from that of its site, and how long a name is.
_BEFORE_SITE, _NAME = re.compile(r"\s+[|–—·-]\s+|\s*\|\s*|(?<=[\u4e00-\u9fff])_(?=[\u4e00-\u9fff])"), 8
_COPYRIGHT, _SHORT = re.compile(r"©|\(c\) |copyright\b|版权所有|版權所有", re.IGNORECASE), 200
_BLOCKS = {"p", "head", "item", "row", "quote", "list", "table", "code"}


def html_report(data: bytes, charset: str | None = None, url: str | None = None) -> FoundText:
    """The report on a page.

    Args:
        data: The page.
        charset: Charset that its header names.
        url: Where it was, for its date.

    Raises:
        UnusableFileError: It is no page, too large or too deep, or has no main text.
    """
    page = decoded(data, charset, has_meta=True)
    tree = _tree(page)
    published = _marked_date(tree, url)  # it may stand in a script
    hidden = take_hidden_text(tree)
    title = _title(tree)
    published = published or _date_under_heading(tree)
    paragraphs = _main_text(tree)
    if not paragraphs:  # each part of the report may have the name of another part
        tree = _tree(page)
        take_hidden_text(tree)
        paragraphs = _main_text(tree, keep_parts=True)
    if not paragraphs:
        raise UnusableFileError("has no main text")
    return found_text(
        _without_edges(paragraphs, published),
        title,
        published,
        hidden,
    )


def _main_text(tree: HtmlElement, keep_parts: bool = False) -> list[str]:
    """Paragraphs that trafilatura finds; none where it finds no text."""
    import trafilatura

    make_ready(tree, keep_parts)
    found = trafilatura.bare_extraction(tree, include_comments=False, favor_recall=True)
    return paragraphs_of(found.body) if found is not None and found.body is not None else []


def _without_edges(paragraphs: list[str], published: str | None) -> list[str]:
    """Paragraphs without the date over the first ones and the note of copyright under the last."""
    kept = [paragraph for paragraph in paragraphs if paragraph.strip()]
    if kept and len(kept[-1]) < _SHORT and _COPYRIGHT.match(kept[-1]):
        kept.pop()
    return [
        paragraph
        for place, paragraph in enumerate(kept)
        if not (published and place < 3 and len(paragraph) <= len(published) + 2 and date_near_title(paragraph) == published)
    ]


def _tree(page: str) -> HtmlElement:
    from lxml import etree, html

    if "\0" in page[:4096] or len(page) > _CHARACTERS:
        raise UnusableFileError("is no web page" if "\0" in page[:4096] else f"has more than {_CHARACTERS:,} characters")
    # A declaration of an encoding is wrong now that the page is text; entities of its own are left alone.
    page = (
        re.sub(r"^\s*<\?xml[^>]{0,300}>|<!DOCTYPE[^>\[]{0,500}(?:\[.{0,20000}?\]\s*)?>", "", page[:30_000], flags=re.S | re.I)
        + page[30_000:]
    )
    parser = html.HTMLParser(encoding="utf-8", remove_pis=True)
    try:
        tree = html.document_fromstring(page.replace("\0", "").encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise UnusableFileError(f"is no web page: {one_line(str(error))[:100]}") from None
    _check_size(tree)
    return tree


def _check_size(tree: HtmlElement) -> None:
    depth = elements = 0
    from lxml import etree

    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if elements > _ELEMENTS or depth > _DEPTH:
            raise UnusableFileError(f"has more than {_ELEMENTS:,} elements, or more than {_DEPTH} in one another")


def _title(tree: HtmlElement) -> str:
    """The top heading that the name of the page holds, or the only one; else the name itself, without the site's."""
    headings = [one_line(heading.text_content()) for heading in list(tree.iter("h1"))[:20]]
    names = [meta.get("content", "") for meta in list(tree.iter("meta"))[:500] if meta.get("property") == "og:title"]
    named = one_line(next(iter(names), "") or str(tree.findtext(".//title") or ""))
    held = [heading for heading in headings if heading and heading in named]
    if held:
        return max(held, key=len)
    if len(headings) == 1 and headings[0]:
        return headings[0]
    first = _BEFORE_SITE.split(named, maxsplit=1)[0]
    return first if len(first) >= _NAME else named


def _marked_date(tree: HtmlElement, url: str | None) -> str | None:
    """The date that the page marks as that of its publication: in its head, in scripts of data, or in its address."""
    from htmldate import find_date

    with contextlib.suppress(Exception):  # of a library that was given hostile input
        return find_date(copy.deepcopy(tree), extensive_search=False, original_date=True, url=url)
    return None


def _date_under_heading(tree: HtmlElement) -> str | None:
    """A date in the first 300 characters under the top heading."""
    heading = next(tree.iter("h1"), None)
    if heading is None:
        return None
    parts, have = [], 0
    for element in heading.itersiblings():
        parts.append(one_line(element.text_content()) + " ")
        have += len(parts[-1])
        if have > _UNDER_HEADING:
            break
    return date_near_title("".join(parts)[:_UNDER_HEADING])


def paragraphs_of(body: Any) -> list[str]:
    """The text of trafilatura's tree, a part for each paragraph, heading, list, table, or block of code."""
    found: list[str] = []
    _add(body, found)
    return found


def _add(element: Any, found: list[str]) -> None:
    """Add the parts of an element that holds blocks; text between them is a part of its own."""
    loose = [element.text or ""]
    for child in element:
        if child.tag in _BLOCKS and not _is_in_line(child):
            found.append(one_line("".join(loose)))
            loose = [child.tail or ""]
            found += _block(child)
        else:
            loose += [_inline(child), child.tail or ""]
    found.append(one_line("".join(loose)))


def _is_in_line(element: Any) -> bool:
    """Code in a line of text is no block of its own."""
    return element.tag == "code" and "\n" not in "".join(element.itertext())


def _block(element: Any) -> list[str]:
    if element.tag == "code":
        return ["".join(element.itertext()).strip("\n")]
    if element.tag == "table":
        return ["\n".join(filter(None, (_row(row) for row in element.iter("row"))))]
    if element.tag == "list":
        return ["\n".join(_items(element, 0))]
    if element.tag in ("quote", "p") and any(child.tag in _BLOCKS and not _is_in_line(child) for child in element):
        inner: list[str] = []
        _add(element, inner)
        return inner
    return ["\n".join(one_line(line) for line in _inline(element).split("\v"))]


def _row(row: Any) -> str:
    cells = [one_line(_inline(cell).replace("\v", " ")) for cell in row.iter("cell")]
    return " | ".join(cells) if any(cells) else ""


def _items(element: Any, depth: int) -> list[str]:
    """Lines of a list, those of a list in it indented."""
    lines: list[str] = []
    for item in element:
        own = [item.text or ""]
        inner: list[str] = []
        for child in item:
            if child.tag == "list":
                inner += _items(child, depth + 1)
            else:
                own.append(_inline(child))
            own.append(child.tail or "")
        text = one_line("".join(own))
        lines += [f"{'  ' * depth}{'' if _NUMBERED.match(text) else '- '}{text}"] if text else []
        lines += inner
    return lines


def _inline(element: Any) -> str:
    """Text of an element, a vertical tab for each break of a line."""
    if element.tag == "lb":
        return "\v"
    parts = [element.text or ""]
    for child in element:
        parts += [_inline(child), child.tail or ""]
    return "".join(parts)
