"""A chart as an SVG file of its own: light, on white, with its title, legend and colours in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, ValuesView
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

from markupsafe import Markup

from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.svg import element, group, number, one_line, text, text_width

_MARGIN, _LINE, _BETWEEN = 16.0, 20.0, 12.0
#: Panels beside each other.
_COLUMNS = 3
_VARIABLE = re.compile(r"--([\w-]+):\s*([^;]+);")
_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
#: Characters that no XML file may hold, and that `plain` leaves.
_NO_XML = re.compile("[\ufffe\uffff]")


_SHOWN: ContextVar[dict[str, Chart] | None] = ContextVar("charts", default=None)


@contextmanager
def shown_charts() -> Iterator[ValuesView[Chart]]:
    """Collects the charts whose address a page gives while it is rendered."""
    found: dict[str, Chart] = {}
    kept = _SHOWN.set(found)
    try:
        yield found.values()
    finally:
        _SHOWN.reset(kept)


def chart_address(chart: Chart) -> str:
    """Where the chart's file is in a site; a page that is being rendered gets that file."""
    if (shown := _SHOWN.get()) is not None:
        shown[chart.name] = chart
    return f"charts/{chart.name}.svg"


def chart_file(chart: Chart) -> bytes:
    """The file's content: well-formed XML without variables, which drawing programs don't know."""
    parts = chart.panels or (("", (chart.svg,)),)
    columns = min(_COLUMNS, max(len(drawings) for _, drawings in parts))
    widest = max(_size(drawn)[0] for _, drawings in parts for drawn in drawings)
    width = 2 * _MARGIN + columns * widest + (columns - 1) * _BETWEEN
    placed, height = _head(chart, width)
    for heading, drawings in parts:
        more, height = _placed(heading, drawings, columns, height)
        placed += more
    height += _MARGIN
    made = element(
        "svg",
        element("style", Markup(light_style())),  # noqa: S704  (a file of the package)
        element("rect", width=width, height=height, class_="paper"),
        *placed,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        class_="plot",
    )
    content = '<?xml version="1.0" encoding="UTF-8"?>\n' + _NO_XML.sub("\ufffd", made) + "\n"
    return content.encode("utf-8", "replace")


def _head(chart: Chart, width: float) -> tuple[list[Markup], float]:
    """The title and the legend, and where they end."""
    parts, x, y = [text(_MARGIN, 28, chart.title, name="heading")], _MARGIN, 28.0 + _LINE
    for mark, full in chart.legend:
        words = one_line(full, 200)
        room = 20 + text_width(words)
        if x > _MARGIN and x + room > width - _MARGIN:
            x, y = _MARGIN, y + _LINE
        mark = element("g", mark, transform=f"translate({number(x + 6)} {number(y - 4)})")
        parts.append(group("legend", [mark, text(x + 18, y, words)]))
        x += room + 14
    return parts, y + (10 if chart.legend else -8)


def _placed(heading: str, drawings: tuple[Markup, ...], columns: int, y: float) -> tuple[list[Markup], float]:
    """Drawings beside and below each other, under their heading; and where they end."""
    placed = [text(_MARGIN, y + 16, heading, name="heading")] if heading else []
    y += 24 if heading else 0
    for start in range(0, len(drawings), columns):
        x, row = _MARGIN, drawings[start : start + columns]
        for drawn in row:
            placed.append(element("g", drawn, transform=f"translate({number(x)} {number(y)})"))
            x += _size(drawn)[0] + _BETWEEN
        y += max(_size(drawn)[1] for drawn in row) + 4
    return placed, y


def _size(drawn: Markup) -> tuple[float, float]:
    """Width and height of an `svg` element."""
    found = _BOX.search(drawn)
    return (float(found[1]), float(found[2])) if found else (0.0, 0.0)


@cache
def light_style() -> str:
    """The rules of `plot.css` with the light colours in the place of its variables."""
    sheet = files("sevenllm_bench.pages").joinpath("assets", "plot.css").read_text(encoding="utf-8")
    declared, _, rules = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL).partition("}")
    values = dict(_VARIABLE.findall(declared))
    return re.sub(r"var\(--([\w-]+)\)", lambda match: values[match[1]], rules).strip()
