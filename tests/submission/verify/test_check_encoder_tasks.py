"""Bundles of encoders' runs: confirmed as they are, and each lie in one is found."""

import json
from datetime import UTC, datetime

import encoder_run_files
import pytest
from submission_files import DECLARED

from sevenllm_bench.submission.bundle import one_run, write_bundle
from sevenllm_bench.submission.verify.verify_bundle import verify_bundle

ENTITIES, CODE = "sevenllm-zh-entities", "sevenllm-vulnerable-code"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def results(tmp_path):
    return encoder_run_files.write(tmp_path / "run", encoder_run_files.half_right, (ENTITIES, CODE))


def verified(results, tmp_path):
    bundle = write_bundle(one_run(str(results)), tmp_path / "bundle.zip", DECLARED, NOW)
    return bundle, verify_bundle(bundle.path, now=NOW)


def test_an_honest_bundle_is_confirmed(results, tmp_path):
    bundle, verification = verified(results, tmp_path)
    assert [finding.line for finding in verification.of("differs")] == []
    confirmed = {(finding.check, finding.what) for finding in verification.of("confirmed")}
    assert ("items", CODE) in confirmed
    assert ("task figures", f"{ENTITIES} span_f1") in confirmed
    assert ("task figures", f"{CODE}, further figures") in confirmed
    figures = {figure["id"]: figure["value"] for figure in bundle.manifest["figures"]}
    assert 0 < figures[f"{ENTITIES}.span_f1"] < 1
    assert bundle.manifest["tasks"][CODE]["cost"]["parameters"] == 1_000
    assert bundle.hub_file is None


def _lines(results, task):
    file = next(results.parent.glob(f"samples_{task}_*.jsonl"))
    return file, [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _write(file, records):
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def _claim(results, change):
    content = json.loads(results.read_text(encoding="utf-8"))
    change(content)
    results.write_text(json.dumps(content), encoding="utf-8")


def better_values(results):
    file, records = _lines(results, CODE)
    _write(file, [{**record, "code_acc": 1.0} for record in records])
    _claim(results, lambda content: content["results"][CODE].update({"code_acc,none": 1.0}))


def better_answers_than_values(results):
    file, records = _lines(results, CODE)
    _write(file, [{**record, "answer": {"vulnerable": 1.0}} for record in records])


def easier_items(results):
    file, records = _lines(results, ENTITIES)
    for record in records:
        record["doc"]["document"] = json.dumps({**json.loads(record["doc"]["document"]), "spans": []})
    _write(file, records)


def fewer_items(results):
    file, records = _lines(results, CODE)
    _write(file, records[:50])
    _claim(results, lambda content: content["n-samples"][CODE].update({"effective": 50}))


def fewer_items_in_all(results):
    fewer_items(results)
    _claim(results, lambda content: content["n-samples"][CODE].update({"original": 50}))


def items_of_a_file(results):
    file, records = _lines(results, CODE)
    _write(file, [{**record, "doc": {**record["doc"], "source": "file"}} for record in records])


def better_mean(results):
    _claim(results, lambda content: content["results"][ENTITIES].update({"span_f1,none": 0.99}))


def smaller_error(results):
    _claim(results, lambda content: content["results"][ENTITIES].update({"span_f1_stderr,none": 0.0001}))


def better_further_figures(results):
    def change(content):
        further = content["configs"][CODE]["metadata"]["sevenllm"]["further"]
        assert further
        first = next(iter(further))
        further[first] = 0.999

    _claim(results, change)


def other_data(results):
    _claim(
        results,
        lambda content: content["configs"][ENTITIES]["metadata"]["sevenllm"]["signature"]["data"].update({"sha256": "0" * 64}),
    )


LIES = (
    better_values,
    better_answers_than_values,
    easier_items,
    fewer_items,
    fewer_items_in_all,
    items_of_a_file,
    better_mean,
    smaller_error,
    better_further_figures,
    other_data,
)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lie_is_found(results, tmp_path, lie):
    lie(results)
    _, verification = verified(results, tmp_path)
    assert verification.of("differs"), lie.__name__
    assert verification.exit_code() == 1


def test_an_answer_that_is_rubbish_scores_the_least_and_never_crashes(results, tmp_path):
    file, records = _lines(results, ENTITIES)
    rubbish = [None, [], {}, "x", 7, [[1]], [["a", "b", "c"]], [[0, 10**9, "Malware"]], [[-5, 2, "System"]], [[0, 1, None]]]
    for record, answer in zip(records, rubbish * 9, strict=False):
        record["answer"] = answer
    _write(file, records)
    _, verification = verified(results, tmp_path)
    assert verification.of("differs")
