"""A figure with its interval as a small bar in a table's cell. The cell has the figures in words, so the bar is decoration."""

from __future__ import annotations

from markupsafe import Markup

_WIDTH, _HEIGHT = 100, 12
_START = (
    f'<svg class="bar" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
    f'<path class="axis" d="M0 6H{_WIDTH}"/>'
)


def interval_bar(mean: float, low: float | None, high: float | None, bounds: tuple[float, float] = (0.0, 1.0)) -> Markup:
    """The bar as SVG; its classes are in `style.css`.

    Args:
        mean: The figure.
        low: Lower end of its interval; None where there is none.
        high: Upper end.
        bounds: What the bar's ends stand for; the figure is between them.
    """
    return Markup(bar_text(mean, low, high, bounds))  # noqa: S704  (numbers and words of this module alone)


def bar_text(mean: float, low: float | None, high: float | None, bounds: tuple[float, float] = (0.0, 1.0)) -> str:
    """The same as a text, for tables that are put together from texts."""
    start, factor = bounds[0], (_WIDTH - 6) / ((bounds[1] - bounds[0]) or 1.0)
    at = 3 + factor * (min(bounds[1], max(start, mean)) - start)
    if low is None or high is None:
        return f'{_START}<path class="at" d="M{at:.1f} 6h.01"/><path class="hole" d="M{at:.1f} 6h.01"/></svg>'
    left, right = (3 + factor * (min(bounds[1], max(start, end)) - start) for end in (low, high))
    return f'{_START}<path class="span" d="M{left:.1f} 6H{right:.1f}"/><path class="at" d="M{at:.1f} 6h.01"/></svg>'
