"""Runs of encoder tasks: written in lm-eval's layout, read as runs, with what is wrong in their files counted."""

import json

import encoder_run_files
import pytest

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.runs.locate import find_runs
from sevenllm_bench.runs.reader import read_run

ENTITIES, CODE = "sevenllm-en-entities", "sevenllm-vulnerable-code"


@pytest.fixture
def results(tmp_path):
    return encoder_run_files.write(tmp_path / "run", encoder_run_files.half_right, (ENTITIES, CODE))


def run_in(results):
    return read_run(find_runs([results.parent])[0])


def samples_file(results, task):
    return next(results.parent.glob(f"samples_{task}_*.jsonl"))


def problem_codes(run):
    return {problem.code for problem in run.problems}


def test_what_is_written_is_read(results):
    run = run_in(results)
    assert run.label == "an-org/an-encoder"
    assert list(run.encoder_tasks) == [ENTITIES, CODE]
    assert run.leaves == {}
    assert run.samples == ()
    task = run.encoder_tasks[CODE]
    assert task.rows == task.rows_in_all == 100
    assert task.cost["texts_per_second"] == 25.0
    assert task.notes == (encoder_run_files.NOTE,)
    assert task.output_type == "encoder"
    assert problem_codes(run) == {"no-answer"}  # of items with an odd id
    own = [sample for sample in run.item_samples if sample.task == CODE]
    # No answer scores 0, a right one 1: the share of even ids.
    even = [sample.id % 2 == 0 for sample in own]
    assert [sample.metrics["code_acc"] for sample in own] == [float(value) for value in even]
    assert task.metrics["code_acc"] == pytest.approx(sum(even) / 100)


def test_figures_are_no_part_of_the_headline(results):
    figures = {figure.id: figure for figure in figures_of(run_in(results))}
    assert "headline" not in figures
    assert figures[f"{CODE}.code_acc"].rows == 100
    assert figures[f"{CODE}.python.code_acc"].rows == 20
    assert figures[f"{CODE}.code_acc"].why_partial == ""
    assert "embedded rows" in figures[f"{ENTITIES}.span_f1"].why_partial


def test_a_limited_run_is_partial(tmp_path):
    results = encoder_run_files.write(tmp_path, encoder_run_files.right, (CODE,), limit=10)
    figures = {figure.id: figure for figure in figures_of(run_in(results))}
    assert figures[f"{CODE}.code_acc"].why_partial == "90 of 100 items missing"


BROKEN = {
    "cut line": (lambda record: json.dumps(record)[:-20], "broken-line"),
    "no object": (lambda record: "[1, 2]", "broken-line"),
    "no document": (lambda record: json.dumps({**record, "doc": None}), "foreign-row"),
    "document of another kind": (lambda record: json.dumps({**record, "doc": {"id": 1, "input": "x"}}), "foreign-row"),
    "document that is no JSON": (
        lambda record: json.dumps({**record, "doc": {**record["doc"], "document": "{"}}),
        "foreign-row",
    ),
    "id that is text": (lambda record: json.dumps({**record, "doc": {**record["doc"], "id": "1"}}), "foreign-row"),
    "source that is unknown": (lambda record: json.dumps({**record, "doc": {**record["doc"], "source": "x"}}), "foreign-row"),
    "value out of range": (lambda record: json.dumps({**record, "code_acc": 7}), "bad-value"),
    "value that is text": (lambda record: json.dumps({**record, "code_acc": "1"}), "bad-value"),
    "no value": (lambda record: json.dumps({k: v for k, v in record.items() if k != "code_acc"}), "bad-value"),
    "a value that isn't the mean's": (lambda record: json.dumps({**record, "code_acc": 1 - record["code_acc"]}), "contradiction"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_samples_are_counted(results, name):
    change, code = BROKEN[name]
    file = samples_file(results, CODE)
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[0] = change(json.loads(lines[0]))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert code in problem_codes(run_in(results))


def test_an_item_that_comes_twice_counts_once(results):
    file = samples_file(results, CODE)
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([*lines, lines[3]]) + "\n", encoding="utf-8")
    run = run_in(results)
    assert len([sample for sample in run.item_samples if sample.task == CODE]) == 100
    assert "duplicate" in problem_codes(run)


def test_missing_samples_are_a_problem_and_no_crash(results):
    samples_file(results, CODE).unlink()
    run = run_in(results)
    assert "no-samples" in problem_codes(run)
    assert {sample.task for sample in run.item_samples} == {ENTITIES}


def test_results_without_a_task_of_ours_are_refused(tmp_path):
    file = tmp_path / "results_2026-01-01T00-00-00.json"
    file.write_text(json.dumps({"results": {"sevenllm-en-other": {}}}), encoding="utf-8")
    with pytest.raises(ResultsError, match="no SEvenLLM task"):
        read_run(find_runs([file])[0])


def test_the_cost_is_the_tasks_own_or_what_lm_eval_recorded(results):
    content = json.loads(results.read_text(encoding="utf-8"))
    del content["configs"][CODE]["metadata"]["sevenllm"]["cost"]
    content["config"]["model_num_parameters"] = 7
    results.write_text(json.dumps(content), encoding="utf-8")
    run = run_in(results)
    assert run.encoder_tasks[CODE].cost == {"parameters": 7}
    assert run.encoder_tasks[ENTITIES].cost["texts"] == 50
    content["config"]["encoder"] = {"cost": {"parameters": 8, "texts": 3}}
    results.write_text(json.dumps(content), encoding="utf-8")
    assert run_in(results).encoder_tasks[CODE].cost == {"parameters": 8, "texts": 3}
