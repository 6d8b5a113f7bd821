"""A figure with its interval as a small bar in a table's cell. The cell has the figures in words, so the bar is decoration."""

from __future__ import annotations

from markupsafe import Markup

_WIDTH, _HEIGHT = 100, 12


def interval_bar(mean: float, low: float | None, high: float | None, bounds: tuple[float, float] = (0.0, 1.0)) -> Markup:
    """The bar as SVG; its classes are in `style.css`.

    Args:
        mean: The figure.
        low: Lower end of its interval; None where there is none.
        high: Upper end.
        bounds: What the bar's ends stand for; the figure is between them.
    """

    def place(value: float) -> str:
        share = (value - bounds[0]) / ((bounds[1] - bounds[0]) or 1.0)
        return f"{3 + (_WIDTH - 6) * min(1.0, max(0.0, share)):.1f}"

    span = "" if low is None or high is None else f'<path class="span" d="M{place(low)} 6H{place(high)}"/>'
    hole = "" if span else f'<path class="hole" d="M{place(mean)} 6h.01"/>'
    return Markup(  # noqa: S704  (numbers and words of this function alone)
        f'<svg class="bar" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<path class="axis" d="M0 6H{_WIDTH}"/>{span}<path class="at" d="M{place(mean)} 6h.01"/>{hole}</svg>'
    )
