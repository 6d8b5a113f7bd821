"""The one rounding of figures, against the decimal module and by hand."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.figures.rounding import shown, shown_difference, shown_interval, shown_range


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0625, 3, "0.062"),  # a half in binary too: to even
        (0.1875, 3, "0.188"),
        (0.5, 0, "0"),
        (1.5, 0, "2"),
        (0.0005, 3, "0.001"),  # the float is a little more than a half
        (1.005, 2, "1.00"),  # and this one a little less
        (0.54649999, 3, "0.546"),  # 0.5465 in four digits, which would go on to 0.547 or 0.546
        (-0.0004, 3, "0.000"),
        (-0.0, 3, "0.000"),
        (4.0, 1, "4.0"),
        (None, 3, "–"),
        (float("nan"), 3, "–"),
        (float("inf"), 3, "–"),
    ],
)
def test_figures_by_hand(value: float | None, digits: int, text: str) -> None:
    assert shown(value, digits) == text


@given(st.floats(-10, 10), st.integers(0, 6))
def test_it_is_half_even_on_the_exact_value(value: float, digits: int) -> None:
    exact = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    assert Decimal(shown(value, digits)) == exact
    assert not shown(value, digits).startswith("-") or exact < 0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0314, "+0.031"), (-0.0314, "-0.031"), (0.0004, "0.000"), (-0.0004, "0.000"), (0.0, "0.000"), (None, "–")],
)
def test_differences_have_a_sign_where_there_is_a_difference(value: float | None, text: str) -> None:
    assert shown_difference(value) == text


@given(st.floats(-1, 1, allow_subnormal=False))
def test_a_difference_is_the_figure_with_a_sign(value: float) -> None:
    assert shown_difference(value).removeprefix("+") == shown(value)
    assert shown_difference(-value).lstrip("+-") == shown_difference(value).lstrip("+-")


def test_intervals() -> None:
    assert shown_interval(0.5314, 0.5626) == "0.531–0.563"
    assert shown_range(-0.0514, -0.0122) == "-0.051 to -0.012"
    assert shown_range(-0.0004, 0.0122) == "0.000 to +0.012"
    assert shown_interval(None, 0.5) == shown_range(0.5, None) == "–"
