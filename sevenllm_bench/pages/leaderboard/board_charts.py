"""The data of the leaderboard's charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.text.display import plain


def board_charts(entries: Sequence[Entry]) -> dict[str, Any]:
    """The history, where there are two dates at least."""
    dates = {entry.date for entry in entries if entry.date and entry.headline is not None}
    return {"history": _history(entries)} if len(dates) > 1 else {}


def _history(entries: Sequence[Entry]) -> dict[str, Any]:
    """Every headline by date, and the best so far."""
    dated = sorted((e.date, e.headline, e.name) for e in entries if e.date and e.headline is not None)
    best: list[tuple[str, float]] = []
    for date, headline, _ in dated:
        if not best or headline > best[-1][1]:
            best.append((date, round(headline, 4)))
    if best:
        best.append((dated[-1][0], best[-1][1]))
    return {"type": "steps", "all": [[date, round(value, 4), plain(name, 40)] for date, value, name in dated], "best": best}
