"""Reading runs: what is in the files, and every way in which files can be broken or hostile."""

import json
import math
import os

import pytest
from harness_tools import Scripted, gold
from run_files import STAMP, rows_of, sample_of, write_run

from sevenllm_bench.catalog import leaf_of_task
from sevenllm_bench.comparison.compatibility import differences
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.document import from_document, to_document
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import PredictionsError, ResultsError, SEvenLLMError
from sevenllm_bench.metrics.registry import ADDED_LATER
from sevenllm_bench.runs.locate import find_runs
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.runs.unknown import UNKNOWN
from sevenllm_bench.scoring import score_rows

EVENT, THREAT, MCQ = "sevenllm_en_important_event_extraction", "sevenllm_zh_threat_analysis", "sevenllm_en_mcq"


@pytest.fixture
def rows():
    return rows_of(EVENT, THREAT, MCQ)


def codes(run):
    return [problem.code for problem in run.problems]


def edit(folder, task, change, model="m"):
    """Change the lines of a samples file: `change` maps the list of decoded samples to a list of lines or samples."""
    path = folder / model / f"samples_{task}_{STAMP}.jsonl"
    samples = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [line if isinstance(line, str) else json.dumps(line) for line in change(samples)]
    path.write_text("\n".join(lines), encoding="utf-8")


def test_a_run_as_it_stands_in_its_files(tmp_path, rows):
    write_run(tmp_path, "m", rows, value=lambda row, name: 0.25 if row.kind == "generation" else 1.0)
    (run,) = read_runs([tmp_path])
    assert (run.label, run.origin, run.source, run.problems) == ("m", "lm-eval", "embedded", ())
    assert (run.model.source, run.model.arguments, run.model.revision) == ("hf", {"pretrained": "m"}, "main")
    assert (run.settings.limit, run.settings.chat_template, run.settings.lm_eval) == (None, None, "0.4.13")
    assert run.settings.seeds == {"random_seed": 0}
    assert run.settings.dtype is UNKNOWN
    assert not UNKNOWN
    assert list(run.leaves) == [EVENT, MCQ, THREAT]  # the catalogue's order: English first
    leaf = run.leaves[THREAT]
    assert (leaf.rows, leaf.num_fewshot, leaf.version, leaf.task_hash) == (4, 0, "2-A", "ab12")
    assert leaf.prompt["name"] == "alpaca"
    assert "prompt" not in leaf.signature
    assert leaf.metrics == {"rouge_l_paper": 0.25, "rouge_l": 0.25}
    assert leaf.stderr == {}
    assert len(run.samples) == len(rows)
    assert {sample.id for sample in run.samples} == {row.id for row in rows}
    sample = run.of_task(THREAT)[0]
    assert sample.row in rows
    assert (sample.prompt, sample.response) == (f"the prompt {sample.id}", sample.reference)
    assert (sample.reading.how, sample.reading.cut, sample.metrics["rouge_l"]) == ("prose", False, 0.25)
    assert {s.reading.how for s in run.of_task(MCQ)} <= set("ABCD")


def test_every_row_is_rebuilt_from_its_document():

    for row in embedded_split("test"):
        assert from_document(json.loads(json.dumps(to_document(row))), "here") == row


def test_a_genuine_run_of_lm_eval(tmp_path):
    """What lm-eval itself writes is read without a problem, and its figures are the means over the samples."""
    from harness_tools import evaluate
    from lm_eval.loggers import EvaluationTracker

    tracker = EvaluationTracker(output_path=str(tmp_path))
    names = (EVENT, THREAT, MCQ, "sevenllm-zh-mcq-logprob")
    results = evaluate(Scripted(gold), *names, evaluation_tracker=tracker, log_samples=True, limit=3, num_fewshot=1)
    samples = results.pop("samples")
    tracker.general_config_tracker.model_name = tracker.general_config_tracker.model_name_sanitized = "scripted"
    tracker.save_results_aggregated(results=results, samples=samples)
    for name in names:
        tracker.save_results_samples(task_name=name, samples=samples[name])
    (run,) = read_runs([tmp_path])
    assert run.problems == ()
    assert (run.settings.limit, run.source) == (3, "embedded")
    assert [(leaf.task, leaf.rows, leaf.num_fewshot) for leaf in run.leaves.values()] == [
        (EVENT, 3, 1),
        (MCQ, 3, 1),
        (THREAT, 3, 1),
        ("sevenllm-zh-mcq-logprob", 3, 1),
    ]
    assert run.leaves[EVENT].rows_in_all == len(rows_of(EVENT))
    assert run.leaves[EVENT].generation["max_gen_toks"] == 2000
    assert run.leaves[EVENT].prompt["name"] == "alpaca"
    for leaf in run.leaves.values():
        assert leaf.metrics
        assert all(value == pytest.approx(1.0, abs=1e-8) for name, value in leaf.metrics.items() if name not in ADDED_LATER)
    likely = run.of_task("sevenllm-zh-mcq-logprob")
    assert [(s.response, s.reading.is_unread, s.metrics) for s in likely] == [(None, False, {"acc": 1.0})] * 3
    assert not likely[0].is_default
    assert run.of_task(EVENT)[0].prompt.count("### Instruction:") == 2  # the few-shot example's and its own


def test_the_newest_run_of_a_model_and_the_older_ones_named(tmp_path, rows):
    old = write_run(tmp_path, "m", rows, stamp="2025-01-01T00-00-00.1")
    new = write_run(tmp_path, "m", rows)
    other = write_run(tmp_path, "z", rows)
    runs = read_runs([tmp_path])
    assert [(run.path, run.older) for run in runs] == [(str(new), (str(old),)), (str(other), ())]
    assert len(runs[0].samples) == len(rows)  # none of the older run's
    assert [run.path for run in read_runs([old, new])] == [str(old), str(new)]
    assert [run.label for run in read_runs([old, new, other])] == ["m (1)", "m (2)", "z"]
    assert len(read_runs([new, tmp_path])) == 2  # a run named twice is read once


def test_two_models_beside_each_other_when_output_path_is_a_file(tmp_path, rows):
    for name in ("a", "b"):
        path = write_run(tmp_path, name, rows, stamp=f"2026-01-01T00-00-0{'ab'.index(name)}")
        for file in list(path.parent.iterdir()):
            file.rename(tmp_path / file.name.replace("results_", f"{name}_"))
    assert [(run.label, len(run.samples)) for run in read_runs([tmp_path])] == [("a", len(rows)), ("b", len(rows))]


def test_saved_answers_are_scored_and_what_is_unknown_is_marked(tmp_path, rows):
    path = tmp_path / "saved.jsonl"
    answered = rows[:-1]
    path.write_text("\n".join(json.dumps({"id": row.id, "output": row.output}) for row in answered), encoding="utf-8")
    (run,) = read_runs([path], load=lambda: Benchmark("official", tuple(rows), "1" * 64))
    assert (run.label, run.origin, run.settings.limit, run.leaves[MCQ].num_fewshot) == ("saved", "predictions", UNKNOWN, UNKNOWN)
    assert run.leaves[MCQ].signature["data"]["sha256"] == "1" * 64
    assert codes(run) == ["unknown-settings", "missing-rows"]
    assert {s.id: s.metrics for s in run.samples} == {
        score.row.id: score.metrics for score in score_rows(rows, [row.output for row in answered] + [None])
    }
    empty = [sample for sample in run.samples if sample.response is None]
    assert [sample.id for sample in empty] == [rows[-1].id]
    assert set(empty[0].metrics.values()) == {0.0}


def test_samples_without_a_results_file_are_saved_answers(tmp_path, rows):
    write_run(tmp_path, "m", rows).unlink()
    (run,) = read_runs([tmp_path / "m"], load=lambda: Benchmark("official", tuple(rows), ""))
    assert (run.origin, len(run.samples), codes(run)) == ("predictions", len(rows), ["unknown-settings"])
    assert all(s.metrics["acc"] == 1.0 for s in run.samples if s.kind == "mcq")


def test_answers_to_other_rows_are_refused(tmp_path, rows):
    path = tmp_path / "p.jsonl"
    path.write_text('{"id": 5, "output": "B"}')
    with pytest.raises(PredictionsError, match="no id in it is one of the"):
        read_runs([path], load=lambda: Benchmark("official", tuple(rows), ""))


def test_a_row_is_scored_by_what_it_asks_for(tmp_path):
    """As official rows 791 and 823: extraction under a category of generation, which lm-eval scores as its leaf."""
    from dataclasses import replace

    (extraction, *_), generation = rows_of(EVENT), rows_of("sevenllm_en_risk_assessment")
    odd = replace(extraction, category="Risk Assessment", id=7)
    write_run(tmp_path, "m", [*generation, odd], value=lambda row, name: 0.5)
    (run,) = read_runs([tmp_path])
    sample = next(sample for sample in run.samples if sample.id == 7)
    assert (sample.kind, sample.task) == ("understanding", "sevenllm_en_risk_assessment")
    assert sample.reported == {"rouge_l_paper": 0.5, "rouge_l": 0.5}
    assert sample.metrics == {"value_f1": 1.0, "value_f1_norm": 1.0, "json_valid": 1.0}
    assert run.problems == ()


def test_leaves_and_variants_by_name():
    assert leaf_of_task("sevenllm_zh_mcq").name == leaf_of_task("sevenllm-zh-mcq-logprob").name == "sevenllm_zh_mcq"
    assert leaf_of_task("sevenllm-zh") is leaf_of_task("mmlu") is leaf_of_task("sevenllm-zh-mcq") is None


# What is wrong in a samples file is counted, and the rest is read.


@pytest.mark.parametrize(
    ("change", "expected", "left"),
    [
        (lambda s: [*s[:2], '{"doc": {"id": 1', *s[2:]], ["broken-line"], 4),
        (lambda s: [*s, "[1]", "7", '"x"', "null"], ["broken-line"], 4),
        (lambda s: [*s, "[" * 100_000], ["broken-line"], 4),
        (lambda s: [*s, '{"doc": ' + '{"a":' * 100_000], ["broken-line"], 4),
        (lambda s: [*s, s[1]], ["duplicate"], 4),
        (lambda s: [*s, {**s[1], "resps": [["other"]]}], ["duplicate", "contradiction"], 4),
        (lambda s: s[:-1], ["missing-rows"], 3),
        (lambda s: [{**s[0], "doc": {"question": "2+2?"}}, *s[1:]], ["foreign-row", "missing-rows"], 3),
        (lambda s: [{k: v for k, v in s[0].items() if k != "doc"}, *s[1:]], ["foreign-row", "missing-rows"], 3),
        (lambda s: [{**s[0], "doc": {**s[0]["doc"], "id": "1"}}, *s[1:]], ["foreign-row", "missing-rows"], 3),
        (lambda s: [{**s[0], "doc": {**s[0]["doc"], "category": "Malware"}}, *s[1:]], ["foreign-row", "missing-rows"], 3),
        (lambda s: [{**s[0], "doc": {**s[0]["doc"], "category": "Risk Assessment"}}, *s[1:]], ["foreign-row", "missing-rows"], 3),
        (lambda s: [{**s[0], "doc": {**s[0]["doc"], "output": '{"a": '}}, *s[1:]], ["foreign-row", "missing-rows"], 3),
        (lambda s: [{**s[0], "doc": {**s[0]["doc"], "output": "[" * 99_999}}, *s[1:]], ["foreign-row", "missing-rows"], 3),
        (lambda s: [{**s[0], "value_f1": math.nan}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{**s[0], "value_f1": "1.0"}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{**s[0], "value_f1": 37.2}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{**s[0], "value_f1": 10**400}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{**s[0], "value_f1": True}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{k: v for k, v in s[0].items() if k != "value_f1"}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{**s[0], "value_f1": 0.5}, *s[1:]], ["contradiction"], 4),
        (lambda s: [{**s[0], "resps": [["a", "b"]]}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{**s[0], "resps": None}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{**s[0], "resps": [[None]]}, *s[1:]], ["no-answer"], 4),
        (lambda s: [{**s[0], "resps": [None]}, *s[1:]], ["no-answer"], 4),
        (lambda s: [{**s[0], "resps": [[[-1.5, False]]]}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{**s[0], "resps": [[{"a": 1}]]}, *s[1:]], ["bad-value"], 4),
        (lambda s: [{**s[0], "arguments": ["x"]}, *s[1:]], ["no-prompt"], 4),
        (lambda s: [{**s[0], "resps": [["\ud800" + "x" * 1_000_000]]}, *s[1:]], [], 4),
        (lambda s: [], ["missing-rows", "contradiction"], 0),
    ],
)
def test_a_broken_samples_file(tmp_path, change, expected, left):
    write_run(tmp_path, "m", rows_of(EVENT))
    edit(tmp_path, EVENT, change)
    (run,) = read_runs([tmp_path])
    assert list(dict.fromkeys(codes(run))) == expected
    assert len(run.samples) == left
    for problem in run.problems:
        assert problem.line.isprintable()
    for sample in run.samples:
        assert all(math.isfinite(value) for value in sample.metrics.values())
        (sample.response or "").encode("utf-8")


def test_problems_are_counted_with_the_first_one_named(tmp_path):
    write_run(tmp_path, "m", rows_of(EVENT))
    edit(tmp_path, EVENT, lambda samples: [*samples, "{", "[", "("])
    (problem,) = read_runs([tmp_path])[0].problems
    assert (problem.code, problem.count) == ("broken-line", 3)
    assert "line 5" in problem.detail
    assert "(3 times; the first is given)" in problem.line


def test_samples_of_another_task_under_the_name_of_this_one(tmp_path):
    write_run(tmp_path, "m", rows_of(EVENT, THREAT))
    folder = tmp_path / "m"
    (folder / f"samples_{THREAT}_{STAMP}.jsonl").replace(folder / f"samples_{EVENT}_{STAMP}.jsonl")
    (run,) = read_runs([tmp_path])
    assert run.samples == ()
    assert {"foreign-row", "missing-rows", "no-samples"} <= set(codes(run))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"doc": 1}'.encode("utf-16"), "UTF-16 text"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"<html>", "a web page"),
    ],
)
def test_samples_and_results_that_are_something_else_are_named_so(tmp_path, content, words):
    path = write_run(tmp_path, "m", rows_of(EVENT))
    (tmp_path / "m" / f"samples_{EVENT}_{STAMP}.jsonl").write_bytes(content)
    problem = read_runs([tmp_path])[0].problems[0]
    assert (problem.code, problem.detail[: len(words)]) == ("no-samples", words)
    if words != "UTF-16 text":  # which Python's JSON reads
        path.write_bytes(content)
        with pytest.raises(ResultsError, match=f"{path.name}: {words}"):
            read_runs([tmp_path])


def test_without_log_samples_the_figures_are_read(tmp_path, rows):
    write_run(tmp_path, "m", rows)
    for file in (tmp_path / "m").glob("samples_*"):
        file.unlink()
    (run,) = read_runs([tmp_path])
    assert (run.samples, set(codes(run)), run.leaves[MCQ].metrics["acc"]) == ((), {"no-samples"}, 1.0)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links")
def test_links_that_lead_nowhere_or_to_devices(tmp_path, rows):
    path = write_run(tmp_path, "m", rows)
    sample = tmp_path / "m" / f"samples_{EVENT}_{STAMP}.jsonl"
    for target in ("/dev/zero", str(tmp_path / "nowhere"), sample.name, str(tmp_path)):
        sample.unlink()
        sample.symlink_to(target)
        assert "no-samples" in codes(read_runs([path])[0]), target
    (tmp_path / "m" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(read_runs([tmp_path])) == 1
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(ResultsError, match="not a regular file"):
        read_runs([path])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"results": {', "broken JSON"),
        ("[" * 100_000, "broken JSON"),
        ("\ud800".encode("utf-8", "surrogatepass"), "broken JSON"),
        ("[]", "not a results file"),
        ("{}", "not a results file"),
        ('{"results": []}', "not a results file"),
        ('{"results": {}}', "no SEvenLLM task"),
        ('{"results": {"mmlu": {"acc,none": 1}}}', "no SEvenLLM task in it; found mmlu"),
    ],
)
def test_a_broken_results_file_is_an_error(tmp_path, content, message):
    path = tmp_path / f"results_{STAMP}.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ResultsError, match=message):
        read_runs([path])


@pytest.mark.parametrize(
    "junk", [None, 7, "x", [1], {"a": {"b": "c"}}, True, 1e308, [[]], {MCQ: 5}, {MCQ: {"acc,none": math.nan}}]
)
@pytest.mark.parametrize(
    "key",
    ["configs", "versions", "n-shot", "n-samples", "config", "date", "task_hashes", "lm_eval_version", "model_name", "groups",
     "chat_template_sha", "fewshot_as_multiturn", "model_source"],
)  # fmt: skip
def test_junk_anywhere_in_the_results(tmp_path, key, junk):
    write_run(tmp_path, "m", rows_of(MCQ), change=lambda results: results.update({key: junk}))
    (run,) = read_runs([tmp_path])
    assert len(run.samples) == 16
    assert run.label


def test_a_key_twice_in_the_results_is_named_and_forbids_a_comparison(tmp_path, rows):
    for name in ("m", "z"):
        file = write_run(tmp_path, name, rows)
    text = file.read_text(encoding="utf-8")
    assert '"limit": null' in text
    hidden = '"config": {"\u202e": 1, "\u202e": 2, "limit": 3, '
    file.write_text(text.replace('"config": {', hidden, 1), encoding="utf-8")
    runs = read_runs([tmp_path / "m", tmp_path / "z"])
    assert runs[1].settings.limit is None  # the last value
    assert [(problem.code, problem.detail, problem.count) for problem in runs[1].problems] == [
        ("contradiction", "the key \ufffd stands twice in one object; its last value counts", 2)
    ]
    (found,) = [difference for difference in differences(runs) if difference.setting == "problem in z"]
    assert found.weight == "forbids"


def test_values_of_the_wrong_type_are_named(tmp_path):
    def change(results):
        results["n-samples"][MCQ]["effective"] = -3
        results["config"]["limit"] = "ten"
        results["results"][MCQ]["acc,none"] = math.inf
        results["model_name"] = "evil\x1b[31m\nname\ud800"

    write_run(tmp_path, "m", rows_of(MCQ), change=change)
    (run,) = read_runs([tmp_path])
    details = " ".join(problem.line for problem in run.problems)
    for words in (
        "effective: a whole number was expected, found -3",
        "limit: a finite number was expected",
        "acc,none is no finite",
    ):
        assert words in details
    assert run.settings.limit is UNKNOWN
    assert run.label.isprintable()


def test_paths_that_hold_no_run(tmp_path):
    with pytest.raises(ResultsError, match="no such file or folder"):
        find_runs([tmp_path / "absent"])
    with pytest.raises(ResultsError, match=r"no results in this folder; expected .*--log_samples"):
        find_runs([tmp_path])
    with pytest.raises(SEvenLLMError, match="empty path"):
        find_runs([""])


def test_samples_of_several_runs_beside_a_renamed_results_file(tmp_path, rows):
    path = write_run(tmp_path, "m", rows)
    path = path.rename(path.with_name("results.json"))
    assert len(read_runs([tmp_path])[0].samples) == len(rows)
    write_run(tmp_path, "m", rows, stamp="2025-01-01T00-00-00").unlink()
    with pytest.raises(ResultsError, match="samples of several runs beside it"):
        read_runs([path])


def test_sample_helper_is_what_lm_eval_writes(tmp_path):
    """The helper of these tests has the keys of a genuine sample."""
    from harness_tools import evaluate

    genuine = evaluate(Scripted(gold), MCQ, limit=1, log_samples=True)["samples"][MCQ][0]
    ours = sample_of(rows_of(MCQ)[0], "B", {"acc": 1.0, "answered": 1.0})
    assert set(ours) <= set(genuine)


@pytest.mark.parametrize(("shift", "problems"), [(1e-10, []), (1e-6, ["contradiction"]), (-1e-6, ["contradiction"])])
def test_a_mean_may_differ_by_rounding_only(tmp_path, shift, problems):
    def change(results):
        results["results"][EVENT]["value_f1,none"] += shift

    write_run(tmp_path, "m", rows_of(EVENT), value=lambda row, metric: 0.5, change=change)
    (run,) = read_runs([tmp_path])
    assert codes(run) == problems
