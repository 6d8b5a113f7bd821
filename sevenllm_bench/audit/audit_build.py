"""From rows and readings to the audit's records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sevenllm_bench.audit.check_codes import READING_CODES
from sevenllm_bench.audit.row_checks import row_codes
from sevenllm_bench.audit.text_overlap import overlap_codes
from sevenllm_bench.data.audit_records import AuditRecord
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError, unknown_name


def checked(rows: Sequence[Row]) -> dict[int, tuple[str, ...]]:
    """Codes of the checks by program, by id: of each row alone, and of its text among the others."""
    overlaps = overlap_codes(rows)
    return {row.id: tuple(sorted((*row_codes(row), *overlaps.get(row.id, ())))) for row in rows}


def audit_records(rows: Sequence[Row], readings: Iterable[AuditRecord]) -> list[AuditRecord]:
    """A record for each row: the checks of now, and the reading where there is one.

    Raises:
        DataError: A reading is of a row that does not exist, or has a code that does not exist.
    """
    checks = checked(rows)
    found = {row_id: AuditRecord(row_id, codes) for row_id, codes in checks.items()}
    for reading in readings:
        if reading.id not in checks:
            raise DataError(f"reading of row {reading.id}: there is no such row")
        for code in reading.codes:
            if code not in READING_CODES:
                raise DataError(f"reading of row {reading.id}: {unknown_name('code', code, READING_CODES)}")
        found[reading.id] = AuditRecord(reading.id, checks[reading.id], reading.verdict, reading.codes, reading.note)
    return list(found.values())
