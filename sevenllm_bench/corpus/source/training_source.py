"""The examples of one source, what identifies it, and when it is broken in too many places to be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.data.rows import Row

#: A source with more than this share of broken lines, and at least so many of them, is another file.
BROKEN_SHARE, BROKEN_LINES = 0.01, 10
#: Lines of the genuine SEvenLLM-Instruct. What has more broken lines already than this many allow is not read to its end.
INSTRUCT_LINES = 91_401

#: Line number, id if it was a number, reason.
Dropped = tuple[int, int | None, str]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Training examples and what identifies them.

    Attributes:
        rows: Usable examples, in file order, with unique ids: rows of SEvenLLM, whose `category` is one of the 28 tasks or
            "Other", or conversations.
        sha256: Hash of the content as read, unpacked; of all embedded files for the embedded rows; of the commit for a data
            set of the Hub.
        origin: "hub", "file" or "embedded".
        name: Name of the corpus or file.
        lines: Lines (records) in the file, blank ones not counted.
        counts: What was normalised or left out, and how often; see `training_rows`.
        labels: Labels that are no task name: label, then "category" that it was mapped to (may be "Other") and "rows".
        dropped: What was left out: (line number, id if it was a number, reason).
        form: The records' format: "sevenllm", "alpaca", "sharegpt", "messages" or "prompt-completion".
        revision: Commit on the Hub; empty for others.
    """

    rows: tuple[Row | Conversation, ...]
    sha256: str
    origin: str
    name: str
    lines: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    labels: dict[str, dict[str, str | int]] = field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()
    form: str = "sevenllm"
    revision: str = ""


def is_hopeless(broken: int, lines: int) -> bool:
    """Whether so many of the lines read so far are broken that reading on is of no use."""
    return broken > BROKEN_SHARE * max(lines, INSTRUCT_LINES)


def too_many_broken(broken: int, lines: int, what: str, dropped: Sequence[Dropped]) -> str:
    """Why a source is refused, in words; empty if it isn't.

    Args:
        broken: Broken lines.
        lines: All lines.
        what: What a line should be, e.g. "rows of SEvenLLM-Instruct".
        dropped: What was left out; the first is named.
    """
    if broken < BROKEN_LINES or broken <= BROKEN_SHARE * lines:
        return ""
    return (
        f"{broken:,} of {lines:,} lines are no {what}; more than {BROKEN_SHARE:.0%} means that this is another file or a "
        f"damaged one.{first_of(dropped)}"
    )


def first_of(dropped: Sequence[Dropped]) -> str:
    """A sentence about the first line that was left out; empty without one."""
    return f" The first: line {dropped[0][0]}, {dropped[0][2]}." if dropped else ""
