"""What a browser doesn't show of a page: taken out of its tree, and kept for the check of poison."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

#: Elements whose text is never shown; of scripts and styles nothing is kept.
_NEVER_SHOWN = {"template", "noscript", "datalist", "noembed", "noframes", "object", "iframe", "canvas", "audio", "video"}
_NO_TEXT = {"script", "style", "svg", "math"}
_ATTRIBUTES = ("alt", "title", "aria-label", "content", "placeholder", "summary")

#: Declarations of a style that leave nothing to see: not drawn, transparent, without size, or off the screen.
_HIDING = re.compile(
    r"""(?:^|[;{\s]) (?:
        display\s*:\s*none | visibility\s*:\s*(?:hidden|collapse) | content-visibility\s*:\s*hidden
      | opacity\s*:\s*0?(?:\.0\d*)?\s*%?\s*(?:;|!|$)
      | font(?:-size)?\s*:\s*(?:0(?:\.0\d*)?[a-z%]* | 0?\.\d+(?:px|pt) | 1(?:\.\d+)?(?:px|pt) | 0?\.[01]\d*r?em)\s*(?:;|!|/|$)
      | (?:left|right|top|bottom|text-indent)\s*:\s*-\s*(?:\d{3,}|\d{2,}(?:em|rem|vw|vh|%))
      | margin(?:-left|-top)?\s*:\s*-\s*\d{4,}
      | clip(?:-path)?\s*:\s*(?:rect\(\s*[01](?:px)?[\s,]+[01](?:px)?|inset\(\s*(?:50|100)%|circle\(\s*0|polygon\(\s*0)
      | transform\s*:[^;]*(?:scale[xy]?\(\s*0\s*[,)]|translate[xy]?\(\s*-\s*\d{4})
      | (?:-webkit-text-fill-)?color\s*:\s*(?:transparent|rgba\([^)]*,\s*0?(?:\.0\d*)?\s*\))
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_SIZE = re.compile(r"(?:^|[;{\s])(?:max-)?(?:height|width)\s*:\s*[01](?:px)?\s*(?:;|!|$)", re.IGNORECASE)
_CLIPPED = re.compile(r"overflow\s*:\s*(?:hidden|clip)", re.IGNORECASE)
_COLOUR = re.compile(r"(?:^|[;{\s])color\s*:\s*([^;!]+)", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?:^|[;{\s])background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_WHITE = {
    "white",
    "#fff",
    "#ffffff",
    "#fefefe",
    "#fdfdfd",
    "#fcfcfc",
    "snow",
    "ivory",
    "ghostwhite",
    "rgb(255,255,255)",
    "rgba(255,255,255,1)",
}
#: One class or id, of any element, as a whole selector.
_SELECTOR = re.compile(r"(?:[a-z][a-z0-9]{0,9})?([.#][A-Za-z_][\w-]{0,60})")
#: So much of a style sheet is looked at.
_SHEET = 200_000


#: A hidden element with more of the page's text than this, and with more characters, is the page itself: a script shows it.
_PAGE_SHARE, _PAGE_TEXT = 0.5, 200


def take_hidden_text(tree: HtmlElement) -> list[str]:
    """Remove from `tree` what a reader doesn't see, and return its text: comments, hidden elements, attributes."""
    rules = _hiding_rules(tree)
    pieces = _take_never_shown(tree)
    whole = len(tree.text_content())
    gone: set[HtmlElement] = set()
    for element in list(tree.iter()):
        if element.getparent() in gone:
            gone.add(element)
        elif element.tag not in ("html", "body", "head", "meta", "title", "link"):
            pieces += [value for name in _ATTRIBUTES if (value := element.get(name))]
            if _is_hidden(element, rules) and not _PAGE_TEXT <= len(element.text_content()) >= _PAGE_SHARE * whole:
                pieces.append(_text(element))
                _remove(element)
                gone.add(element)
    return pieces


def _take_never_shown(tree: HtmlElement) -> list[str]:
    """Comments, and elements that are not drawn by their nature."""
    pieces = []
    for element in list(tree.iter()):
        if not isinstance(element.tag, str) or element.tag in _NEVER_SHOWN:
            pieces.append(str(element.text or "") if not isinstance(element.tag, str) else _text(element))
            _remove(element)
        elif element.tag in _NO_TEXT:
            _remove(element)
    return pieces


def _is_hidden(element: HtmlElement, rules: set[str]) -> bool:
    if not element.attrib:
        return False
    if "hidden" in element.attrib or element.get("aria-hidden", "").strip().lower() == "true":
        return True
    style = element.get("style")
    if style and (hides(style) or _is_of_the_colour_behind(style, element)):
        return True
    if not rules:
        return False
    names = {f".{name}" for name in element.get("class", "").split()} | {f"#{element.get('id', '')}"}
    return not names.isdisjoint(rules)


def hides(style: str) -> bool:
    """Whether declarations of CSS leave nothing of an element to see, colours aside."""
    return bool(_HIDING.search(style) or (_NO_SIZE.search(style) and _CLIPPED.search(style)))


def _is_of_the_colour_behind(style: str, element: HtmlElement) -> bool:
    """Whether the text is white on white, or has the colour of its background."""
    colour = _COLOUR.search(style)
    if not colour:
        return False
    own = _BACKGROUND.search(style)
    behind = _plain(own[1]) if own else _background(element)
    return _plain(colour[1]) == behind or (_plain(colour[1]) in _WHITE and (not behind or behind in _WHITE))


def _plain(colour: str) -> str:
    return re.sub(r"\s+", "", colour).lower()


def _background(element: HtmlElement) -> str:
    """The background that an element around it names in its style."""
    for around in element.iterancestors():
        if found := _BACKGROUND.search(around.get("style", "")):
            return _plain(found[1])
        if around.get("bgcolor"):
            return _plain(around.get("bgcolor"))
    return ""


def _hiding_rules(tree: HtmlElement) -> set[str]:
    """Classes and ids that style sheets in the page hide, on all media and by selectors of nothing else."""
    found = set()
    for style in list(tree.iter("style"))[:20]:
        for selectors, declarations in _rules(str(style.text or "")[:_SHEET]):
            if hides(declarations[:2000]):
                found |= {match[1] for selector in selectors.split(",") if (match := _SELECTOR.fullmatch(selector.strip()))}
    return found


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that stand in no other block, in linear time."""
    selectors, depth = "", 0
    for match in re.finditer(r"([^{}]*)([{}])", _without_comments_of_css(sheet)):
        if match[2] == "{":
            selectors = match[1] if depth == 0 else selectors
            depth += 1
        else:
            if depth == 1 and "@" not in selectors:
                yield selectors, match[1]
            depth = max(0, depth - 1)


def _without_comments_of_css(sheet: str) -> str:
    first, *rest = sheet.split("/*")
    return first + "".join(part.partition("*/")[2] for part in rest)


def _text(element: HtmlElement) -> str:
    return " ".join(str(text) for text in element.itertext(with_tail=False))[:20_000]


def _remove(element: HtmlElement) -> None:
    """Take an element out, and leave the text after it."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)
