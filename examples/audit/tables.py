"""The tables of docs/audit.md about rows: python examples/audit/tables.py.

Verdicts by section, tasks with the most unsound and questionable rows, codes of the checks by program, codes of the readings.
Needs the official file for the names of the rows' tasks only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from sevenllm_bench.audit.check_codes import CHECK_CODES, READING_CODES
from sevenllm_bench.catalog import SECTIONS
from sevenllm_bench.data.audit_records import VERDICTS, Audit, load_audit
from sevenllm_bench.data.benchmark import load_genuine
from sevenllm_bench.data.rows import Row
from sevenllm_bench.figures.vocabulary import section_name

#: Fewer rows of a task and language than this are not in the table by task.
_LEAST_ROWS = 10


def verdict_lines(rows: Sequence[Row], audit: Audit) -> Iterable[str]:
    """Verdicts by section."""
    yield "| section | rows | sound | questionable | unsound | sound, share of the section |"
    yield "|---|---|---|---|---|---|"
    for section in SECTIONS:
        counts = Counter(audit.by_id[row.id].verdict for row in rows if row.section == section)
        cells = [str(counts[verdict]) for verdict in VERDICTS]
        yield f"| {section_name(section)} | {counts.total()} | {' | '.join(cells)} | {counts['sound'] / counts.total():.0%} |"


def task_lines(rows: Sequence[Row], audit: Audit) -> Iterable[str]:
    """Share of each verdict by task and language, where it has ten rows or more; the most unsound first."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        verdict = audit.by_id[row.id].verdict
        if verdict and row.kind != "mcq":
            counts[row.category, row.language][verdict] += 1
    large = {key: found for key, found in counts.items() if found.total() >= _LEAST_ROWS}
    yield "| task | language | rows | sound | questionable | unsound |"
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
