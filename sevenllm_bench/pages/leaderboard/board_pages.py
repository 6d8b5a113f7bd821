"""Submissions to a page and its JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.pages.leaderboard.bands import with_bands
from sevenllm_bench.pages.leaderboard.board_charts import board_preview
from sevenllm_bench.pages.leaderboard.board_checks import check_counts
from sevenllm_bench.pages.leaderboard.board_json import board_json
from sevenllm_bench.pages.leaderboard.board_tables import table_values
from sevenllm_bench.pages.leaderboard.entry import Entry, Facts
from sevenllm_bench.pages.leaderboard.entry_ids import entry_ids
from sevenllm_bench.pages.leaderboard.marks import with_marks
from sevenllm_bench.pages.leaderboard.model_metadata import unused_facts, with_facts
from sevenllm_bench.pages.leaderboard.model_pages import write_model_pages
from sevenllm_bench.pages.leaderboard.published_models import published_models
from sevenllm_bench.pages.leaderboard.standings import ranked_of
from sevenllm_bench.pages.leaderboard.submissions import FoundSubmission, UnusableSubmission, find_submissions
from sevenllm_bench.pages.site import Site


@dataclass(frozen=True, slots=True)
class WrittenBoard:
    """What was written.

    Attributes:
        index: The page to open.
        entries: Number of submissions on it.
        left_out: Submissions that couldn't be read.
        unused: Names in the file of facts that no submission has.
        refused: Submissions on it without a rank since they contradict themselves or the benchmark.
    """

    index: Path
    entries: int
    left_out: tuple[UnusableSubmission, ...]
    unused: tuple[str, ...] = ()
    refused: tuple[Entry, ...] = ()


def build_leaderboard(
    paths: Sequence[str | Path],
    folder: str | Path,
    known: Mapping[str, Facts] | None = None,
    check: Callable[[Sequence[FoundSubmission]], list[Entry]] | None = None,
    site_url: str = "",
) -> WrittenBoard:
    """Write the leaderboard of submissions.

    Args:
        paths: See `read_submissions`.
        folder: Where to write, see `Site`.
        known: What no run says of models, see `read_facts`.
        check: Verifies the submissions, see `board_checks.checked`; None leaves them as submitted.
        site_url: Where it will be published, see `Site`.

    Raises:
        ResultsError: There is no usable submission.
        ConfigError: The folder can't be written, or a library for pages is missing.
    """
    found, left_out = find_submissions(paths)
    read = check(found) if check else [one.entry for one in found]
    entries = _ranked(with_marks([with_facts(entry, known or {}) for entry in read]))
    current, older = _newest([entry for entry in entries if not entry.refused])
    entries = with_bands(entries, current)
    current, older = _newest([entry for entry in entries if not entry.refused])
    refused = [entry for entry in entries if entry.refused]
    site = Site(folder, "leaderboard", site_url)
    ids = dict(zip(map(id, entries), entry_ids(entries), strict=True))
    beside = published_models(ranked_of(current))
    site.write_bytes("leaderboard.json", board_json(entries, current, left_out, beside))
    site.preview(board_preview(current, len(entries)))
    write_model_pages(site, entries, current, ids)
    values = table_values(entries, current, older, ids, left_out, beside)
    site.page("index.html", "leaderboard.html", **values, refused=refused, checks=check_counts(entries, check is not None))
    unused = unused_facts(known or {}, (entry.name for entry in entries))
    return WrittenBoard(site.index, len(entries), tuple(left_out), tuple(unused), tuple(refused))


def _ranked(entries: Sequence[Entry]) -> list[Entry]:
    """Best headline first; then those without a rank, by name, those refused one last."""
    return sorted(
        entries, key=lambda e: (bool(e.refused), e.headline is None, -(e.headline or 0.0), e.name.casefold(), e.date, e.id)
    )


def _newest(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The newest submission of each model and protocol, and the older ones; both in the order given."""
    newest: dict[tuple[Any, ...], Entry] = {}
    for entry in entries:
        key = (*entry.key, entry.headline is None)  # a partial run replaces no whole one
        rival = newest.get(key)
        if rival is None or (entry.date, entry.moment) > (rival.date, rival.moment):
            newest[key] = entry
    chosen = {id(entry) for entry in newest.values()}
    return [e for e in entries if id(e) in chosen], [e for e in entries if id(e) not in chosen]
