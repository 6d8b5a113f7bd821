"""Markdown: its front matter read, its markup removed; code blocks and tables stay as text."""

from __future__ import annotations

import datetime
import html
import re
from typing import Any

from sevenllm_bench.errors import SEvenLLMError
from sevenllm_bench.io.yaml12 import load_yaml
from sevenllm_bench.select_instruct.extract.clean_characters import one_line
from sevenllm_bench.select_instruct.extract.found_text import FoundText, found_text
from sevenllm_bench.select_instruct.extract.plain_text import date_near_title, readable

_FRONT = re.compile(r"\A---[ ]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ ]*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"[ ]{0,3}#{1,6}[ ]+(.*?)(?:[ ]+#+)?[ ]*$")
_UNDERLINE = re.compile(r"[ ]{0,3}(?:=+|-{2,})[ ]*$")
_RULE = re.compile(r"[ ]{0,3}(?:(?:\*[ ]*){3,}|(?:-[ ]*){3,}|(?:_[ ]*){3,})$")
_TABLE_RULE = re.compile(r"[ ]*\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-+:?[ ]*)*\|?[ ]*$")
_REFERENCE = re.compile(r"[ ]{0,3}\[[^\]]{1,200}\]:[ ]*\S.*$")
_ITEM = re.compile(r"([ ]*)(?:[*+-]|(\d{1,9}[.)]))[ ]+(?:\[[ xX]\][ ]+)?")

_CODE = re.compile(r"(?<!`)(`{1,5})(?!`)(.{1,2000}?)(?<!`)\1(?!`)", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]]{0,500})\](?:\([^()\n]{0,1000}\)|\[[^\]\n]{0,200}\])")
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]\n]|\[[^\[\]\n]{0,100}\]){1,500})\](?:\([^()\n]{0,1000}\)|\[[^\]\n]{0,200}\])")
_AUTOLINK = re.compile(r"<((?:https?|hxxps?|mailto)[^<>\s]{1,1000}|[^<>\s@]{1,100}@[^<>\s]{1,200})>")
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]{0,20}(?:\s[^<>\n]{0,1000})?/?>")
_STRONG = re.compile(r"(\*\*|__|~~)(?=\S)(?<![\w\\]__)(.{1,1000}?)(?<=[^\s\\])\1(?!(?<=__)\w)", re.DOTALL)
_EMPHASIS = re.compile(
    r"(?<![\w*\\])\*(?=[^\s*])([^*\n]{1,1000}?)(?<=[^\s\\])\*(?![\w*])|(?<![\w_\\])_(?=[^\s_])([^_\n]{1,1000}?)(?<=[^\s\\])_(?![\w_])"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def markdown_report(data: bytes, charset: str | None = None) -> FoundText:
    """The report in a Markdown file.

    Raises:
        UnusableFileError: It is no text.
    """
    text = readable(data, charset)
    front, text = _front_matter(text)
    text, comments = _without_comments(text)
    hidden = comments + [alt for alt in _IMAGE.findall(text) if alt]
    blocks = _blocks(text.split("\n"))
    title = _text_of(front, "title") or next((text for kind, text in blocks if kind == "h1"), "")
    paragraphs = [text for _, text in blocks]
    published = _date(front) or date_near_title("\n".join(paragraphs[:3])[:500])
    return found_text(paragraphs, title, published, hidden)


def _without_comments(text: str) -> tuple[str, list[str]]:
    """The text and its comments of HTML; one that doesn't end is none."""
    parts, comments, place = [], [], 0
    while (start := text.find("<!--", place)) >= 0 and (end := text.find("-->", start)) >= 0:
        parts.append(text[place:start])
        comments.append(text[start + 4 : end])
        place = end + 3
    return "".join((*parts, text[place:])), comments


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    match = _FRONT.match(text)
    if not match:
        return {}, text
    try:
        front = load_yaml(match[1])
    except (SEvenLLMError, ValueError):
        return {}, text[match.end() :]
    except Exception:  # front matter is anyone's: what YAML can't read says nothing
        return {}, text[match.end() :]
    return (front if isinstance(front, dict) else {}), text[match.end() :]


def _text_of(front: dict[str, Any], key: str) -> str:
    value = front.get(key)
    return value if isinstance(value, str) else ""


def _date(front: dict[str, Any]) -> str | None:
    for key in ("date", "published", "publishDate", "created"):
        value = front.get(key)
        if isinstance(value, datetime.date):
            return value.isoformat()[:10]
        if isinstance(value, str) and (found := date_near_title(value)):
            return found
    return None


def _blocks(lines: list[str]) -> list[tuple[str, str]]:
    """Kind and text of each block: "h1", "heading", "code", "table" or "text"."""
    blocks: list[tuple[str, str]] = []
    open_lines: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        fence = _FENCE.match(line)
        heading = _HEADING.match(line)
        if fence or heading or not line.strip() or (_RULE.match(line) and not _is_underline(line, open_lines)):
            _close(open_lines, blocks)
        if fence:
            place = _code(lines, place, fence[1], blocks)
            continue
        if heading:
            blocks.append(("h1" if line.lstrip().startswith("# ") else "heading", _inline(heading[1])))
        elif _is_underline(line, open_lines):
            blocks.append(("h1" if "=" in line else "heading", _inline(" ".join(open_lines))))
            open_lines.clear()
        elif line.strip() and not _RULE.match(line) and not _REFERENCE.match(line):
            open_lines.append(line)
        place += 1
    _close(open_lines, blocks)
    return blocks


def _is_underline(line: str, open_lines: list[str]) -> bool:
    """Whether a line makes a heading of the one line before it."""
    return len(open_lines) == 1 and bool(_UNDERLINE.match(line)) and "|" not in open_lines[0] and not _ITEM.match(open_lines[0])


def _code(lines: list[str], place: int, fence: str, blocks: list[tuple[str, str]]) -> int:
    """Add the code block that begins at `place`; the place after it."""
    end = place + 1
    while end < len(lines) and not re.fullmatch(rf"[ ]{{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ ]*", lines[end]):
        end += 1
    blocks.append(("code", "\n".join(lines[place + 1 : end])))
    return end + 1


def _close(open_lines: list[str], blocks: list[tuple[str, str]]) -> None:
    if len(open_lines) > 1 and "|" in open_lines[0] and _TABLE_RULE.match(open_lines[1]):
        rows = [open_lines[0], *open_lines[2:]]
        blocks.append(("table", "\n".join(_row(row) for row in rows)))
    elif open_lines:
        blocks.append(("text", _inline("\n".join(_without_markers(open_lines))).strip()))
    open_lines.clear()


def _row(line: str) -> str:
    cells = re.split(r"(?<!\\)\|", re.sub(r"^\s*\||(?<!\\)\|\s*$", "", line))
    return " | ".join(one_line(_inline(cell.replace("\\|", "|"))) for cell in cells)


def _without_markers(lines: list[str]) -> list[str]:
    """Lines of a paragraph joined, items of a list in lines of their own, quotation marks out."""
    found: list[str] = []
    open_parts: list[str] = []
    for line in (re.sub(r"^(?:[ ]{0,3}>[ ]?)+", "", line) for line in lines):
        item = _ITEM.match(line)
        if open_parts and (item or _ends_line(open_parts[-1])):
            found.append("".join(open_parts))
            open_parts = []
        if item:
            open_parts.append(f"{item[1]}{item[2] or '-'} {line[item.end() :]}")
        else:
            open_parts += [_blank_between(open_parts[-1].rstrip(), line.strip()) if open_parts else "", line.lstrip()]
    return [re.sub(r"\\$", "", line.rstrip()) for line in (*found, "".join(open_parts))]


def _ends_line(part: str) -> bool:
    """Whether a part of a paragraph ends with a break of the line."""
    return part.endswith(("  ", "\\"))


def _blank_between(before: str, after: str) -> str:
    """No blank where a line of Chinese goes on."""
    return "" if before[-1:] > "\u2e7f" and after[:1] > "\u2e7f" else " "


def _inline(text: str) -> str:
    """Text without marks of emphasis, links and tags; what is in code marks is left as it is."""
    parts, end = [], 0
    for match in _CODE.finditer(text):
        parts += [_prose(text[end : match.start()]), match[2].strip(" ") or match[2]]
        end = match.end()
    return "".join((*parts, _prose(text[end:])))


def _prose(text: str) -> str:
    text = _AUTOLINK.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub("", text)))
    text = _TAG.sub("", text)
    for _ in range(2):
        text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(lambda match: match[1] or match[2], text)
    return html.unescape(_ESCAPED.sub(r"\1", text)) if "&" in text or "\\" in text else text
