"""Lines of samples files, each field changed on its own; the hashes are those that lm-eval 0.4.13 writes."""

import hashlib
import json

import pytest
from submission_files import edit_json, edit_samples, sign_again, task_hash, verify, with_hashes

from sevenllm_bench.catalog import leaf_by_name
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.runs.records import LeafRun, Model, Run, Settings
from sevenllm_bench.submission.verify.check_records import check_records

MCQ, SCOPE = "sevenllm_en_mcq", "sevenllm_en_impact_scope"


def set_in(path, value):
    def change(line):
        *way, last = path
        for key in way:
            line = line[key]
        line[last] = value

    return change


def found_in(bundle, task, change, number=1):
    edit_samples(bundle, task, lambda lines: change(lines[number]))
    sign_again(bundle)
    return [(f.status, f.detail) for f in verify(bundle).findings if f.check == "records" and f.what == task]


def test_true_lines(original):
    found = [(f.what, f.status) for f in verify(original).findings if f.check == "records"]
    assert len(found) == 6
    assert {status for _, status in found} == {"confirmed"}


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("doc_id",), 7, "doc_id"),
        (("doc_id",), True, "doc_id"),
        (("doc", "more"), "x", "doc"),
        (("target",), "B and more", "target"),
        (("filtered_resps",), ["something else"], "filtered_resps"),
        (("resps",), [["something else"]], "filtered_resps"),
        (("filter",), "strict-match", "filter"),
        (("metrics",), ["acc"], "metrics"),
        (("doc_hash",), "0" * 64, "doc_hash"),
        (("prompt_hash",), "0" * 64, "prompt_hash"),
        (("target_hash",), None, "target_hash"),
        (("arguments", "gen_args_0", "arg_1", "temperature"), 1.0, "arguments (generation)"),
        (("arguments", "gen_args_0", "arg_1", "until"), ["a"], "arguments (stop strings differ)"),
        (("arguments", "gen_args_0", "arg_1", "top_p"), 0.5, "arguments (generation)"),
        (("arguments", "gen_args_0", "arg_2"), "x", "arguments"),
        (("arguments", "gen_args_1"), {"arg_0": "a", "arg_1": {}}, "arguments"),
        (("rouge_l",), 1.0, "metrics"),
        (("arguments", "gen_args_0"), [{}], "arguments"),
        (("arguments",), [[]], "arguments"),
    ],
)
def test_a_field_that_is_wrong(bundle, path, value, named):
    found = found_in(bundle, MCQ, set_in(path, value))
    assert ("differs", f"{named}: not as it must be in line 2") in found


def test_keys_that_are_not_lm_evals_are_named(bundle):
    def change(line):
        line["more"] = 1
        del line["filter"], line["doc_hash"]

    found, *others = found_in(bundle, MCQ, change)
    assert [status for status, _ in others] == ["differs"]  # the hash of the task
    said = "no filter in 1 lines, no doc_hash in 1 lines, more in 1 lines"
    assert found == ("note", f"not as lm-eval 0.4.13 writes samples: {said}")


def test_generation_arguments_that_a_model_of_lm_eval_took_out(bundle):
    """Some of its models do so in the request itself: no fault of whoever ran it."""
    found = found_in(bundle, MCQ, lambda line: line["arguments"]["gen_args_0"]["arg_1"].pop("max_gen_toks"))
    assert found == [
        ("note", "not as lm-eval 0.4.13 writes samples: no max_gen_toks in arguments in 1 lines"),
        ("confirmed", "16 lines"),
    ]


def test_a_key_twice_in_a_line(bundle):
    path = next((bundle / "run").glob(f"samples_{MCQ}_*"))
    path.write_text(path.read_text(encoding="utf-8").replace('"acc": ', '"acc": 1.0, "acc": ', 1), encoding="utf-8")
    sign_again(bundle)
    found = [f.detail for f in verify(bundle).of("differs") if f.check == "records"]
    assert "a key stands twice in one object" in found[0]


def test_lines_in_another_order_and_another_hash_of_the_task(bundle):
    wrong = "task_hash (over doc_hash, prompt_hash and target_hash): not as it must be in all lines together"
    edit_samples(bundle, MCQ, lambda lines: lines.reverse())
    sign_again(bundle)
    assert wrong in [f.detail for f in verify(bundle).of("differs")]
    path = next((bundle / "run").glob(f"samples_{MCQ}_*"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    results = next((bundle / "run").glob("results_*"))
    edit_json(results, lambda r: r["task_hashes"].update({MCQ: task_hash(lines)}))
    sign_again(bundle)
    assert wrong not in [f.detail for f in verify(bundle).of("differs")]


LOGPROB = "sevenllm-en-mcq-logprob"
ROW = load_benchmark("embedded").of_leaf(leaf_by_name(MCQ))[0]


def log_likelihoods(**changes):
    """A line of the log-likelihood variant: four requests, the letters after the same prompt."""
    from sevenllm_bench.data.document import to_document

    values = ["-1.5", "-2.5", "-0.5", "-3.5"]
    line = {
        "doc_id": 0,
        "doc": to_document(ROW),
        "target": str("ABCD".index(ROW.output)),
        "arguments": {f"gen_args_{n}": {"arg_0": "prompt", "arg_1": f"\n{letter}"} for n, letter in enumerate("ABCD")},
        "resps": [[[value, "False"]] for value in values],
        "filtered_resps": [[value, "False"] for value in values],
        "filter": "none",
        "metrics": ["acc"],
        "acc": float(ROW.output == "C"),
    }
    return {**with_hashes(line), **changes}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, None),
        ({"target": "9"}, "target"),
        ({"filtered_resps": [["-0.1", "True"]] * 4}, "filtered_resps"),
        ({"arguments": {f"gen_args_{n}": {"arg_0": "prompt", "arg_1": "\nA"} for n in range(4)}}, "arguments"),
        ({"arguments": {f"gen_args_{n}": {"arg_0": f"p{n}", "arg_1": f"\n{c}"} for n, c in enumerate("ABCD")}}, "arguments"),
    ],
)
def test_lines_of_log_likelihoods(tmp_path, change, named):
    line = log_likelihoods(**change)
    line = with_hashes(line)
    (tmp_path / f"samples_{LOGPROB}_2026-11-24T19-00-00.000000.jsonl").write_text(json.dumps(line) + "\n")
    data = load_benchmark("embedded").description
    leaf = LeafRun(LOGPROB, leaf_by_name(MCQ), signature={"data": data}, task_hash=task_hash([line]))
    run = Run("m", Model("m", "hf"), Settings(), {LOGPROB: leaf}, ())
    found = list(check_records(run, list(tmp_path.iterdir()), {"embedded": load_benchmark("embedded")}))
    assert [f.status for f in found] == ["differs" if named else "confirmed"]
    assert named is None or found[0].detail == f"{named}: not as it must be in line 1"


def test_the_hashes_are_those_of_lm_eval(original):
    """`hash_string` of lm-eval over the same texts."""
    from lm_eval.utils import hash_string

    path = next((original / "run").glob(f"samples_{SCOPE}_*"))
    line = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert line["doc_hash"] == hash_string(json.dumps(line["doc"], indent=2, ensure_ascii=False))
    assert line["prompt_hash"] == hash_string(line["arguments"]["gen_args_0"]["arg_0"])
    assert line["target_hash"] == hashlib.sha256(line["target"].encode()).hexdigest()
