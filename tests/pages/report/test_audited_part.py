"""The part of a report about audited rows."""

from dataclasses import replace

from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.pages.report.audited_part import audited_parts
from sevenllm_bench.published.published_runs import published_runs


def test_each_run_has_its_headline_on_all_and_on_audited_rows():
    """0.5473 is qwen1_5-14b's headline as `score` gives it: the mean of 0.2966, 0.4161, 0.3073, 0.3437, 0.94 and 0.98."""
    runs = published_runs(["qwen1_5-14b", "llama2-7b"])
    (part,) = audited_parts(runs)
    assert part.rows[0][:2] == ("qwen1_5-14b (published)", "0.547")
    assert [row[0] for row in part.rows] == [run.label for run in runs]
    assert {row[3] for row in part.rows} == {str(len(load_audit().sound))}
    assert "no result of the benchmark" in part.sentences[1]


def test_runs_without_audited_rows_have_no_part():
    run = published_runs(["llama2-7b"])[0]
    mcq_only = replace(run, samples=tuple(sample for sample in run.samples if sample.kind == "mcq"))
    unsound = replace(run, samples=tuple(sample for sample in run.samples if sample.id not in load_audit().sound))
    assert audited_parts([]) == audited_parts([mcq_only, unsound]) == []
