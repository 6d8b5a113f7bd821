"""Pairs of a query and the text that answers it, each with the incident it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sevenllm_bench.catalog import Kind
from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.corpus.selection import incidents_of
from sevenllm_bench.data.rows import Row, language_of
from sevenllm_bench.encoder_tasks.retrieval import query_of
from sevenllm_bench.finetune.encoding.source_account import Record

#: Kind of row whose reference or question a kind of query is.
_ROWS: dict[str, Kind] = {"question": "mcq", "analysis": "generation", "values": "understanding"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and the text that it should find.

    Attributes:
        query: The query.
        text: The text.
        incident: A name of what the text is about; texts of one incident are never negatives of its queries.
        language: "en" or "zh", of the text.
    """

    query: str
    text: str
    incident: str
    language: str


def pairs_of(records: Sequence[Record], queries: Iterable[str]) -> list[Pair]:
    """The pairs that rows and conversations give.

    Args:
        records: Rows, and conversations: of these the first question and the last answer.
        queries: Kinds of query, as in `PairSection`.
    """
    kinds = {_ROWS[name] for name in queries}
    found: list[Pair] = []
    for record, incident in zip(records, incidents_of(records), strict=True):
        query, text = (
            (query_of(record) if record.kind in kinds else "", record.input)
            if isinstance(record, Row)
            else _of_conversation(record)
        )
        if query.strip() and text.strip():
            language = record.language if isinstance(record, Row) else language_of(text)
            found.append(Pair(query, text, incident, language))
    return _with_texts_of_one_incident(list(dict.fromkeys(found)))


def _with_texts_of_one_incident(pairs: list[Pair]) -> list[Pair]:
    """The pairs with one incident for all that have a text in common: an answer can be given to several questions."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.get(name, name) != name:
            name = parent[name]
        return name

    first: dict[str, str] = {}
    for pair in pairs:
        one, other = sorted((root(pair.incident), root(first.setdefault(pair.text, pair.incident))))
        parent[other] = one
    return [replace(pair, incident=root(pair.incident)) for pair in pairs]


def _of_conversation(conversation: Conversation) -> tuple[str, str]:
    asked = [turn.text for turn in conversation.turns if turn.role == "user"]
    return (asked[0] if asked else "", conversation.turns[-1].text)
