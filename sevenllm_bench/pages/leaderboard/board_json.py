"""The leaderboard as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.submissions import UnusableSubmission

#: Fields of an entry that are no figures, and as large as its rows.
_LEFT_OUT = frozenset({"sketches", "row_scores"})


def board_json(entries: Sequence[Entry], current: Sequence[Entry], left_out: Sequence[UnusableSubmission]) -> bytes:
    """The leaderboard as JSON: every entry with every figure."""
    shown = {id(entry) for entry in current}
    content = {
        "sevenllm_bench": __version__,
        "headline": "unweighted mean over language x (" + ", ".join(HEADLINE.values()) + ")",
        "entries": [
            {
                **{
                    key: value
                    for key, value in asdict(replace(entry, sketches={}, row_scores={})).items()
                    if key not in _LEFT_OUT
                },
                "figures": {name: _plain(value) for name, value in entry.figures.items()},
                "encoder": entry.is_encoder,
                "newest": id(entry) in shown,
            }
            for entry in entries
        ],
        "left_out": [asdict(item) for item in left_out],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode("utf-8", "replace")


def _plain(value: Value) -> dict[str, Any]:
    fields = {"mean": value.mean, "error": value.error, "rows": value.rows}
    return {**fields, "partial": value.partial} if value.partial else fields
