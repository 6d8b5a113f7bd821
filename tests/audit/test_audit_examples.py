"""The scripts of examples/audit on the official rows: the file, the rows that were read, and the tables of docs/audit.md."""

import json
import runpy
from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from sevenllm_bench.audit.audit_build import audit_records
from sevenllm_bench.data.audit_records import FILE, AuditRecord, audit_text, load_audit
from sevenllm_bench.errors import DataError

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script():
    found = {}

    def load(name):
        if name not in found:
            found[name] = runpy.run_path(str(ROOT / "examples" / "audit" / f"{name}.py"))
        return found[name]

    return load


@pytest.fixture(scope="module")
def readings(script):
    return script("build_audit")["read_readings"]()


@pytest.mark.data
def test_the_checks_give_the_codes_of_the_file(official_rows, readings):
    assert audit_text(audit_records(official_rows, readings)) == FILE.read_text(encoding="utf-8")


@pytest.mark.data
def test_the_rows_that_were_to_be_read_were_read(official_rows, script, readings):
    reasons = script("sample")["reasons"](official_rows)
    assert sorted(reasons) == [reading.id for reading in readings]
    assert {row_id for row_id, record in load_audit().by_id.items() if record.read} == set(reasons)
    counts = {reason: list(reasons.values()).count(reason) for reason in set(reasons.values())}
    assert (counts["mcq"], counts["random"]) == (100, 200)


@pytest.mark.data
def test_no_note_quotes_the_row(official_rows):
    """No run of 24 letters and digits of a note is in its row."""
    from sevenllm_bench.audit.support import folded

    for row in official_rows:
        note = folded(load_audit().by_id[row.id].note)
        own = folded(f"{row.instruction}{row.input}{row.reference_text}")
        assert not any(note[start : start + 24] in own for start in range(len(note) - 23)), row.id


@pytest.mark.data
def test_the_tables_of_the_docs_about_rows(official_rows, script):
    tables = script("tables")
    lines = ("verdict_lines", "task_lines", "check_lines", "reading_lines")
    for name in lines:
        assert "\n".join(tables[name](official_rows, load_audit())) in DOC, f"{name}: run examples/audit/tables.py again"


def test_the_tables_of_the_docs_about_agreement(script):
    for table in "\n".join(script("agreement")["lines"]()).split("\n\n"):
        assert table in DOC, "run examples/audit/agreement.py again"


def test_the_tables_of_the_docs_about_the_models(script):
    order = script("order")
    for table in "\n".join(order["lines"](order["rankings"]())).split("\n\n"):
        assert table in DOC, "run examples/audit/order.py again"


def test_kappa_is_that_of_scikit_learn(script):
    agreement = script("agreement")
    pairs = agreement["both_readings"]()
    assert len(pairs) == 60
    assert agreement["cohen_kappa"](pairs) == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))
    assert agreement["cohen_kappa"]([("sound", "sound")]) == 1.0


def test_tau_by_hand(script):
    tau = script("order")["kendall_tau"]
    first = {"a": 3.0, "b": 2.0, "c": 1.0}
    assert tau(first, first) == 1.0
    assert tau(first, {"a": 1.0, "b": 2.0, "c": 3.0}) == -1.0
    assert tau(first, {"a": 2.0, "b": 3.0, "c": 1.0}) == pytest.approx(1 / 3)


def test_readings_of_no_row_or_with_an_unknown_code_are_refused():
    with pytest.raises(DataError, match="reading of row 5: there is no such row"):
        audit_records([], [AuditRecord(5, (), "sound")])


@pytest.mark.data
def test_an_unknown_code_is_named(official_rows):
    row = official_rows[0]
    with pytest.raises(DataError, match="unknown code 'reworeded'; did you mean 'reworded'"):
        audit_records([row], [AuditRecord(row.id, (), "sound", ("reworeded",))])


def test_the_docs_say_how_many_rows_with_a_firing_check_were_not_read():
    """Counted in the file itself, line by line."""
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()[1:]]
    exempt = {"contained-text", "repeated-text", "longer-than-128", "longer-than-2048", "longer-than-4096"}
    alone = [row for row in rows if row["checks"] and exempt.issuperset(row["checks"])]
    unread = [row for row in alone if not row["read"]]
    counts = {code: sum(code in row["checks"] for row in unread) for code in exempt}
    top = DOC.partition("## Figures on audited rows")[0]
    assert f"**Not read, though a check fires: {len(unread)} rows.**" in top
    assert f"`contained-text` (fires in {counts['contained-text']} of the {len(unread)})" in top
    assert f"`repeated-text` ({counts['repeated-text']}), `longer-than-128` ({counts['longer-than-128']})" in top
    assert counts["longer-than-2048"] == counts["longer-than-4096"] == 0
    assert f"Of {len(alone)} rows where only these checks fire, {len(alone) - len(unread)} were read." in top
    silent = sum(not row["read"] and not row["checks"] for row in rows)
    assert f"The other {silent} rows that were not read have no check that fires." in top
    assert sum(not row["read"] for row in rows) == len(unread) + silent
