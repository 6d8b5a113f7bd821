"""The picture and the words that messengers and search engines show of a link to a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sevenllm_bench.figures.vocabulary import SCORE
from sevenllm_bench.pages.charts.axis import axis_around
from sevenllm_bench.pages.charts.picture import Colour, Picture, words_width
from sevenllm_bench.pages.charts.svg import Scale, one_line

#: The size that previews of links are shown at nearly everywhere.
WIDTH, HEIGHT = 1200, 630
#: Lines of a picture.
MOST_BARS = 8
_INK: Colour = (22, 32, 44)
_SOFT: Colour = (85, 96, 110)
_DOT: Colour = (68, 97, 127)
_MARK: Colour = (192, 74, 0)
_GRID: Colour = (213, 219, 227)


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line: a name, its figure with its interval (None where there is none), and whether it is the baseline."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown of a link.

    Attributes:
        title: What the page is.
        subtitle: What it is of.
        lines: Its figures, the best first.
        figure: What the figure is called.
    """

    title: str
    subtitle: str
    lines: tuple[PreviewLine, ...] = ()
    figure: str = SCORE

    @property
    def description(self) -> str:
        """What the page shows, in one or two sentences."""
        if not self.lines:
            return f"{self.subtitle}."
        best = self.lines[0]
        if len(self.lines) == 1:
            return f"{self.subtitle}. {one_line(best.name, 80)} has the {self.figure} {_words(best)}."
        return f"{self.subtitle}. The highest {self.figure} is that of {one_line(best.name, 80)}: {_words(best)}."

    @property
    def words(self) -> str:
        """What the picture shows, for those who don't see it."""
        shown = "; ".join(f"{one_line(line.name, 40)} {line.value:.3f}" for line in self.lines[:MOST_BARS])
        return f"{self.title}: {self.figure} of each, with 95 % intervals: {shown}" if shown else self.title

    def picture(self) -> bytes:
        """The picture, as PNG."""
        made = Picture(WIDTH, HEIGHT)
        made.bar(0, 0, WIDTH, 12, _DOT)
        made.words(60, 44, self.title, _INK, WIDTH - 120, "bold")
        made.words(60, 112, self.subtitle, _SOFT, WIDTH - 120)
        _draw_lines(made, self.lines[:MOST_BARS])
        more = len(self.lines) - MOST_BARS
        if self.lines:
            foot = f"{self.figure} with 95 % intervals" + (f" · {more:,} more on the page" if more > 0 else "")
            made.words(60, HEIGHT - 50, foot, _SOFT, WIDTH - 120)
        return made.png()


def _words(line: PreviewLine) -> str:
    interval = f" (95 % interval {line.low:.3f} to {line.high:.3f})" if line.low is not None and line.high is not None else ""
    return f"{line.value:.3f}{interval}"


def _draw_lines(made: Picture, lines: Sequence[PreviewLine]) -> None:
    ends = [end for line in lines for end in (line.value, line.low, line.high) if end is not None]
    axis, step, top = axis_around(ends, least=0.0, most=1.0), 48, 172
    scale = Scale(axis.low, axis.high, 500, WIDTH - 190)
    for value, _ in axis.ticks if lines else ():
        made.bar(scale(value), top, scale(value) + 2, top + step * len(lines), _GRID)
    for place, line in enumerate(lines):
        y, colour = top + step * (place + 0.5), _MARK if line.marked else _DOT
        name = line.name
        if words_width(one_line(name, 200)) > 400 and "/" in name:
            name = name.rpartition("/")[2]
        made.words(60, y - 17, name, _INK, 410)
        if line.low is not None and line.high is not None:
            made.bar(scale(line.low), y - 2, scale(line.high), y + 3, colour)
        made.dot(scale(line.value), y, 10, colour)
        made.words(WIDTH - 150, y - 17, f"{line.value:.3f}", _INK)
