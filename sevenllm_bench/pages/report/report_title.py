"""The title of a report's pages: what a tab, a bookmark or a link preview shows."""

from __future__ import annotations

from collections.abc import Sequence

_MOST_NAMED = 2


def report_title(names: Sequence[str]) -> str:
    """The names of the runs and what it is: "A, B and 3 more: SEvenLLM report".

    Args:
        names: Of the runs, as short as the page has them, in its order.
    """
    more = len(names) - _MOST_NAMED
    if more > 0:
        return f"{', '.join(names[:_MOST_NAMED])} and {more} more: SEvenLLM report"
    return f"{' and '.join(names)}: SEvenLLM report"
