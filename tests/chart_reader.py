"""Reads drawings of charts: what is where, what is outside, and which texts they hold."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from xml.etree.ElementTree import Element

SVG = "{http://www.w3.org/2000/svg}"
_MOVED = re.compile(r"translate\((-?[\d.]+) (-?[\d.]+)\)")


def parsed(svg: str | bytes) -> Element:
    return ElementTree.fromstring(svg)


def of_class(root: Element, name: str) -> list[Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]


def tag(element: Element) -> str:
    return element.tag.removeprefix(SVG)


def texts(root: Element) -> list[str]:
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def hints(root: Element) -> list[str]:
    """The hints of marks; not the title of the whole."""
    return [element.text or "" for element in root.iter(f"{SVG}title") if "id" not in element.attrib]


def middle(marker: Element) -> tuple[float, float]:
    """Where a marker is."""
    match = _MOVED.fullmatch(marker.get("transform", ""))
    assert match
    return float(match[1]), float(match[2])


def numbers(element: Element, *names: str) -> tuple[float, ...]:
    return tuple(float(element.attrib[name]) for name in names)


def size(root: Element) -> tuple[float, float]:
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    return width, height


def places(root: Element) -> Iterator[tuple[float, float]]:
    """Where lines, rectangles, markers, and texts begin and end; texts as if a character took half of its height."""
    for element in root.iter():
        kind = tag(element)
        if kind == "line":
            yield numbers(element, "x1", "y1")
            yield numbers(element, "x2", "y2")
        elif kind == "rect":
            x, y, width, height = numbers(element, "x", "y", "width", "height")
            yield from ((x, y), (x + width, y + height))
        elif kind == "path" and "transform" in element.attrib:
            x, y = middle(element)
            yield from ((x - 4, y - 4), (x + 4, y + 4))
        elif kind == "text":
            x, y = numbers(element, "x", "y")
            width = 6 * len("".join(element.itertext()))
            start = x - width * {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor", "start")]
            yield from ((start, y), (start + width, y))


def outside(root: Element) -> list[tuple[float, float]]:
    """Places that are not in the drawing."""
    width, height = size(root)
    return [(x, y) for x, y in places(root) if not (-1 <= x <= width + 1 and 0 <= y <= height)]
