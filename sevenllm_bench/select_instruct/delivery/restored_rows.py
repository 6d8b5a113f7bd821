"""Rows that were passed on without their texts, and the texts collected again: the training file, byte for byte."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sevenllm_bench.corpus.source.line_reader import numbered_lines
from sevenllm_bench.errors import DataError
from sevenllm_bench.select_instruct.delivery.training_file import ROWS_FORMAT, encoded_line, line_of, sha256_of

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(strict=True, ge=0)]
#: Where an input may begin in a text that was changed: at a line, or after the end of a sentence.
_BEGINS = re.compile(r"^|[\n.。!?！？;；:：]\s*")
#: Longer parts are looked for at their own place only, so that a forged file can't keep a computer busy.
_LONGEST_LOOKED_FOR = 20_000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Head(_Strict):
    format: Literal["sevenllm-bench rows without texts, version 1"]
    rows: _Count
    train_sha256: _Sha256


class _Place(_Strict):
    text: str
    source: str
    location: str
    text_sha256: _Sha256
    begin: _Count
    end: _Count
    sha256: _Sha256


class _PlacedRow(_Strict):
    id: int
    category: str
    instruction: str
    input: _Place
    thought: str
    output: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A row whose input can't be put back: its id, where its text is from, and why."""

    row: int
    location: str
    reason: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What restoring gives.

    Attributes:
        lines: The lines of the training file, those of missing rows left out.
        missing: Rows that can't be restored.
        moved: Rows whose text was changed since, though not in their part of it.
    """

    lines: tuple[str, ...]
    missing: tuple[Missing, ...]
    moved: int


def restore(rows: Path, texts: Path) -> Restored:
    """Put the inputs back.

    Args:
        rows: What `write_rows_without_texts` wrote.
        texts: JSON lines of `SourceText`s, as `corpus collect` writes them.

    Raises:
        DataError: A file is not of its format, or the rows were changed since they were written.
    """
    head, placed = _read_rows(rows)
    known = _Texts(_read_texts(texts), placed)
    lines: list[str] = []
    missing: list[Missing] = []
    moved = 0
    for row in placed:
        found = known.part_of(row.input)
        if isinstance(found, str):
            missing.append(Missing(row.id, row.input.location, found))
        else:
            part, is_moved = found
            moved += is_moved
            lines.append(line_of(row.model_dump() | {"input": part}))
    if not missing and _sha256_of(lines) != head.train_sha256:
        raise DataError(
            f"{rows}: its rows were changed since it was written (sha256 of the restored file differs); fetch it again"
        )
    return Restored(tuple(lines), tuple(missing), moved)


def _sha256_of(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(encoded_line(line))
    return digest.hexdigest()


def _read_rows(path: Path) -> tuple[_Head, Sequence[_PlacedRow]]:
    lines = numbered_lines(path, hashlib.sha256())
    number, first = next(lines, (1, b""))
    try:
        head = _Head.model_validate_json(first)
    except ValidationError:
        raise DataError(
            f"{path}, line {number}: not rows without texts (the first line should name the format {ROWS_FORMAT!r}); a file "
            "with texts, train.jsonl, needs no restoring"
        ) from None
    rows = [_row(line, f"{path}, line {number}") for number, line in lines]
    if len(rows) != head.rows:
        raise DataError(f"{path}: {len(rows):,} rows, and the first line says {head.rows:,}; the file is cut off, fetch it again")
    return head, rows


def _row(line: bytes, where: str) -> _PlacedRow:
    try:
        return _PlacedRow.model_validate_json(line)
    except ValidationError as problem:
        first = problem.errors()[0]
        raise DataError(f"{where}: {'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}") from None


def _read_texts(path: Path) -> Iterator[tuple[str, str, str]]:
    """Id, location and text of each record."""
    for number, line in numbered_lines(path, hashlib.sha256()):
        try:
            record: Any = json.loads(line)
            found = record["id"], record["origin"]["location"], record["text"]
        except (ValueError, KeyError, TypeError, RecursionError):
            found = (None, None, None)
        if not all(isinstance(one, str) for one in found):
            raise DataError(f"{path}, line {number}: no text as `corpus collect` writes it (id, origin.location, text)")
        yield found


class _Texts:
    """The texts that rows need: by their id, and by where they are from."""

    def __init__(self, texts: Iterable[tuple[str, str, str]], rows: Sequence[_PlacedRow]) -> None:
        ids, locations = {row.input.text for row in rows}, {row.input.location for row in rows}
        self._by_id: dict[str, str] = {}
        self._by_location: Mapping[str, list[str]] = defaultdict(list)
        for identity, location, text in texts:
            if identity in ids:
                self._by_id[identity] = text
            if location in locations:
                self._by_location[location].append(text)

    def part_of(self, place: _Place) -> tuple[str, bool] | str:
        """The part of a text that is at a place, and whether the text around it was changed; else why there is none."""
        own = self._by_id.get(place.text)
        if own is not None and (part := own[place.begin : place.end]) and sha256_of(part) == place.sha256:
            return part, sha256_of(own) != place.text_sha256
        changed = [text for text in (own, *self._by_location.get(place.location, ())) if text is not None]
        found = next((part for text in changed for part in _parts(text, place) if sha256_of(part) == place.sha256), None)
        if found is not None:
            return found, True
        return "its text was changed there" if changed else "its text is not among the texts"


def _parts(text: str, place: _Place) -> Iterator[str]:
    """Parts of a changed text that may be the one looked for."""
    length = place.end - place.begin
    yield text[place.begin : place.end]
    if length <= min(len(text), _LONGEST_LOOKED_FOR):
        yield from (text[found.end() : found.end() + length] for found in _BEGINS.finditer(text))
