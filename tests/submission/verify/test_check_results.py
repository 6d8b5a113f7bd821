"""The results file against the samples and itself; every expected finding is written out by hand."""

import hashlib

import pytest
from run_files import rows_of
from submission_files import differing, edit_json, sign_again, verify

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


def set_in(path, value):
    def change(results):
        *way, last = path
        for key in way:
            results = results[key]
        results[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "what", "words"),
    [
        (("results", MCQ, "name"), "x", MCQ, "name"),
        (("results", MCQ, "alias"), "x", MCQ, "alias"),
        (("results", MCQ, "sample_len"), 17, MCQ, "sample_len"),
        (("results", MCQ, "acc_stderr,none"), 0.01, f"{MCQ} acc", "recomputed"),
        (("results", MCQ, "acc_stderr,none"), "N/A", f"{MCQ} acc", "missing"),
        (("configs", MCQ, "task"), "x", MCQ, "configuration.task"),
        (("configs", MCQ, "output_type"), "multiple_choice", MCQ, "configuration.output_type"),
        (("configs", MCQ, "num_fewshot"), 3, MCQ, "configuration.num_fewshot"),
        (("configs", MCQ, "repeats"), 5, MCQ, "configuration.repeats"),
        (("configs", MCQ, "metric_list"), [{"metric": "acc"}], MCQ, "without some of its figures"),
        (("configs", MCQ, "metric_list", 0, "aggregation"), "max", MCQ, "averaged in another way"),
        (("configs", MCQ, "metric_list", 0, "higher_is_better"), False, MCQ, "averaged in another way"),
        (("configs", MCQ, "metadata", "version"), "9-Z", MCQ, "configuration.metadata.version"),
        (("configs", MCQ, "metadata", "prompt"), "cot", MCQ, "configuration.metadata.prompt"),
        (("configs", MCQ, "description"), "Say A.", "configurations", "description: not the same in all tasks"),
        (("configs", MCQ, "metric_list"), [{"metric": []}, {"metric": {}}, []], MCQ, "without some of its figures"),
        (("higher_is_better",), {MCQ: {"acc": False}}, MCQ, "higher_is_better"),
        (("system_instruction",), "Say A.", "system_instruction", "its hash is"),
        (("system_instruction_sha",), "0" * 64, "system_instruction", "its hash is None"),
        (("chat_template",), "{{ x }}", "chat_template", "its hash is"),
        (("chat_template_sha",), "0" * 64, "chat_template", "its hash is None"),
        (("model_source",), "vllm", "model_source", "the configuration says hf"),
        (("config", "replay"), {"predictions": ["answers.jsonl"]}, "replay", "the record of a replay, but the model is hf"),
        (("configs", MCQ, "metadata", "sevenllm", "answers", "look_cut_off"), 9, MCQ, "answers.look_cut_off"),
        (("configs", MCQ, "metadata", "sevenllm", "answers", "read_as"), {"A": 16}, MCQ, "answers.read_as"),
    ],
)
def test_a_value_of_the_results_that_is_wrong(bundle, path, value, what, words):
    edit_json(next((bundle / "run").glob("results_*")), set_in(path, value))
    sign_again(bundle)
    assert any(f.what == what and words in f.detail for f in differing(verify(bundle))), [
        f.line for f in differing(verify(bundle))
    ]


def test_the_hash_of_a_system_instruction(bundle):
    """sha256 of its text, as lm-eval's `hash_string` has it."""
    digest = hashlib.sha256(b"You are an analyst.").hexdigest()
    path = next((bundle / "run").glob("results_*"))
    edit_json(path, lambda r: r.update(system_instruction="You are an analyst.", system_instruction_sha=digest))
    sign_again(bundle)
    assert not [f for f in differing(verify(bundle)) if f.what == "system_instruction"]


def test_readings_counted_by_one_process_of_several(bundle):
    path = next((bundle / "run").glob("results_*"))
    answers = {"read_as": {"A": 1}, "look_cut_off": 0, "look_like_reasoning": 0}
    edit_json(path, set_in(("configs", MCQ, "metadata", "sevenllm", "answers"), answers))
    sign_again(bundle)
    found = [(f.status, f.detail) for f in verify(bundle).findings if f.check == "answers" and f.what == MCQ]
    assert found == [("note", "the results count how answers were read for some of them only")]


def test_figures_of_other_benchmarks_are_named(bundle):
    edit_json(next((bundle / "run").glob("results_*")), set_in(("results", MCQ, "exact_match,none"), 0.9))
    sign_again(bundle)
    (found,) = [f for f in verify(bundle).findings if f.check == "results"]
    assert (found.status, found.detail) == ("note", "not figures of this benchmark, not looked at: exact_match,none")


def test_no_standard_errors_where_none_were_asked_for(bundle):
    def change(results):
        results["config"]["bootstrap_iters"] = 0
        results["results"][MCQ]["acc_stderr,none"] = "N/A"

    edit_json(next((bundle / "run").glob("results_*")), change)
    sign_again(bundle)
    assert not [f for f in differing(verify(bundle)) if f.check == "standard errors"]


def test_arguments_of_the_model_that_a_task_says_otherwise(bundle):
    edit_json(next((bundle / "run").glob("results_*")), set_in(("configs", MCQ, "metadata", "pretrained"), "an-org/other"))
    sign_again(bundle)
    (found,) = [f for f in verify(bundle).findings if f.check == "results"]
    assert (found.what, found.status, found.detail) == (MCQ, "note", "not as in the model's arguments: pretrained")
