"""The audit's file: read, refused where it is malformed, and used to cut runs and rows down."""

import math

import pytest

from sevenllm_bench.data.audit_records import AUDIT_VERSION, AuditRecord, audit_text, load_audit, parse_audit
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.errors import DataError, ResultsError
from sevenllm_bench.figures.figures import figures_of, why_partial
from sevenllm_bench.published.published_runs import published_runs
from sevenllm_bench.runs.audited_run import audited_run
from sevenllm_bench.runs.protocol import task_keys, words_of

HEADER = f'{{"format": 1, "version": 7, "sha256": "{SHA256}"}}\n'


def test_the_packages_audit_is_of_every_official_row():
    audit = load_audit()
    assert (audit.version, audit.sha256) == (AUDIT_VERSION, SHA256)
    assert [record.id for record in audit.records] == list(range(1, 1301))
    assert audit.sound == {record.id for record in audit.records if record.verdict == "sound"}
    assert audit.is_of(SHA256)
    assert audit.is_of(SHA256_LF), "line ends do not matter"
    assert not audit.is_of("0" * 64)


def test_what_is_written_is_read_again():
    records = [AuditRecord(2, ("kind",), "unsound", ("reference-wrong",), "A sentence."), AuditRecord(1)]
    again = parse_audit(audit_text(records), "audit.jsonl")
    assert again.records == (records[1], records[0])
    assert [record.read for record in again.records] == [False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: an audit of format 1 begins with its header"),
        ("[]\n", "line 1: not a JSON object"),
        ('{"format": 2}\n', "line 1: an audit of format 1"),
        ('{"format": 1, "version": "x", "sha256": ""}\n', "line 1: the header needs version and sha256"),
        (HEADER + "{\n", "line 2: not a JSON object"),
        (HEADER + '{"id": "1"}\n', "line 2: id must be a whole number"),
        (HEADER + '{"id": 1, "verdict": "good"}\n', "line 2: verdict must be one of sound, questionable, unsound"),
        (HEADER + '{"id": 1, "checks": "kind"}\n', "line 2: checks and codes must be lists"),
        (HEADER + '{"id": 1}\n{"id": 1}\n', "line 3: id 1 comes twice"),
    ],
)
def test_a_malformed_file_is_refused_with_the_line(text, message):
    with pytest.raises(DataError, match=message):
        parse_audit(text, "audit.jsonl")


def test_only_official_rows_are_audited():
    with pytest.raises(DataError, match="says nothing of this project's own rows"):
        load_benchmark("embedded").audited()


def test_a_run_on_audited_rows_is_beside_the_official_one():
    run = published_runs(["llama2-7b"])[0]
    cut = audited_run(run)
    assert {sample.id for sample in cut.samples} == load_audit().sound
    headline, whole = figures_of(cut)[0], figures_of(run)[0]
    assert whole.why_partial == ""
    assert headline.why_partial == f"{1300 - len(cut.samples):,} of 1,300 rows missing"
    assert why_partial(cut), "no audited figure passes for an official one"
    samples = [sample for sample in run.samples if sample.row.section == "en_mcq" and sample.id in load_audit().sound]
    values = [sample.metrics["acc"] for sample in samples]
    figure = next(figure for figure in figures_of(cut) if figure.id == "en_mcq.acc")
    assert (figure.rows, figure.value) == (len(values), pytest.approx(math.fsum(values) / len(values)))


def test_runs_on_other_rows_have_no_audited_figures():
    run = published_runs(["llama2-7b"])[0]
    name = "sevenllm_en_mcq"
    other = {**run.leaves[name].signature, "data": {"sha256": "0" * 64}}
    changed = _with(run, name, signature=other)
    with pytest.raises(ResultsError, match=r"sevenllm_en_mcq: its rows .* are not those that were audited"):
        audited_run(changed)
    unsound = tuple(sample for sample in run.samples if sample.id not in load_audit().sound)
    with pytest.raises(ResultsError, match="no row in it is among the"):
        audited_run(_replaced(run, samples=unsound))


def test_a_run_over_audited_rows_does_not_replace_one_over_all():
    run = published_runs(["llama2-7b"])[0]
    name = "sevenllm_en_mcq"
    data = {**run.leaves[name].signature["data"], "audit": 1}
    audited = _with(run, name, signature={**run.leaves[name].signature, "data": data})
    assert task_keys(run.leaves)[name] != task_keys(audited.leaves)[name]
    assert "audited rows" in words_of(audited.model, audited.settings, {name: audited.leaves[name]})
    assert "audited rows" not in words_of(run.model, run.settings, {name: run.leaves[name]})


def _replaced(run, **fields):
    from dataclasses import replace

    return replace(run, **fields)


def _with(run, name, **fields):
    return _replaced(run, leaves={**run.leaves, name: _replaced(run.leaves[name], **fields)})
