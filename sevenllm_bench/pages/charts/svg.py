"""Elements of SVG as escaped markup, scales, and texts' widths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from sevenllm_bench.text.display import plain

#: Average width of a character, in pixels, of the charts' font.
_NARROW, _WIDE = 7.1, 12.8


def element(tag: str, *children: Markup | str, **attributes: str | float) -> Markup:
    """An element; an attribute's underscore becomes a hyphen (`class_` is `class`), numbers are rounded to a tenth."""
    shown = Markup("").join(
        Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), _number(value)) for name, value in attributes.items()
    )
    inside = Markup("").join(map(escape, children))
    return Markup("<{0}{1}>{2}</{0}>").format(tag, shown, inside)


def _number(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 1):g}"


def group(name: str, children: Iterable[Markup | str]) -> Markup:
    """A group of elements with a class."""
    return element("g", *children, class_=name)


def text(x: float, y: float, content: str, anchor: str = "start", name: str = "") -> Markup:
    """A text on one line, made fit to be shown."""
    return element("text", plain(content, 200), x=x, y=y, text_anchor=anchor, **({"class_": name} if name else {}))


def drawing(name: str, width: float, height: float, title: str, description: str, *children: Markup) -> Markup:
    """The `svg` element, which fits the width that it is given and is named for screen readers."""
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        class_="plot",
        viewBox=f"0 0 {_number(width)} {_number(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def text_width(content: str) -> float:
    """Pixels that a text takes, about; Chinese characters are wider."""
    return sum(_WIDE if character > "\u2e80" else _NARROW for character in content)


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
