"""What a person decided on the review page: read from the file that it saves, and applied to the rows of a build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import read_bytes, user_path
from sevenllm_bench.select_instruct.corpus_records import Draft
from sevenllm_bench.select_instruct.delivery.training_record import as_delivered, format_problems
from sevenllm_bench.select_instruct.quality.row_schema import SchemaCheck
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.text.display import printable

DECISIONS_FORMAT = "sevenllm-bench review decisions, version 1"
#: Name of the check in the reasons of rows that a person rejected.
REVIEW = "review"
REJECTED_BY_A_PERSON = f"{REVIEW}: rejected by a person"
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
#: Fields of a row that a person may change.
_EDITABLE = ("instruction", "choices", "thought", "output")
#: Rows that are named in an error.
_NAMED = 10

#: A rejected row, with its check and reason in one text.
Rejected = tuple[Draft, str]


class Decision(BaseModel):
    """What a person decided about a row.

    Attributes:
        id: Of the row.
        sha256: Of the row that was shown, see `row_sha256`.
        action: "accept", "reject", or "edit", which accepts the row as changed.
        instruction: The changed instruction; None where it wasn't.
        choices: The changed options of an MCQ.
        thought: The changed thought.
        output: The changed answer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    sha256: _Sha256
    action: Literal["accept", "reject", "edit"]
    instruction: str | None = None
    choices: dict[str, str] | None = None
    thought: str | None = None
    output: Any = None

    @property
    def changes(self) -> dict[str, Any]:
        """The changed fields."""
        return {name: value for name in _EDITABLE if (value := getattr(self, name)) is not None}

    @model_validator(mode="after")
    def _edits_change_something(self) -> Decision:
        if (self.action == "edit") != bool(self.changes):
            raise ValueError("an edit changes the instruction, the choices, the thought or the output; no other action does")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal["sevenllm-bench review decisions, version 1"]
    build: _Sha256
    decisions: tuple[Decision, ...]


def row_sha256(draft: Draft) -> str:
    """Hash of what the review page shows of a row: as it would go into the corpus without a person's edit."""
    row = as_delivered(unedited(draft))
    shown = row.model_dump(mode="json", include={"id", "kind", "category", "language", "input", *_EDITABLE})
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def unedited(draft: Draft) -> Draft:
    """The row as the model wrote it."""
    return draft.model_copy(update=draft.unedited)


def build_sha256(rows: Iterable[Draft]) -> str:
    """Hash of all rows of a review, by which the page tells its own decisions from those of another build."""
    return hashlib.sha256("\n".join(sorted(map(row_sha256, rows))).encode()).hexdigest()


def read_decisions(path: str | Path) -> dict[str, Decision]:
    """The decisions that the review page saved, by the row's id.

    Raises:
        ConfigError: The file can't be read, is no file of decisions, or decides a row twice.
    """
    file = user_path(path, ConfigError)
    if not file.is_file():
        raise ConfigError(f"decisions: there is no file {file}; the review page saves it where the browser puts downloads")
    try:
        read = _File.model_validate_json(read_bytes(file, ConfigError))
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{file}: not the decisions of a review page ({where + ': ' if where else ''}{first['msg']}); save them again there"
        ) from None
    decisions = {decision.id: decision for decision in read.decisions}
    if len(decisions) < len(read.decisions):
        raise ConfigError(f"{file}: decides some rows twice; save it again on the review page")
    return decisions


def apply_decisions(
    drafts: Iterable[Draft], rejected: Iterable[Rejected], decisions: Mapping[str, Decision]
) -> tuple[list[Draft], list[Rejected]]:
    """Apply a person's decisions to the rows of a build.

    A row that a person accepts or edits is in the corpus, whatever the checks said, where it fits the format and the rules of
    `data.validate`, and was not rejected for showing the benchmark; else it stays rejected, with the reason. `Draft.review`
    says what a person did.

    Args:
        drafts: Rows that passed the checks.
        rejected: Rows that didn't, with the reasons.
        decisions: Of `read_decisions`.

    Returns:
        The rows of the corpus, and the rejected ones; each in the order given, moved ones at the end.

    Raises:
        ConfigError: A decision is about a row that isn't there, or is another one now: the file is of another build.
    """
    drafts, rejected = list(drafts), list(rejected)
    _refuse_other_builds([*drafts, *(draft for draft, _ in rejected)], decisions)
    accepted: list[Draft] = []
    refused: list[Rejected] = []
    for draft, reason in [*((draft, "") for draft in drafts), *rejected]:
        decided, why = _decided(draft, reason, decisions.get(draft.id))
        if why:
            refused.append((decided, why))
        else:
            accepted.append(decided)
    return accepted, refused


def _decided(draft: Draft, reason: str, decision: Decision | None) -> tuple[Draft, str]:
    """The row after a decision, and why it is rejected; "" for a row of the corpus."""
    if decision is None:
        return draft, reason
    if decision.action == "reject":
        return draft, REJECTED_BY_A_PERSON
    if _shows_the_benchmark(reason):
        return draft, f"{reason} (a person's decision changes nothing in that)"
    review = "accepted" if decision.action == "accept" else "edited"
    before = {name: getattr(draft, name) for name in decision.changes}
    changed = as_delivered(draft.model_copy(update={**decision.changes, "review": review, "unedited": before}))
    form = SchemaCheck().problem(changed, QualitySection())
    problems = [form] if form else format_problems(changed)
    return changed, f"{REVIEW}: {review} by a person, but {problems[0].reason}" if problems else ""


def _shows_the_benchmark(reason: str) -> bool:
    check = reason.partition(":")[0].casefold()
    return "leak" in check or "benchmark" in check


def _refuse_other_builds(rows: Sequence[Draft], decisions: Mapping[str, Decision]) -> None:
    known = {draft.id: draft for draft in rows if draft.id in decisions}
    unknown = sorted(decisions.keys() - known.keys())
    if unknown:
        raise ConfigError(f"decisions about rows that this build doesn't have: {_names(unknown)}; review this build's own page")
    changed = [name for name, draft in known.items() if row_sha256(draft) != decisions[name].sha256]
    if changed:
        raise ConfigError(
            f"decisions about rows that are written otherwise now: {_names(changed)}; the file is of another build, review this "
            "build's own page"
        )


def _names(ids: Sequence[str]) -> str:
    return ", ".join(printable(name, 120) for name in ids[:_NAMED]) + (
        f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
    )
