"""Elements of SVG as escaped markup, texts' widths, and texts cut to a width."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from sevenllm_bench.text.display import plain

#: Pixels of the charts' text.
FONT = 13.0
#: Widths of characters as parts of the text's height, in the widest of the usual fonts (DejaVu Sans); most take 0.62 of it.
_WIDTHS = {**dict.fromkeys("ijl.,:;'|!I()[] ", 0.39), **dict.fromkeys("mwMW@%…—⟨⟩", 0.98)}
_UPPER, _OTHER, _CHINESE = 0.74, 0.62, 1.0


def element(tag: str, *children: Markup | str, **attributes: str | float) -> Markup:
    """An element; an attribute's underscore becomes a hyphen (`class_` is `class`), numbers are rounded to a tenth."""
    shown = "".join(f' {name.rstrip("_").replace("_", "-")}="{_value(value)}"' for name, value in attributes.items())
    return Markup(f"<{tag}{shown}>{''.join(map(escape, children))}</{tag}>")  # noqa: S704  (every part is escaped)


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def number(value: float) -> str:
    """A number as an attribute has it, to a tenth of a pixel."""
    return f"{round(value, 1) + 0.0:.10g}"


def one_line(content: str, most: int) -> str:
    """An untrusted text on one line, of at most as many characters; quickly, however long it is."""
    return plain(content[: 10 * most], most)


def group(name: str, children: Iterable[Markup | str]) -> Markup:
    """A group of elements with a class."""
    return element("g", *children, class_=name)


def line(x1: float, y1: float, x2: float, y2: float, name: str) -> Markup:
    """A straight line with a class."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=name)


def hint(content: str) -> Markup:
    """What a browser shows over an element; the first child of a group."""
    return element("title", one_line(content, 400))


def text(x: float, y: float, content: str, anchor: str = "start", name: str = "") -> Markup:
    """A text on one line, made fit to be shown."""
    return element("text", one_line(content, 200), x=x, y=y, text_anchor=anchor, **({"class_": name} if name else {}))


def drawing(
    name: str, width: float, height: float, title: str, description: str, *children: Markup, kind: str = "plot"
) -> Markup:
    """The `svg` element, which fits the width that it is given.

    For screen readers it is one image with a name and a description; the figures are in the table behind it.

    Args:
        name: Begins the ids of its title and description; must be the page's only one.
        width: Width in pixels.
        height: Height in pixels.
        title: What it is.
        description: What it shows.
        *children: What it holds.
        kind: Its classes.
    """
    return element(
        "svg",
        element("title", one_line(title, 200), id=f"{name}-title"),
        element("desc", one_line(description, 1_000), id=f"{name}-desc"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        class_=kind,
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def text_width(content: str, font: float = FONT) -> float:
    """Pixels that a text takes, rather more than less."""
    return font * sum(map(_character_width, content))


def _character_width(character: str) -> float:
    other = _CHINESE if character > "\u2e80" else _UPPER if character.isupper() else _OTHER
    return _WIDTHS.get(character, other)


def fitted(content: str, width: float, font: float = FONT) -> str:
    """A text on one line, with its middle left out where it would take more than a width."""
    shown = one_line(content, 200)
    if text_width(shown, font) <= width:
        return shown
    head, tail = len(shown) // 2, len(shown) - len(shown) // 2
    while head + tail > 1 and text_width(_joined(shown, head, tail), font) > width:
        head, tail = (head - 1, tail) if head > tail else (head, tail - 1)
    return _joined(shown, head, tail)


def _joined(content: str, head: int, tail: int) -> str:
    return f"{content[:head].rstrip()}…{content[len(content) - tail :].lstrip()}"


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to pixels, in a straight line.

    Attributes:
        low: Value at `start`.
        high: Value at `end`.
        start: Pixel of `low`.
        end: Pixel of `high`.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value; values outside are put at the end."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))
