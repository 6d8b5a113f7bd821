"""What passes between the steps of a corpus build, typed; each record travels as one datatrove `Document`.

The life of a text: `RawFile` (what was fetched or found) → `SourceText` (its clean text) → `Excerpt` with `TaskChoice`
(what the model is asked to write) → `Draft` (what it wrote), with `CheckFinding`s of the checks.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from datatrove.data import Document
from pydantic import BaseModel, ConfigDict

from sevenllm_bench.catalog import Kind, Language


class Record(BaseModel):
    """A record: JSON in and out, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    #: Names the record in its stage, the same in every run.
    id: str


class Origin(BaseModel):
    """Where a text comes from, and what is known of the right to use it.

    Attributes:
        source: The entry of the user's list of sources that led to it.
        location: Path of a local file (relative to its source), or the final URL after redirects.
        fetched: When it was fetched, ISO 8601 in UTC; None for local files.
        licence: The user's note on the licence of this source, "" where none was given.
        robots: Decision of robots.txt: "allowed", "no robots.txt", "allowed by the user", or "local file".
        sha256: Of the raw bytes.
        warc: "FILE:OFFSET" of the record of the response; None for local files.
        etag: The server's ETag, for conditional requests.
        last_modified: The server's Last-Modified.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    location: str
    fetched: str | None = None
    licence: str = ""
    robots: str = "local file"
    sha256: str
    warc: str | None = None
    etag: str | None = None
    last_modified: str | None = None


class RawFile(Record):
    """One file or response, before extraction; its bytes lie in `origin.warc` or at `path`.

    Attributes:
        origin: Where it comes from.
        path: Absolute path of a local file; None for what was fetched.
        media_type: "text/html", "application/pdf", "text/markdown", "text/plain", "application/jsonl": by the server's
            header, the file's name, and its first bytes.
        charset: The charset that the server's header names; None where it names none.
        title: Known before extraction (of a feed's entry), "" otherwise.
        published: Known before extraction, ISO 8601; None otherwise.
    """

    origin: Origin
    path: str | None = None
    media_type: str
    charset: str | None = None
    title: str = ""
    published: str | None = None


class SourceText(Record):
    """The clean main text of one report.

    Attributes:
        origin: Where it comes from.
        title: Its title, "" where none was found.
        published: The day it was published, ISO 8601; None where none was found.
        language: The language of its prose.
        text: Main text in paragraphs, parted by blank lines; indicators as written.
        hidden: Text of the page that a reader doesn't see (comments, hidden elements): looked at for poison only.
    """

    origin: Origin
    title: str
    published: str | None
    language: Language
    text: str
    hidden: tuple[str, ...] = ()


class TaskChoice(BaseModel):
    """A task that fits an excerpt.

    Attributes:
        kind: "understanding", "generation" or "mcq".
        task: English name of one of the 28 tasks.
        thought: Why this task, and what to look for; in the language of the text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    task: str
    thought: str


class Excerpt(Record):
    """A part of a text that stands alone; `id` is the text's id, "#" and the number of the excerpt.

    Attributes:
        text_id: Id of the `SourceText`.
        origin: Where the text comes from.
        title: Of the text.
        language: Of the text.
        text: Whole paragraphs of the text, verbatim.
        choices: The tasks that the model picked for it; empty before it was asked.
        calls: What the model was asked for it.
    """

    text_id: str
    origin: Origin
    title: str
    language: Language
    text: str
    choices: tuple[TaskChoice, ...] = ()
    calls: tuple[ModelCall, ...] = ()


class ModelCall(BaseModel):
    """One answered request to a model.

    Attributes:
        step: "select", "instruct", "repair", "critic" or "rewrite".
        model: The model's name.
        prompt: Name and version of the prompt.
        prompt_sha256: Hash of the wording of the prompt.
        request: Key of the request in the file of replies.
        tokens_in: Tokens of the prompts, over all attempts.
        tokens_out: Tokens of the replies, over all attempts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    step: str
    model: str
    prompt: str
    prompt_sha256: str
    request: str
    tokens_in: int
    tokens_out: int


class CheckFinding(BaseModel):
    """What a check says of a draft.

    Attributes:
        check: Name of the check.
        reason: What is wrong, in words that the model can act on.
        score: The figure behind it (a share in [0, 1], say), where there is one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    reason: str
    score: float | None = None


class Draft(Record):
    """A training row as the model wrote it; `id` is the excerpt's id, "/", the kind and the task's slug.

    Attributes:
        text_id: Id of the `SourceText`.
        origin: Where the text comes from.
        language: Of the text; the row has to be in it.
        kind: What the row asks for.
        category: English name of the task.
        excerpt: The excerpt that the model was shown.
        instruction: What is asked, without the opening words of the format.
        choices: Options of an MCQ by letter; empty otherwise.
        input: The part of the excerpt that goes into the row, verbatim.
        thought: The reasoning that leads to the answer.
        output: JSON value for understanding, prose for generation, a letter for MCQ.
        calls: What the model was asked for it, in order.
        repaired: Whether it was written again after a finding.
        findings: What the checks say of it now; empty for a sound row.
        scores: Figures of checks that found nothing wrong, by check.
        grade: The critic's grade, 1 to 5; None without a critic.
        review: What a person did with it on the review page: "accepted", "edited", or "" for nothing.
        unedited: The fields that a person changed, by name, as the model wrote them.
    """

    text_id: str
    origin: Origin
    language: Language
    kind: Kind
    category: str
    excerpt: str
    instruction: str
    choices: dict[str, str] = {}
    input: str
    thought: str
    output: Any
    calls: tuple[ModelCall, ...] = ()
    repaired: bool = False
    findings: tuple[CheckFinding, ...] = ()
    scores: dict[str, float] = {}
    grade: int | None = None
    review: Literal["", "accepted", "edited"] = ""
    unedited: dict[str, Any] = {}


_AnyRecord = TypeVar("_AnyRecord", bound=Record)


def document_of(record: Record) -> Document:
    """The record as datatrove carries it: its text, its id, and the rest as metadata."""
    fields = record.model_dump(mode="json")
    return Document(text=str(fields.pop("text", "")), id=fields.pop("id"), metadata=fields)


def record_of(document: Document, kind: type[_AnyRecord]) -> _AnyRecord:
    """The record that a document carries.

    Raises:
        ValueError: It carries another one.
    """
    fields = {**document.metadata, "id": document.id}
    if "text" in kind.model_fields:
        fields["text"] = document.text
    return kind.model_validate(fields)


Excerpt.model_rebuild()
