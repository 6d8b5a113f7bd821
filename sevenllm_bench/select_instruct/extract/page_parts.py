"""A page made ready for extraction: parts that are no report taken out, tables made plain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevenllm_bench.select_instruct.extract.clean_characters import one_line

if TYPE_CHECKING:
    from lxml.html import HtmlElement

#: Parts that are no report, by the names that sites give them.
_NO_REPORT = re.compile(
    r"""(?:^|[\s_-]) (?: cookie | consent | gdpr | newsletter | subscribe | subscription | share | sharing | social | related
      | recommendations? | recommended | breadcrumbs? | comments? | disqus | advert(?:s|isement)? | ads? | promo | sponsor(?:ed)?
      | sidebar | pagination | pager | popup | modal | navbar | menu | toolbar | footer | skip-?link | byline-share | read-?more
      | you-may-like | tags? | author-?bio ) s? (?:$|[\s_-])""",
    re.IGNORECASE | re.VERBOSE,
)
_PARTS = {"nav", "aside", "footer", "form", "button", "select", "dialog", "menu", "textarea", "label"}
_ROLES = {"navigation", "banner", "complementary", "contentinfo", "dialog", "search"}
#: The page itself, whatever it is named.
_PAGE = {"html", "body", "article", "main"}
#: Such a part with more of the text than this is the page itself; links with more of a part's text make it navigation.
_MAX_SHARE, _LINKS, _LINK_SHARE = 0.4, 3, 0.7
#: Lists of indicators may be linked to a service that knows more of them.
_INDICATOR = re.compile(r"\[\.\]|hxxp|[0-9a-fA-F]{32}|\d\.\d{1,3}\.\d{1,3}\.\d")
#: What a table of data has in none of its cells.
_BLOCKS = ("p", "h1", "h2", "h3", "table", "pre", "article", "section", "blockquote")


def make_ready(tree: HtmlElement, keep_parts: bool = False) -> None:
    """Leave the report in `tree`, as far as names and shapes show it; with `keep_parts` nothing is taken out."""
    if not keep_parts:
        _leave_parts_out(tree, _lengths(tree))
    for link in list(tree.iter("a")):
        if _INDICATOR.search(str(link.text_content())):
            link.drop_tag()
    _flatten_tables(tree)
    _number_items(tree)
    _keep_lines(tree)


def _lengths(tree: HtmlElement) -> dict[HtmlElement, tuple[int, int]]:
    """Characters of each element and those of its links, in one pass."""
    from lxml import etree

    found: dict[HtmlElement, tuple[int, int]] = {}
    for _, element in etree.iterwalk(tree, events=("end",)):
        whole = len((element.text or "").strip())
        links = 0
        for child in element:
            inner, linked = found.get(child, (0, 0))
            whole += inner + len((child.tail or "").strip())
            links += linked
        found[element] = (whole, whole if element.tag == "a" else links)
    return found


def _leave_parts_out(tree: HtmlElement, lengths: dict[HtmlElement, tuple[int, int]]) -> None:
    """Remove navigation, banners, forms and the like, unless most of the page lies in them."""
    most = _MAX_SHARE * lengths[tree][0]
    gone: set[HtmlElement] = set()
    for element in list(tree.iter()):
        parent = element.getparent()
        if parent is None or parent in gone:
            gone |= {element} if parent is not None else set()
        elif _is_no_report(element, lengths[element]) and lengths[element][0] <= most:
            element.drop_tree()
            gone.add(element)


def _is_no_report(element: HtmlElement, lengths: tuple[int, int]) -> bool:
    if element.tag in _PARTS or element.get("role") in _ROLES:
        return True
    if element.tag in _PAGE:
        return False
    if _NO_REPORT.search(element.get("class", "")[:500]) or _NO_REPORT.search(element.get("id", "")[:200]):
        return True
    whole, links = lengths
    if element.tag not in ("ul", "ol", "td", "div") or not whole or links < _LINK_SHARE * whole:
        return False
    return len(element.findall(".//a")) >= _LINKS and not _INDICATOR.search(str(element.text_content()))


def _flatten_tables(tree: HtmlElement) -> None:
    """Tables that lay the page out become blocks; tables of data become lines with "|" between the cells."""
    for table in list(tree.iter("table")):
        if any(next(table.iter(tag), table) is not table for tag in _BLOCKS[:3]) or len(list(table.iter("table"))) > 1:
            _make_blocks(table)
    for table in list(tree.iter("table")):
        rows = ["\n" + line for row in table.iter("tr") if (line := _line(row))]
        tail = table.tail
        table.clear()
        table.tag, table.tail = "pre", tail
        table.text = "".join(rows)


def _number_items(tree: HtmlElement) -> None:
    """Numbers of ordered lists become text, as a browser shows them."""
    for ordered in tree.iter("ol"):
        start = ordered.get("start", "1")
        first = int(start) if start.isdecimal() and len(start) < 6 else 1
        for number, item in enumerate(ordered.findall("li"), first):
            holder = next((child for child in item if child.tag == "p"), item) if not (item.text or "").strip() else item
            holder.text = f"{number}. {(holder.text or '').lstrip()}"


def _keep_lines(tree: HtmlElement) -> None:
    """Preformatted text becomes code, whose blanks and ends of lines trafilatura keeps."""
    for block in list(tree.iter("pre")):
        for line_break in list(block.iter("br")):
            line_break.tail = "\n" + (line_break.tail or "")
        text, tail = block.text_content(), block.tail
        block.clear()
        block.tail = tail
        code = block.makeelement("code")
        code.text = text.strip("\n")
        block.append(code)


def _make_blocks(table: HtmlElement) -> None:
    for element in [table, *table.iter("tr", "td", "th", "tbody", "thead", "tfoot")]:
        if element is table or next(element.iterancestors("table"), table) is table:
            element.tag = "div"


def _line(row: HtmlElement) -> str:
    cells = [
        one_line(" ".join(str(text) for text in cell.itertext())) if len(cell) else one_line(cell.text or "") for cell in row
    ]
    return " | ".join(cells) if any(cells) else ""
