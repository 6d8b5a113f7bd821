"""Figures as they are written: one rounding for pages, tables, charts and hints.

A figure is rounded once, half to even on the float's exact value, and always from the unrounded figure: never from one that
was rounded before. A difference is the difference of unrounded figures, so that it may differ from the difference of the two
that are written in its last digit. JavaScript rounds halves up, so that scripts are given these texts;
the difference of two submissions, which leaderboard.js computes, is rounded there in the same way.
"""

from __future__ import annotations

import math

#: Decimal places of scores on pages.
DIGITS = 3
#: What is written where there is no figure.
NO_FIGURE = "–"


def shown(value: float | None, digits: int = DIGITS) -> str:
    """A figure with its decimal places, a dash where there is none; what rounds to zero has no sign.

    Args:
        value: The figure, not rounded before.
        digits: Decimal places.
    """
    if value is None or not math.isfinite(value):
        return NO_FIGURE
    text = f"{value:.{digits}f}"  # correctly rounded from the binary value, halves to even
    return text[1:] if text[0] == "-" and float(text) == 0 else text


def shown_difference(value: float | None, digits: int = DIGITS) -> str:
    """A difference of two unrounded figures with its sign, "+" or the hyphen "-"; none where it rounds to zero."""
    text = shown(value, digits)
    return text if text == NO_FIGURE or text.startswith("-") or float(text) == 0 else f"+{text}"


def shown_interval(low: float | None, high: float | None, digits: int = DIGITS) -> str:
    """An interval of scores, "0.531–0.562"; a dash where there is none."""
    return NO_FIGURE if low is None or high is None else f"{shown(low, digits)}–{shown(high, digits)}"


def shown_range(low: float | None, high: float | None, digits: int = DIGITS) -> str:
    """An interval of differences, "-0.051 to -0.012"; a dash where there is none."""
    return NO_FIGURE if low is None or high is None else f"{shown_difference(low, digits)} to {shown_difference(high, digits)}"


def p_value(p: float) -> str:
    """A p-value, with more digits where they decide."""
    return "<0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.06 else f"{p:.2f}"


def p_words(p: float) -> str:
    """The same in a sentence: "p = 0.0070", "p < 0.0001"."""
    text = p_value(p)
    return f"p < {text[1:]}" if text.startswith("<") else f"p = {text}"
