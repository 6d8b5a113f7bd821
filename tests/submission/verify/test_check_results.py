"""The results file against the samples and itself; every expected finding is written out by hand."""

from run_files import rows_of

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.catalog import leaf_by_name
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings
from sevenllm_bench.submission.verify.check_results import check_results

MCQ, EVENTS = "sevenllm_en_mcq", "sevenllm_en_time_element_acquisition"


def told(findings):
    return [(f.check, f.what, f.status, f.detail) for f in findings]


def groups_run():
    rows = {MCQ: rows_of(MCQ)[:2], EVENTS: rows_of(EVENTS)[:1]}
    metrics = {MCQ: [{"acc": 1.0}, {"acc": 0.5}], EVENTS: [{"value_f1": 0.25, "semantic": 0.9}]}
    samples = tuple(
        Sample(task, row, "p", "", values, values, read_answer("", row.kind))
        for task in rows
        for row, values in zip(rows[task], metrics[task], strict=True)
    )
    leaves = {task: LeafRun(task, leaf_by_name(task)) for task in rows}
    return Run("m", Model("m", "hf"), Settings(), leaves, samples)


def told_of_groups(results, run):
    return [line for line in told(check_results(results, run, run.samples)) if line[0] == "group figures"]


def test_standard_errors_counts_and_versions_of_a_group():
    """Pooled as lm-eval does: sqrt(sum((n-1) n s²) / (N-k) / N), by hand with n = 2, 4 and s = 0.25, 0.1."""
    rows = rows_of(MCQ)[:6]
    values = [1.0, 0.5, 0.6, 0.6, 1.0, 1.0]  # s of the first two: 0.25; of the last four: 0.1154700538
    samples = tuple(
        Sample(task, row, "p", "A", {"acc": v}, {"acc": v}, read_answer("A", "mcq"))
        for task, row, v in zip([MCQ] * 2 + ["sevenllm_zh_mcq"] * 4, rows, values, strict=True)
    )
    leaves = {t: LeafRun(t, leaf_by_name(t), version="1-A", num_fewshot=0) for t in (MCQ, "sevenllm_zh_mcq")}
    run = Run("m", Model("m", "hf"), Settings(), leaves, samples)
    right = {
        "name": "sevenllm-mcq",
        "alias": "sevenllm-mcq",
        "sample_len": 6,
        "sample_count": {"acc,none": 6},
        "acc,none": 4.7 / 6,
        "acc_stderr,none": ((1 * 2 * 0.0625 + 3 * 4 * 0.04 / 3) / 4 / 6) ** 0.5,
    }
    results = {
        "group_subtasks": {"sevenllm-mcq": list(leaves)},
        "versions": {"sevenllm-mcq": "1-A"},
        "n-shot": {"sevenllm-mcq": 0},
    }
    assert [f[2] for f in told_of_groups({**results, "groups": {"sevenllm-mcq": right}}, run)] == ["confirmed"] * 2
    for key, value in {
        "name": "x",
        "alias": "x",
        "sample_len": 7,
        "sample_count": {"acc,none": 7},
        "acc,none": 0.79,
        "acc_stderr,none": 0.1,
    }.items():
        found = told_of_groups({**results, "groups": {"sevenllm-mcq": {**right, key: value}}}, run)
        assert "differs" in [f[2] for f in found], key
    for key, value in {"versions": "2-A", "n-shot": 1}.items():
        found = told_of_groups({**results, key: {"sevenllm-mcq": value}, "groups": {"sevenllm-mcq": right}}, run)
        assert found[0][3] == f"not as in its tasks: {key}"


def test_group_figures_are_means_over_rows():
    run = groups_run()
    members = {"sevenllm_en": [MCQ, "sevenllm_en_inner"], "sevenllm_en_inner": [EVENTS, "sevenllm_en"], "sevenllm_none": ["x"]}
    results = {
        "groups": {
            "sevenllm_en": {"acc,none": 0.75, "value_f1,none": 0.3, "semantic,none": 0.1, "alias": "sevenllm_en"},
            "sevenllm_en_inner": {"acc,none": 0.75, "rouge_l,none": 0.5},
            "sevenllm_none": {"acc,none": 0.5},
            "mmlu": {"acc,none": 0.1},
            "sevenllm_broken": 7,
        },
        "group_subtasks": members,
    }
    assert told_of_groups(results, run) == [
        (
            "group figures",
            "sevenllm_en value_f1",
            "differs",
            "claimed 0.300000, recomputed 0.250000 (differs by +0.050000)",
        ),
        ("group figures", "sevenllm_en acc", "confirmed", ""),
        ("group figures", "sevenllm_en semantic", "differs", "claimed 0.100000, recomputed 0.900000 (differs by -0.800000)"),
        ("group figures", "sevenllm_en_inner rouge_l", "differs", "no row in the bundle to compute it from"),
        ("group figures", "sevenllm_en_inner acc", "confirmed", ""),
        ("group figures", "sevenllm_none", "differs", "a group without a task of this run"),
        ("group figures", "sevenllm_broken", "differs", "a group without a task of this run"),
    ]
    assert told_of_groups({"groups": []}, run) == []
    also = {"results": {MCQ: {}, "mmlu": {"acc,none": 0.1}, "sevenllm_en": {"acc,none": 0.7}}, "group_subtasks": members}
    assert [line[1:3] for line in told_of_groups(also, run)] == [("sevenllm_en acc", "differs")]
