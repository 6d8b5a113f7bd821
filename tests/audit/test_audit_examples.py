"""The scripts of examples/audit on the official rows: the file, the rows that were read, and the tables of docs/audit.md."""

import runpy
from collections import Counter
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


def test_every_row_was_read(readings):
    assert [reading.id for reading in readings] == list(range(1, 1301))
    assert all(record.read for record in load_audit().records)


def test_what_is_not_sound_has_a_code_and_a_sentence(readings):
    assert all(reading.codes and reading.note.endswith(".") for reading in readings if reading.verdict != "sound")


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


@pytest.mark.parametrize("table", ["agreement_lines", "verdict_lines", "pass_lines"])
def test_the_tables_of_the_docs_about_agreement(script, table):
    assert "\n".join(script("agreement")[table]()) in DOC, "run examples/audit/agreement.py again"


def test_rows_read_twice_are_those_that_were_drawn(script):
    agreement = script("agreement")
    second = agreement["lines_of"]("second_reading.jsonl")
    for name, ids in agreement["drawn"]().items():
        assert sorted(line["id"] for line in second if line["drawn"] == name) == sorted(ids)
    first = {line["id"]: line for line in agreement["lines_of"]("readings.jsonl")}
    for name, (_, stands_for) in agreement["DRAWN"].items():
        assert all(stands_for(first[line["id"]]) for line in second if line["drawn"] == name)
    once = [line["id"] for line in second if line["drawn"] != "again"]
    assert len(set(once)) == len(once)
    assert f"{len(once)} rows were read a second time" in DOC
    assert agreement["third_line"]() in DOC


def test_the_tables_of_the_docs_about_the_models(script):
    order = script("order")
    for table in "\n".join(order["lines"](order["rankings"]())).split("\n\n"):
        assert table in DOC, "run examples/audit/order.py again"


@pytest.mark.parametrize(("drawn", "rows"), [("verdicts", 60), ("generation", 33), ("batches", 416)])
def test_kappa_is_that_of_scikit_learn(script, drawn, rows):
    agreement = script("agreement")
    pairs = agreement["both_readings"](drawn)
    assert len(pairs) == rows
    assert agreement["cohen_kappa"](pairs) == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_kappa_of_one_verdict_alone(script):
    assert script("agreement")["cohen_kappa"]([("sound", "sound")]) == 1.0


def test_weighted_agreement_by_hand(script):
    """Of 9 sound and 1 unsound row, two and one were read twice: weights 4.5, 4.5 and 1, of which 5.5 of 10 agree."""
    every = Counter({"sound": 9, "unsound": 1})
    pairs = [("sound", "sound"), ("sound", "unsound"), ("unsound", "unsound")]
    same, kappa = script("agreement")["as_in_all"](pairs, every)
    chance = 0.9 * 0.45 + 0.1 * 0.55
    assert (same, kappa) == (pytest.approx(0.55), pytest.approx((0.55 - chance) / (1 - chance)))


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
