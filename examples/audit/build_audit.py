"""Writes the audit of the official rows: python examples/audit/build_audit.py [--check].

Checks every row by program, adds the readings of readings.jsonl (beside this script), and writes
sevenllm_bench/data/audit.jsonl. --check compares it with the file instead, and exits with 1 where they differ.
The official file is found as by every command (SEVENLLM_DATA_DIR, or the Hub).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sevenllm_bench.audit.audit_build import audit_records
from sevenllm_bench.data.audit_records import FILE, AuditRecord, audit_text
from sevenllm_bench.data.benchmark import load_genuine

READINGS = Path(__file__).parent / "readings.jsonl"


def read_readings(path: Path = READINGS) -> list[AuditRecord]:
    """The readings by eye, one per line of the file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [AuditRecord(line["id"], (), line["verdict"], tuple(sorted(line["codes"])), line["note"]) for line in found]


def main() -> int:
    """Write the file, or compare it."""
    text = audit_text(audit_records(load_genuine("official").rows, read_readings()))
    target = Path(str(FILE))
    if "--check" in sys.argv[1:]:
        same = target.read_text(encoding="utf-8") == text
        print(f"{target}: {'up to date' if same else 'differs; run this script without --check'}")
        return 0 if same else 1
    target.write_text(text, encoding="utf-8")
    print(f"{target}: {text.count(chr(10)) - 1:,} rows, {len(text):,} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
