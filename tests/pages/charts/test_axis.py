"""Scales and axes by hand; texts cut to a width."""

import pytest

from sevenllm_bench.pages.charts.axis import Axis, axis_around, bounded_axis
from sevenllm_bench.pages.charts.svg import Scale, element, fitted, number, text_width


def test_a_scale_is_a_straight_line_that_ends():
    scale = Scale(0.0, 1.0, 100, 300)
    assert [scale(value) for value in (0.0, 0.25, 1.0)] == [100, 150, 300]
    assert [scale(value) for value in (-1.0, 2.0)] == [100, 300]
    assert Scale(1.0, 5.0, 10, 50)(2.0) == 20


@pytest.mark.parametrize(
    ("values", "low", "high", "words"),
    [
        # The span of 0.3 in at most eight steps: 0.0375, so steps of 0.05 from 0.3 to 0.65.
        ([0.31, 0.61], 0.3, 0.65, ["0.30", "0.35", "0.40", "0.45", "0.50", "0.55", "0.60", "0.65"]),
        ([0, 800], 0, 800, ["0", "100", "200", "300", "400", "500", "600", "700", "800"]),
        ([0, 1.0], 0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([], 0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_an_axis_has_round_numbers_around_its_values(values, low, high, words):
    axis = axis_around(values)
    assert (axis.low, axis.high) == (pytest.approx(low), pytest.approx(high))
    assert [tick for _, tick in axis.ticks] == words


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5, 0.123456])
def test_equal_values_have_an_axis_within_the_bounds(value):
    axis = axis_around([value, value], least=0.0, most=1.0)
    assert 0 <= axis.low <= value <= axis.high <= 1
    assert axis.low < axis.high
    assert len(axis.ticks) > 1


def test_fewer_lines_keep_the_rounder_values():
    axis = Axis(0.15, 0.45, tuple((place / 20, f"{place / 20:.2f}") for place in range(3, 10)))
    assert [words for _, words in axis.with_fewer_ticks(4).ticks] == ["0.20", "0.30", "0.40"]
    assert axis.with_fewer_ticks(7) is axis
    score = bounded_axis(0, 1, "score")
    assert [words for _, words in score.ticks] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert [words for _, words in score.with_fewer_ticks(3).ticks] == ["0.0", "0.5", "1.0"]


def test_a_text_that_is_too_wide_loses_its_middle():
    assert fitted("short", 100) == "short"
    cut = fitted("Encryption-Decryption Algorithm Identification", 150)
    assert cut.startswith("Encr")
    assert cut.endswith("tion")
    assert "…" in cut
    assert text_width(cut) <= 150
    assert len(fitted("威胁情报" * 20, 130)) < len(fitted("abcd" * 20, 130))  # Chinese characters are wider


def test_elements_are_escaped_and_numbers_short():
    made = element("text", '<b a="1">&', x=1.26, class_='"><script>')
    assert made == '<text x="1.3" class="&#34;&gt;&lt;script&gt;">&lt;b a=&#34;1&#34;&gt;&amp;</text>'
    assert [number(value) for value in (1234567.04, -0.01, 2.0)] == ["1234567", "0", "2"]
