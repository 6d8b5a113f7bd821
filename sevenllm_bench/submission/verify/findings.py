"""What a verification says of each thing it looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sevenllm_bench.figures.vocabulary import figure_name
from sevenllm_bench.text.display import printable

#: "confirmed", "differs" (also: missing, not allowed), "unconfirmed" (it can't be inferred from a bundle), or worth knowing.
Status = Literal["confirmed", "differs", "unconfirmed", "note"]
#: How far apart a submitted figure and the one computed again may be: both may have been written with six digits.
TOLERANCE = 1e-6
STATUSES: tuple[Status, ...] = ("differs", "unconfirmed", "note", "confirmed")
#: What can be claimed and not confirmed from a bundle, by the name that `verify --allow-unconfirmed` takes.
CLAIMS = {
    "semantic": "semantic similarity, which needs the embedding model",
    "judge": "the judge's marks",
    "prompts": "what stands around the prompts: a chat template, a system instruction; or prompts not known here",
    "model": "a repository or revision that only the submitter names",
    "replay": "answers replayed from a file, for which the model was not run",
    "copies": "answers like the references, or like another submission's",
    "length": "figures with answers too long to be scored here, or longer than the run allowed",
    "settings": "what the results don't say, or say of another version: limit, signature, task and metric versions",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        check: What kind of thing: "bundle", "manifest", "data", "rows", "coverage", "limit", "prompts", "scores", …
        what: The thing: a file, a task, a figure.
        status: What was found.
        detail: How it differs, by how much, or why it can't be confirmed.
        claimed: The figure claimed, where it is about one.
        found: The figure recomputed.
        of_task: Whether it is about a figure of one task, of which there are many.
        claim: What can't be confirmed, a name in `CLAIMS`; empty for other statuses.
    """

    check: str
    what: str
    status: Status
    detail: str = ""
    claimed: float | None = None
    found: float | None = None
    of_task: bool = False
    claim: str = ""

    @property
    def line(self) -> str:
        """The finding in one printable line, with identifiers of figures and tasks."""
        return self._line(self.what)

    @property
    def line_in_words(self) -> str:
        """The same with figures and tasks in words."""
        return self._line(self.title)

    def _line(self, what: str) -> str:
        detail = f": {printable(self.detail, 600)}" if self.detail else ""
        return f"{self.check}: {printable(what)}{detail}"

    @property
    def title(self) -> str:
        """The thing in words: "English, multiple choice (acc)"; what has no other words as it is."""
        return figure_name(self.what)

    def as_json(self) -> dict[str, Any]:
        """The finding as a JSON object; what is not given is left out, and so is a title that says the same as `what`."""
        names = ("check", "what", "title", "status", "detail", "claim", "claimed", "found")
        fields = {name: getattr(self, name) for name in names if name != "title" or self.title != self.what}
        return {
            name: printable(value, 600) if isinstance(value, str) else value
            for name, value in fields.items()
            if value not in (None, "")
        }


def unconfirmed(check: str, what: str, claim: str, detail: str) -> Finding:
    """A claim that can't be confirmed.

    Args:
        check: Kind of thing.
        what: The thing.
        claim: A name in `CLAIMS`.
        detail: Why.
    """
    return Finding(check, what, "unconfirmed", detail, claim=claim)


def figure_finding(check: str, what: str, claimed: float | None, found: float | None) -> Finding:
    """Compare a figure claimed with the one recomputed.

    Args:
        check: Kind of thing.
        what: The figure's name.
        claimed: None where it is missing, or is no finite number.
        found: None where there is nothing to compute it from.
    """
    if claimed is None or found is None:
        detail = "missing, or no finite number" if claimed is None else "no row in the bundle to compute it from"
        return Finding(check, what, "differs", detail, claimed, found)
    if abs(claimed - found) <= TOLERANCE:
        return Finding(check, what, "confirmed", "", claimed, found)
    by = f"claimed {claimed:.6f}, recomputed {found:.6f} (differs by {claimed - found:+.6f})"
    return Finding(check, what, "differs", by, claimed, found)


@dataclass(frozen=True, slots=True)
class Verification:
    """All findings about one bundle.

    Attributes:
        findings: In the order of the checks.
        label: The model's name, as far as it could be read.
    """

    findings: tuple[Finding, ...]
    label: str = ""

    def of(self, status: Status) -> list[Finding]:
        """The findings with this status."""
        return [finding for finding in self.findings if finding.status == status]

    @property
    def counts(self) -> dict[Status, int]:
        """Number of findings by status, the most severe first."""
        counted = Counter(finding.status for finding in self.findings)
        return {status: counted[status] for status in STATUSES}

    def refused(self, allowed: Collection[str] = ()) -> list[Finding]:
        """What differs, and what can't be confirmed and is not among the claims (names in `CLAIMS`) allowed."""
        return [*self.of("differs"), *(finding for finding in self.of("unconfirmed") if finding.claim not in allowed)]

    def exit_code(self, allowed: Collection[str] = ()) -> int:
        """0 when nothing is refused, else 1."""
        return int(bool(self.refused(allowed)))


def some(items: Iterable[Any], most: int = 5) -> str:
    """The first few items, and how many more there are."""
    texts: Sequence[str] = [str(item) for item in items]
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more
