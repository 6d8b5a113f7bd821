"""Counts of a few ordered answers as one bar for each line, cut into their shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from sevenllm_bench.pages.charts.axis import Axis
from sevenllm_bench.pages.charts.chart import Chart
from sevenllm_bench.pages.charts.line_frame import Block, Line, both_widths
from sevenllm_bench.pages.charts.svg import Scale, element, group, hint, one_line, text, text_width

_THICK = 24.0
#: Steps of colour in `plot.css`.
MOST_ANSWERS = 5


def share_chart(
    name: str, title: str, description: str, answers: Sequence[str], counts: Sequence[tuple[str, str, Sequence[int]]]
) -> Chart:
    """Draw a bar for each line.

    Args:
        name: See `Chart`.
        title: See `Chart`.
        description: See `Chart`.
        answers: What is counted, from the lowest; at most `MOST_ANSWERS`.
        counts: Lines: name in full, name in short, and how often each answer was given.
    """
    ticks, few = (tuple((share / 100, f"{share} %") for share in range(0, 101, step)) for step in (20, 50))
    answers = [one_line(answer, 60) for answer in answers]
    axis = Axis(0, 1, ticks, "share of the answers", few)
    blocks = [Block("", [_line(label, short, answers, own) for label, short, own in counts])]
    wide, narrow = both_widths(name, title, description, axis, blocks)
    rows = tuple((one_line(label, 120), *(f"{count:,}" for count in own)) for label, _, own in counts)
    legend = tuple(
        (element("rect", x=-5, y=-5, width=10, height=10, class_=f"step{place}"), answer) for place, answer in enumerate(answers)
    )
    return Chart(name, title, description, wide, ("", *answers), rows, narrow, legend=legend)


def _line(label: str, short: str, answers: Sequence[str], counts: Sequence[int]) -> Line:
    total = sum(counts)

    def draw(scale: Scale, y: float) -> Iterable[Markup]:
        before = 0
        for place, (answer, count) in enumerate(zip(answers, counts, strict=True)):
            start, end = scale(before / total) if total else 0.0, scale((before + count) / total) if total else 0.0
            before += count
            if count:
                words = f"{one_line(label, 120)}: {answer}: {count:,} of {total:,}"
                yield group(f"step step{place}", [hint(words), *_part(start, end, y, f"{count:,}")])

    return Line(short, draw, _THICK, f"{total:,}")


def _part(start: float, end: float, y: float, words: str) -> list[Markup]:
    """A part of the bar, with its count where there is room."""
    bar = element("rect", x=start, y=y - 9, width=end - start, height=18)
    fits = text_width(words, 12) + 6 <= end - start
    return [bar, text((start + end) / 2, y + 4, words, "middle", "inside")] if fits else [bar]
