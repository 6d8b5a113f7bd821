"""The review page: all rows of a build, accepted and rejected, for a person to decide about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import LANGUAGES, TASKS
from sevenllm_bench.pages.site import Site, script_json
from sevenllm_bench.select_instruct.corpus_records import Draft
from sevenllm_bench.select_instruct.delivery.review.decisions import (
    DECISIONS_FORMAT,
    REJECTED_BY_A_PERSON,
    REVIEW,
    Rejected,
    build_sha256,
    row_sha256,
    unedited,
)
from sevenllm_bench.select_instruct.delivery.training_record import as_delivered
from sevenllm_bench.text.display import plain

#: Rows that the page lists at a time.
_LISTED = 50


def write_review(folder: str | Path, drafts: Iterable[Draft], rejected: Iterable[Rejected]) -> Path:
    """Write the page and return its path.

    A build that applied decisions has them on its page: rows are shown as the model wrote them, with what a person decided.

    Args:
        folder: A new or empty folder, or one that an earlier review of this command is in.
        drafts: Rows of the corpus.
        rejected: Rows that are not in it, with the reason: its check, a colon and what is wrong.

    Raises:
        ConfigError: The folder has other files in it or can't be written.
    """
    rows = _by_id(drafts, rejected)
    site = Site(folder, "review")
    site.write_bytes("assets/rows.js", f"window.sevenllmReview = {script_json(_data(rows))};\n".encode())
    rejections = sum(bool(row.reason) for row in rows)
    site.page(
        "index.html",
        "review.html",
        title="Review of a corpus",
        accepted=len(rows) - rejections,
        rejected=rejections,
        languages=[language for language in LANGUAGES if any(row.draft.language == language for row in rows)],
        kinds=sorted({row.draft.kind for row in rows}),
        tasks=[task.name for task in TASKS if any(row.draft.category == task.name for row in rows)],
        checks=sorted({check_of(row.reason) for row in rows if row.reason}),
    )
    return site.index


def check_of(reason: str) -> str:
    """The check that a reason begins with, as a label."""
    return plain(reason.partition(":")[0], 60)


@dataclass(slots=True)
class _Shown:
    """A row of the page: the row, what checks say of it, and whether a person rejected it."""

    draft: Draft
    reason: str = ""
    is_rejected_by_a_person: bool = False

    @property
    def decided(self) -> dict[str, Any] | None:
        """What a person decided before, as the page keeps it."""
        if self.is_rejected_by_a_person:
            return {"action": "reject"}
        if self.draft.review == "accepted":
            return {"action": "accept"}
        if self.draft.review == "edited":
            return {"action": "edit"} | {name: getattr(self.draft, name) for name in self.draft.unedited}
        return None


def _by_id(drafts: Iterable[Draft], rejected: Iterable[Rejected]) -> list[_Shown]:
    """Each row once: a row that a person took back, or rejected after a check did, comes in two places of a build."""
    rows = {draft.id: _Shown(draft) for draft in drafts}
    for draft, reason in rejected:
        row = rows.setdefault(draft.id, _Shown(draft))
        row.draft = row.draft if row.draft.review else draft
        row.is_rejected_by_a_person |= reason == REJECTED_BY_A_PERSON
        if check_of(reason) == REVIEW:  # why a person's decision could not be followed comes after what the check said
            row.reason = "; ".join(filter(None, (row.reason, "" if reason == REJECTED_BY_A_PERSON else reason)))
        else:
            row.reason = row.reason or reason
    return list(rows.values())


def _data(rows: Sequence[_Shown]) -> dict[str, Any]:
    """What the page's script shows; rows of one excerpt share its text."""
    excerpts: dict[str, int] = {}
    listed = [_row(row, excerpts) for row in rows]
    return {
        "format": DECISIONS_FORMAT,
        "build": build_sha256(row.draft for row in rows),
        "page": _LISTED,
        "excerpts": list(excerpts),
        "rows": listed,
    }


def _row(shown: _Shown, excerpts: dict[str, int]) -> dict[str, Any]:
    row = as_delivered(unedited(shown.draft))
    return {
        "id": row.id,
        "sha256": row_sha256(shown.draft),
        "decided": shown.decided,
        "reason": shown.reason,
        "check": check_of(shown.reason),
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
