"""The part of a report about audited rows."""

import re
from collections import defaultdict
from dataclasses import replace
from math import sqrt
from statistics import fmean, variance

import pytest

from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.pages.report.audited_part import audited_parts
from sevenllm_bench.published.published_runs import published_runs
from sevenllm_bench.stats.resampling import Draws


def test_each_run_has_its_headline_on_all_and_on_audited_rows():
    """0.5473 is qwen1_5-14b's headline as `score` gives it: the mean of 0.2966, 0.4161, 0.3073, 0.3437, 0.94 and 0.98."""
    runs = published_runs(["qwen1_5-14b", "llama2-7b"])
    (part,) = audited_parts(runs, Draws(0, 1_000))
    assert part.rows[0][0] == "qwen1_5-14b (published)"
    assert part.rows[0][1].startswith("0.547 (")
    assert [row[0] for row in part.rows] == [run.label for run in runs]
    assert {row[3] for row in part.rows} == {str(len(load_audit().sound))}
    assert "no result of the benchmark" in part.sentences[1]


def test_the_audited_figure_has_its_interval():
    """Against the normal interval from the rows' own spread: half its length is 1.96 standard errors of the six means' mean."""
    run = published_runs(["llama2-7b"])[0]
    (part,) = audited_parts([run], Draws(0, 2_000))
    found = re.fullmatch(r"([\d.]+) \(([\d.]+)–([\d.]+)\)", part.rows[0][2])
    mean, low, high = map(float, found.groups())
    strata = defaultdict(list)
    for sample in run.samples:
        if sample.id in load_audit().sound:
            metric = {"understanding": "value_f1", "generation": "rouge_l", "mcq": "acc"}[sample.row.section[3:]]
            strata[sample.row.section].append(sample.metrics[metric])
    assert len(strata) == 6
    assert mean == pytest.approx(fmean(map(fmean, strata.values())), abs=0.0006)
    error = sqrt(sum(variance(own) / len(own) for own in strata.values())) / 6
    assert (low, high) == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=0.003)


def test_runs_without_audited_rows_have_no_part():
    run = published_runs(["llama2-7b"])[0]
    mcq_only = replace(run, samples=tuple(sample for sample in run.samples if sample.kind == "mcq"))
    unsound = replace(run, samples=tuple(sample for sample in run.samples if sample.id not in load_audit().sound))
    assert audited_parts([], Draws(0, 9)) == audited_parts([mcq_only, unsound], Draws(0, 9)) == []
