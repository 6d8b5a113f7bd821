"""Checks on the embedded rows, which are written by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sevenllm_bench.catalog import LANGUAGES, LEAVES, Language
from sevenllm_bench.data.embedded import FIRST_ID, SPLITS, Split, load_embedded
from sevenllm_bench.data.rows import LETTERS, OPENINGS, Row
from sevenllm_bench.text.leaf_values import leaf_values

#: Rows that each of the 56 cells has at least, by split.
ROWS_PER_CELL = {"test": 4, "fewshot": 2, "train": 3}
#: MCQ rows that each language has at least, by split.
MCQ_PER_LANGUAGE = {"test": 16, "fewshot": 2, "train": 3}
INCIDENTS_PER_LANGUAGE = 24
#: Classification may answer with a label that the instruction offers instead of words of the incident text.
_LABELLED = "Cybersecurity Event Classification"


_Splits = dict[tuple[Language, Split], tuple[Row, ...]]


def problems() -> list[str]:
    """What is wrong with the embedded rows, one line each; empty when all is well."""
    splits = {(language, split): load_embedded(language, split) for language in LANGUAGES for split in SPLITS}
    found = [line for rows in splits.values() for row in rows for line in row_problems(row)]
    found += _counts(splits)
    everything = [row for rows in splits.values() for row in rows]
    found += [f"id {row_id} comes {count} times" for row_id, count in Counter(row.id for row in everything).items() if count > 1]
    asked = Counter((row.input, str(row.instruction)) for row in everything)
    found += [f"the same question comes {count} times: {question[1]:.60}" for question, count in asked.items() if count > 1]
    return found + _shared_incidents(splits)


def row_problems(row: Row) -> Iterator[str]:
    """What is wrong with one embedded row: format, ungrounded values, empty parts."""
    where = f"row {row.id} ({row.category})"
    if row.id < FIRST_ID:
        yield f"{where}: id below {FIRST_ID}, which are for official rows"
    if not row.thought.strip() or not row.input.strip():
        yield f"{where}: empty input or thought"
    if row.kind != "mcq" and not any(str(row.instruction).startswith(opening) for opening in OPENINGS):
        yield f"{where}: the instruction doesn't open as in the official format"
    if row.kind == "understanding":
        yield from _extraction_problems(row, where)
    elif row.kind == "generation" and (not row.output.strip() or row.output.strip()[-1] not in ".。"):
        yield f"{where}: the reference is not prose that ends in a full stop"
    elif row.kind == "mcq" and len(set(row.choices.values())) != len(LETTERS):
        yield f"{where}: two options are the same"


def _extraction_problems(row: Row, where: str) -> Iterator[str]:
    values = leaf_values(row.output)
    if not isinstance(row.output, dict) or not values:
        yield f"{where}: the reference is not an object with values"
    for value in values:
        labelled = row.category == _LABELLED and value in str(row.instruction)
        if not value.strip() or (value not in row.input and not labelled):
            yield f"{where}: {value!r} is not in the incident text"


def _counts(splits: _Splits) -> Iterator[str]:
    for (language, split), rows in splits.items():
        per_leaf = Counter(row.leaf for row in rows)
        for leaf in LEAVES:
            wanted = (ROWS_PER_CELL if leaf.task else MCQ_PER_LANGUAGE)[split]
            if leaf.language == language and per_leaf[leaf] < wanted:
                yield f"{leaf.name}, {split}: {per_leaf[leaf]} rows, {wanted} wanted"
        if any(row.language != language for row in rows):
            yield f"{language}_{split}: a row of the other language"
        letters = Counter(row.output for row in rows if row.kind == "mcq")
        if len(set(letters.values())) != 1 or len(letters) != len(LETTERS):
            yield f"{language}_{split}: MCQ letters are not balanced: {dict(letters)}"
    for language in LANGUAGES:
        incidents = {row.input for split in SPLITS for row in splits[language, split]}
        if len(incidents) < INCIDENTS_PER_LANGUAGE:
            yield f"{language}: {len(incidents)} incident texts, {INCIDENTS_PER_LANGUAGE} wanted"


def _shared_incidents(splits: _Splits) -> list[str]:
    split_of: dict[str, str] = {}
    found: list[str] = []
    for (_, split), rows in splits.items():
        found += [
            f"row {row.id}: its incident text is in the splits {split_of[row.input]} and {split}"
            for row in rows
            if split_of.setdefault(row.input, split) != split
        ]
    return found
