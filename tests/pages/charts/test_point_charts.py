"""Charts with two scales: scores against sizes, and figures by date; small also with a thousand points."""

from datetime import date, timedelta

import pytest
from chart_reader import hints, middle, of_class, outside, parsed, texts

from sevenllm_bench.pages.charts.history_chart import MOST_IN_FULL, Dated, best_so_far, history_chart
from sevenllm_bench.pages.charts.size_chart import Sized, frontier, size_chart

MODELS = [
    Sized("lab/small-1B", "small-1B", 1, 0.4, 0.35, 0.45),
    Sized("lab/tiny-0.5B", "tiny-0.5B", 0.5, 0.45, from_name=True),
    Sized("lab/middle-7B", "middle-7B", 7, 0.6, 0.55, 0.65),
    Sized("lab/other-7B", "other-7B", 7, 0.5, 0.45, 0.55),
    Sized("lab/large-70B", "large-70B", 70, 0.6, 0.5, 0.7),
]


def sized(count):
    return [Sized(f"m{place}", f"m{place}", 1 + place % 70, place / count, from_name=place % 2 == 0) for place in range(count)]


def dated(count):
    return [
        Dated(date(2026, 1, 1) + timedelta(place % 300), f"m{place}", f"m{place}", place * 37 % count / count)
        for place in range(count)
    ]


def test_the_frontier_is_what_no_smaller_model_reaches():
    # 1 B is below 0.5 B; 70 B is only as good as 7 B.
    assert [one.label for one in frontier(MODELS)] == ["lab/tiny-0.5B", "lab/middle-7B"]


def test_sizes_are_on_a_scale_that_multiplies():
    chart = size_chart("size", "Size", "Models.", MODELS, "headline")
    root = parsed(chart.svg)
    found = {
        hint.text.split(" · ")[0]: middle(of_class(group, "dot")[0])
        for group in of_class(root, "point")
        for hint in group
        if hint.text
    }
    assert len(found) == len(MODELS)
    step = found["lab/small-1B"][0] - found["lab/tiny-0.5B"][0]
    # From 0.5 to 1 is one doubling, from 7 to 70 are log2(10) = 3.3219 of them.
    assert found["lab/large-70B"][0] - found["lab/middle-7B"][0] == pytest.approx(3.3219 * step, abs=0.5)
    assert found["lab/middle-7B"][1] == found["lab/large-70B"][1] < found["lab/small-1B"][1]
    assert len(of_class(root, "open")) == 1  # the size that was read from the name
    assert len(of_class(root, "whisker")) == 1  # of 7 B, which is on the line; 0.5 B has none
    assert {"0.5 B", "1 B", "7 B", "70 B"} <= set(texts(root))
    assert {"tiny-0.5B", "middle-7B", "headline"} <= set(texts(root))
    assert outside(root) == outside(parsed(chart.narrow)) == []
    assert ("lab/tiny-0.5B", "0.5 (by its name)", "0.450", "no interval", "best up to its size") in chart.rows
    assert [words for _, words in chart.legend] == [
        "size as given",
        "size read from the name",
        "the best up to a size",
        "its 95 % interval",
    ]


def test_the_best_so_far_is_a_line_in_steps():
    found = [
        Dated(date(2026, 1, day), f"m{day}", f"m{day}", value)
        for day, value in ((1, 0.3), (5, 0.2), (9, 0.5), (9, 0.4), (11, 0.5))
    ]
    assert [one.label for one in best_so_far(found)] == ["m1", "m9"]
    root = parsed(history_chart("history", "History", "Figures.", found, "headline").narrow)
    left = len("0.30") * 0.62 * 13 - 0.23 * 13 + 14 + 8  # three digits, a point, the margin, and the room inside
    right = 336 - 14 - 8
    xs = sorted({middle(dot)[0] for dot in of_class(root, "dot")})
    assert xs == pytest.approx([left + (right - left) * day / 10 for day in (0, 4, 8, 10)], abs=0.06)
    (steps,) = of_class(root, "best-line")
    assert steps.get("d").count("V") == 1
    assert "m9 0.500" in texts(root)


@pytest.mark.parametrize("count", [1, 2, 61, 101, 1000])
def test_every_figure_is_a_dot_and_hints_are_bounded(count):
    for chart in (
        size_chart("size", "S", "S.", sized(count), "headline"),
        history_chart("history", "H", "H.", dated(count), "headline"),
    ):
        for drawn in (chart.svg, chart.narrow):
            root = parsed(drawn)
            plain = [path.get("d").count("h0") for path in of_class(root, "dots") if "hole" not in path.get("class")]
            assert len(of_class(root, "dot")) + sum(plain) == count
            assert len(hints(root)) <= 2 * MOST_IN_FULL
            assert outside(root) == []
            assert len(drawn) < 70_000
        assert len(chart.rows) == min(count, MOST_IN_FULL)
        assert bool(chart.note) == (count > MOST_IN_FULL)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_ends_of_the_scale_and_equal_values_are_inside(value):
    same = [Sized(f"m{place}", f"m{place}", 7, value, value, value) for place in range(3)]
    root = parsed(size_chart("size", "S", "S.", same, "headline").svg)
    assert outside(root) == []
    assert len({middle(dot) for dot in of_class(root, "dot")}) == 1
    assert outside(parsed(history_chart("h", "H", "H.", [Dated(date(2026, 5, 1), "m", "m", value)], "headline").svg)) == []


def test_names_are_not_struck_by_intervals_and_the_bars_are_in_the_legend():
    # Rising with their size: each is the best up to its size, and the bar of each goes through the middle of its point.
    found = [Sized(f"model-{n}", f"model-{n}", 2.0**n, 0.2 + 0.1 * n, 0.14 + 0.1 * n, 0.26 + 0.1 * n) for n in range(5)]
    chart = size_chart("size", "S", "S.", found, "score")
    assert "its 95 % interval" in [words for _, words in chart.legend]
    root = parsed(chart.svg)
    names = of_class(root, "name")
    assert len(names) == 5
    bars = [float(bar.get("x1")) for bar in of_class(root, "whisker")]
    for name in names:
        left, right = float(name.get("x")), float(name.get("x")) + 7 * 0.62 * 13
        assert not [bar for bar in bars if left < bar < right]
