"""Which rows are about the same incident.

The official file was written from reports, and most reports come twice in it: row n (1-300 and 601-900) asks for extraction,
row n + 300 for an analysis, each with an excerpt or a summary of its own. So the texts differ, and one incident has two.
Checked on the file: among the 300 analyses of a language, BM25 ranks that of row n + 300 first for 284 English and 272
Chinese rows n. Outside these pairs no two texts have more than 0.61 of their runs of five characters or words in common.
A searcher finds the other text of the report first for many queries: all-MiniLM-L6-v2 for 19 % of the English ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sevenllm_bench.data.rows import Row
from sevenllm_bench.text.unicode import nfkc

#: Rows of extraction in the official file, by language; the row of the same report is this far behind.
_FIRST_OF_PAIR = (*range(1, 301), *range(601, 901))
_PAIR_DISTANCE = 300


def same_text(text: str) -> str:
    """What texts have in common that differ only in white space and Unicode form: NFKC without any white space."""
    return "".join(nfkc(text).split())


def documents(rows: Iterable[Row]) -> dict[int, str]:
    """The distinct texts of rows, by the least id of the rows that have it; in the order of ids."""
    first: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row.id):
        first.setdefault(same_text(row.input), row)
    return {row.id: row.input for row in first.values()}


def incidents(rows: Sequence[Row]) -> Mapping[int, int]:
    """Row id to incident: the least id of the rows of one language about it.

    Rows are of one incident where they have the same text, or are an official pair, see above.
    """
    by_id = {row.id: row for row in rows}
    incident = {row_id: row_id for row_id in by_id}

    def root(row_id: int) -> int:
        while incident[row_id] != row_id:
            row_id = incident[row_id]
        return row_id

    def join(one: int, other: int) -> None:
        low, high = sorted((root(one), root(other)))
        incident[high] = low

    first: dict[tuple[str, str], int] = {}
    for row in rows:
        join(row.id, first.setdefault((row.language, same_text(row.input)), row.id))
    for row_id in _FIRST_OF_PAIR:
        one, other = by_id.get(row_id), by_id.get(row_id + _PAIR_DISTANCE)
        if one and other and one.source == other.source == "official" and one.language == other.language:
            join(one.id, other.id)
    return {row_id: root(row_id) for row_id in by_id}
