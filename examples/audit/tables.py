"""The tables of docs/audit.md about rows: python examples/audit/tables.py.

Verdicts by section, tasks with the most unsound and questionable rows, codes of the checks by program, codes of the readings.
Needs the official file for the names of the rows' tasks only.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from sevenllm_bench.audit.check_codes import CHECK_CODES, READING_CODES
from sevenllm_bench.catalog import SECTIONS
from sevenllm_bench.data.audit_records import VERDICTS, Audit, load_audit
from sevenllm_bench.data.benchmark import load_genuine
from sevenllm_bench.data.rows import Row
from sevenllm_bench.figures.vocabulary import section_name
from sevenllm_bench.stats.intervals import wilson

_READINGS = Path(__file__).parent / "readings.jsonl"
#: Fewer rows of a task and language than this are not in the table by task.
_LEAST_ROWS = 10


def verdict_lines(rows: Sequence[Row], audit: Audit) -> Iterable[str]:
    """Verdicts by section; of generation, of which a part was read, with the share among the rows drawn at random."""
    why = {line["id"]: line["why"] for line in map(json.loads, _READINGS.read_text(encoding="utf-8").splitlines())}
    yield "| section | rows | read | sound | questionable | unsound | sound, share of the section (95 %) |"
    yield "|---|---|---|---|---|---|---|"
    for section in SECTIONS:
        records = [audit.by_id[row.id] for row in rows if row.section == section]
        counts = Counter(record.verdict for record in records if record.verdict)
        read = sum(counts.values())
        share = f"{counts['sound'] / read:.0%}"
        if read < len(records):
            drawn = [record.verdict == "sound" for record in records if why.get(record.id) == "random"]
            found = wilson(sum(drawn), len(drawn))
            share = f"{sum(drawn) / len(drawn):.0%} ({found.low:.0%} to {found.high:.0%}), from {len(drawn)} drawn"
        cells = [str(counts[verdict]) for verdict in VERDICTS]
        yield f"| {section_name(section)} | {len(records)} | {read} | {' | '.join(cells)} | {share} |"


def task_lines(rows: Sequence[Row], audit: Audit) -> Iterable[str]:
    """Share of each verdict by task and language, where ten rows or more were read; the most unsound first."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        verdict = audit.by_id[row.id].verdict
        if verdict and row.kind != "mcq":
            counts[row.category, row.language][verdict] += 1
    large = {key: found for key, found in counts.items() if found.total() >= _LEAST_ROWS}
    yield "| task | language | read | sound | questionable | unsound |"
    yield "|---|---|---|---|---|---|"
    for (task, language), found in sorted(large.items(), key=lambda item: (-item[1]["unsound"] / item[1].total(), item[0])):
        shares = " | ".join(f"{found[verdict] / found.total():.0%}" for verdict in VERDICTS)
        yield f"| {task} | {language} | {found.total()} | {shares} |"


def check_lines(rows: Sequence[Row], audit: Audit) -> Iterable[str]:
    """How often each check by program fires, by language, and its rule."""
    counts = Counter((code, row.language) for row in rows for code in audit.by_id[row.id].checks)
    yield "| code | English | Chinese | rule |"
    yield "|---|---|---|---|"
    for code, rule in CHECK_CODES.items():
        yield f"| `{code}` | {counts[code, 'en']} | {counts[code, 'zh']} | {rule} |"


def reading_lines(rows: Sequence[Row], audit: Audit) -> Iterable[str]:
    """How often each code of a reading was given, by language, and how many of the rows are unsound."""
    records = [(row.language, audit.by_id[row.id]) for row in rows]
    yield "| code | English | Chinese | of these unsound | meaning |"
    yield "|---|---|---|---|---|"
    for code, meaning in READING_CODES.items():
        own = [(language, record) for language, record in records if code in record.codes]
        english = sum(language == "en" for language, _ in own)
        unsound = sum(record.verdict == "unsound" for _, record in own)
        yield f"| `{code}` | {english} | {len(own) - english} | {unsound} | {meaning} |"


def lines() -> Iterable[str]:
    """All tables, with an empty line between."""
    rows, audit = load_genuine("official").rows, load_audit()
    for table in (verdict_lines, task_lines, check_lines, reading_lines):
        yield from table(rows, audit)
        yield ""


if __name__ == "__main__":
    print("\n".join(lines()))
