"""The audit of the official rows: what checks by program and readings by eye found, row by row, and which rows are sound.

The file belongs to one version of the official data, named in its first line. It holds ids, codes and sentences of this
project's own, and no text of a row.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, get_args

from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.errors import DataError

Verdict = Literal["sound", "questionable", "unsound"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
#: Moves when a verdict changes or a row is read that was not: audited figures of two versions are not comparable.
AUDIT_VERSION = 2
FORMAT = 1
FILE = files("sevenllm_bench.data") / "audit.jsonl"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What the audit says of one row.

    Attributes:
        id: The row's number.
        checks: Codes of the checks by program that fire, in alphabetical order (see `audit.check_codes`).
        verdict: The reader's verdict; None for a row that was not read.
        codes: Codes of the reading, in alphabetical order.
        note: The reader's sentence; may be empty.
    """

    id: int
    checks: tuple[str, ...] = ()
    verdict: Verdict | None = None
    codes: tuple[str, ...] = ()
    note: str = ""

    @property
    def read(self) -> bool:
        """Whether somebody read the row."""
        return self.verdict is not None

    def as_json(self) -> dict[str, Any]:
        """The record as a line of the file."""
        fields = {"id": self.id, "checks": list(self.checks), "read": self.read}
        return fields | ({"verdict": self.verdict, "codes": list(self.codes), "note": self.note} if self.read else {})


@dataclass(frozen=True)
class Audit:
    """The audit.

    Attributes:
        version: Its version, see `AUDIT_VERSION`.
        sha256: Hash of the official file that it is about.
        records: One per row of that file, in the order of the ids.
    """

    version: int
    sha256: str
    records: tuple[AuditRecord, ...]

    @functools.cached_property
    def by_id(self) -> Mapping[int, AuditRecord]:
        """The records by the rows' ids."""
        return {record.id: record for record in self.records}

    @functools.cached_property
    def sound(self) -> frozenset[int]:
        """Ids of the rows that were read and found sound: the audited rows."""
        return frozenset(record.id for record in self.records if record.verdict == "sound")

    def is_of(self, sha256: str) -> bool:
        """Whether a file of official rows with this hash is the one that was audited; line ends do not matter."""
        return sha256 == self.sha256 or {sha256, self.sha256} <= {SHA256, SHA256_LF}


@functools.cache
def load_audit() -> Audit:
    """The audit in the package.

    Raises:
        DataError: The file is malformed.
    """
    return parse_audit(FILE.read_text(encoding="utf-8"), FILE.name)


def parse_audit(text: str, name: str) -> Audit:
    """An audit from its file.

    Args:
        text: The file: a header, then one record per line.
        name: The file's name, for errors.

    Raises:
        DataError: A line is no record, has a verdict that does not exist, or an id comes twice. The line is named.
    """
    lines = _objects(text, name)
    _, header = next(lines, (1, {}))
    if header.get("format") != FORMAT:
        raise DataError(f"{name}, line 1: an audit of format {FORMAT} begins with its header, found {str(header)[:60]}")
    try:
        version, sha256 = int(header["version"]), str(header["sha256"])
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{name}, line 1: the header needs version and sha256") from None
    records: dict[int, AuditRecord] = {}
    for number, fields in lines:
        record = _record(fields, f"{name}, line {number}")
        if record.id in records:
            raise DataError(f"{name}, line {number}: id {record.id} comes twice")
        records[record.id] = record
    return Audit(version, sha256, tuple(records[row_id] for row_id in sorted(records)))


def audit_text(records: Iterable[AuditRecord], sha256: str = SHA256) -> str:
    """The file of an audit: what `parse_audit` reads."""
    header = {"format": FORMAT, "version": AUDIT_VERSION, "sha256": sha256}
    lines = [header, *(record.as_json() for record in sorted(records, key=lambda record: record.id))]
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def _objects(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise DataError(f"{name}, line {number}: not a JSON object")
        yield number, found


def _record(fields: Mapping[str, Any], where: str) -> AuditRecord:
    row_id, verdict = fields.get("id"), fields.get("verdict")
    if isinstance(row_id, bool) or not isinstance(row_id, int):
        raise DataError(f"{where}: id must be a whole number, found {row_id!r}")
    if verdict is not None and verdict not in VERDICTS:
        raise DataError(f"{where}: verdict must be one of {', '.join(VERDICTS)}, found {verdict!r}")
    lists = [fields.get(name, []) for name in ("checks", "codes")]
    if not all(isinstance(codes, list) and all(isinstance(code, str) for code in codes) for codes in lists):
        raise DataError(f"{where}: checks and codes must be lists of codes")
    checks, codes = (tuple(sorted(found)) for found in lists)
    return AuditRecord(row_id, checks, verdict, codes, str(fields.get("note", "")))
