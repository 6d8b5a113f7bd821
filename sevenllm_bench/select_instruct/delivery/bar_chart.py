"""Bar charts as small SVG files: static, the same bytes for the same figures, readable by screen readers and in the dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from sevenllm_bench.text.display import plain

_WIDTH, _LABELS, _FIGURES, _BAR, _STEP, _TOP = 760, 300, 70, 16, 24, 40
#: Colours of the parts of a bar, which white and black paper show both; told apart by lightness too.
_COLOURS = ("#3b7cb8", "#d08a2e")
_LONGEST_LABEL = 44


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its label and the figures of its parts, one beside the other."""

    label: str
    parts: tuple[int, ...]


def bar_chart(title: str, description: str, bars: Sequence[Bar], parts: Sequence[str] = ()) -> str:
    """The SVG of horizontal bars.

    Args:
        title: What is shown.
        description: The same in a sentence, for screen readers.
        bars: The bars, from above.
        parts: Names of the parts of each bar; none where there is one part.
    """
    largest = max((sum(bar.parts) for bar in bars), default=0)
    top = _TOP + (_STEP if parts else 0)
    height = top + _STEP * max(1, len(bars)) + 8
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="13">',
        f'<title id="title">{_text(title)}</title>',
        f'<desc id="description">{_text(description)}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="600" fill="#16202c">{_text(title)}</text>',
        *_legend(parts),
        *(line for place, bar in enumerate(bars) for line in _bar(bar, top + _STEP * place, largest)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _legend(parts: Sequence[str]) -> list[str]:
    lines = []
    for place, name in enumerate(parts):
        x = _LABELS + 150 * place
        lines.append(f'<rect x="{x}" y="{_TOP}" width="12" height="12" fill="{_COLOURS[place]}"/>')
        lines.append(f'<text x="{x + 18}" y="{_TOP + 11}" fill="#16202c">{_text(name)}</text>')
    return lines


def _bar(bar: Bar, y: int, largest: int) -> list[str]:
    space = _WIDTH - _LABELS - _FIGURES
    lines = [f'<text x="{_LABELS - 10}" y="{y + 13}" text-anchor="end" fill="#16202c">{_text(bar.label, _LONGEST_LABEL)}</text>']
    x = float(_LABELS)
    for colour, figure in zip(_COLOURS, bar.parts, strict=False):
        width = math.floor(10 * space * figure / largest) / 10 if largest else 0.0
        lines.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>')
        x += width
    lines.append(f'<text x="{x + 8:.1f}" y="{y + 13}" fill="#16202c">{sum(bar.parts):,}</text>')
    return lines


def _text(text: str, most: int = 300) -> str:
    return escape(plain(text, most))
