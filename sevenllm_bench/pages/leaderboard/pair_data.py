"""What comparing two submissions in the page needs: a script with the titles of figures, and scripts with those of submissions.

A submission's figures are loaded when it is chosen, so that the page is small whatever the number of submissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sevenllm_bench.figures.vocabulary import VERDICT_NAMES
from sevenllm_bench.metrics.registry import bounds, higher_is_better
from sevenllm_bench.pages.leaderboard.entry import Entry, Facts
from sevenllm_bench.pages.leaderboard.model_figures import SHOWN, ModelFigure, figure_title
from sevenllm_bench.pages.site import script_json
from sevenllm_bench.text.display import plain

#: Submissions in one script of figures: some 50 KB. A file for each would take a tenth of the time of a whole leaderboard.
IN_FILE = 10


def board_script(ids: Iterable[str]) -> bytes:
    """The script of the whole board: its submissions' ids, the words of verdicts, and of every figure what `_title` says."""
    titles = [_title(name) for name in SHOWN]
    content = script_json({"ids": list(ids), "in_file": IN_FILE, "verdicts": VERDICT_NAMES, "titles": titles, "entries": {}})
    return f"window.sevenllmBoard={content};\n".encode()


def _title(name: str) -> tuple[Any, ...]:
    """Of a figure: name, level, title, metric, least and greatest value, whether more of it is better."""
    metric = name.rpartition(".")[2]
    return (name, *figure_title(name), *bounds(metric), higher_is_better(metric))


def pair_scripts(scripts: Sequence[bytes]) -> dict[str, bytes]:
    """The files of the submissions' scripts, by name.

    Args:
        scripts: Each submission's, in the order of the ids in `board_script`.
    """
    starts = range(0, len(scripts), IN_FILE)
    return {f"submissions/figures-{start // IN_FILE}.js": b"".join(scripts[start : start + IN_FILE]) for start in starts}


def pair_script(entry: Entry, own_id: str, figures: Sequence[ModelFigure]) -> bytes:
    """A script that puts a submission's figures where `leaderboard.js` finds them.

    Args:
        entry: The submission.
        own_id: Its id in addresses.
        figures: Its figures.
    """
    content = {
        "name": plain(entry.name, 80),
        "about": plain(", ".join(part for part in _about(entry) if part), 200),
        "command": plain(entry.command, 1_000),
        "figures": {figure.name: _figure(figure) for figure in figures},
    }
    return f"window.sevenllmBoard.entries[{script_json(own_id)}]={script_json(content)};\n".encode()


def _about(entry: Entry) -> Sequence[str]:
    facts = (_size(entry.facts), entry.facts.licence, entry.protocol, entry.date, entry.revision[:12])
    return (*facts, *entry.marks, "not verified" if entry.is_unverified else "")


def _size(facts: Facts) -> str:
    return "" if facts.parameters is None else f"{facts.parameters:g} B"


def _figure(figure: ModelFigure) -> list[Any]:
    """Rows, the exact figure (for differences) and the figure in words; where there is an interval, its ends and it in words."""
    found: list[Any] = [figure.rows, figure.mean, figure.shown]
    if figure.low is not None and figure.high is not None:
        found += [round(figure.low, 5), round(figure.high, 5), figure.interval]
    return found
