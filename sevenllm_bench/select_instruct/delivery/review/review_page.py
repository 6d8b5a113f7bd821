"""The review page: all rows of a build, accepted and rejected, for a person to decide about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import LANGUAGES, TASKS
from sevenllm_bench.pages.site import Site, script_json
from sevenllm_bench.select_instruct.corpus_records import Draft
from sevenllm_bench.select_instruct.delivery.review.decisions import (
    DECISIONS_FORMAT,
    Rejected,
    build_sha256,
    row_sha256,
)
from sevenllm_bench.select_instruct.delivery.training_record import as_delivered
from sevenllm_bench.text.display import plain

#: Rows that the page lists at a time.
_LISTED = 50


def write_review(folder: str | Path, drafts: Iterable[Draft], rejected: Iterable[Rejected]) -> Path:
    """Write the page and return its path.

    Args:
        folder: A new or empty folder, or one that an earlier review of this command is in.
        drafts: Rows of the corpus.
        rejected: Rows that are not in it, with the reason: its check, a colon and what is wrong.

    Raises:
        ConfigError: The folder has other files in it or can't be written.
    """
    rows = [*((draft, "") for draft in drafts), *rejected]
    site = Site(folder, "review")
    site.write_bytes("assets/rows.js", f"window.sevenllmReview = {script_json(_data(rows))};\n".encode())
    rejections = sum(bool(reason) for _, reason in rows)
    site.page(
        "index.html",
        "review.html",
        title="Review of a corpus",
        accepted=len(rows) - rejections,
        rejected=rejections,
        languages=[language for language in LANGUAGES if any(draft.language == language for draft, _ in rows)],
        kinds=sorted({draft.kind for draft, _ in rows}),
        tasks=[task.name for task in TASKS if any(draft.category == task.name for draft, _ in rows)],
        checks=sorted({check_of(reason) for _, reason in rows if reason}),
    )
    return site.index


def check_of(reason: str) -> str:
    """The check that a reason begins with, as a label."""
    return plain(reason.partition(":")[0], 60)


def _data(rows: Sequence[Rejected]) -> dict[str, Any]:
    """What the page's script shows; rows of one excerpt share its text."""
    excerpts: dict[str, int] = {}
    listed = [_row(draft, reason, excerpts) for draft, reason in rows]
    return {
        "format": DECISIONS_FORMAT,
        "build": build_sha256(draft for draft, _ in rows),
        "page": _LISTED,
        "excerpts": list(excerpts),
        "rows": listed,
    }


def _row(draft: Draft, reason: str, excerpts: dict[str, int]) -> dict[str, Any]:
    row = as_delivered(draft)
    return {
        "id": row.id,
        "sha256": row_sha256(row),
        "reason": reason,
        "check": check_of(reason),
        "language": row.language,
        "kind": row.kind,
        "task": row.category,
        "instruction": row.instruction,
        "choices": row.choices,
        "excerpt": excerpts.setdefault(row.excerpt, len(excerpts)),
        "input": row.input,
        "thought": row.thought,
        "output": row.output,
        "source": row.origin.location,
        "licence": row.origin.licence,
        "grade": row.grade,
        "scores": row.scores,
        "repaired": row.repaired,
        "model": row.calls[-1].model if row.calls else "",
    }
