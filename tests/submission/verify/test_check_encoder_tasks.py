"""Bundles of encoders' runs: confirmed as they are, and each lie in one is found."""

import json
import shutil
import time
from datetime import UTC, datetime

import encoder_run_files
import pytest
from submission_files import DECLARED

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs.mteb_import import with_mteb_results
from sevenllm_bench.encoder_runs.results_writer import EncoderRun, write_run
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.task_scoring import answer_from_responses, further_figures, items_of, score_items
from sevenllm_bench.runs.reader import read_run
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


RETRIEVAL = "sevenllm-zh-retrieval"


@pytest.fixture(scope="module")
def with_mteb(tmp_path_factory):
    """A run of retrieval with MTEB's own result in it."""
    pytest.importorskip("mteb")
    folder, benchmark = tmp_path_factory.mktemp("mteb"), load_benchmark("embedded")
    task = encoder_task_by_name(RETRIEVAL)
    items = items_of(task, benchmark)
    answers = [{"ranked": [[item.document["relevant"][0], 1.0], [10_000, 2.0 if item.id % 2 else 0.5]]} for item in items]
    outcome = TaskOutcome(task, items, answers, {"kind": "mteb"}, {}, ())
    run = EncoderRun("an-org/a-model", {}, None, None, [outcome], {RETRIEVAL: len(items)}, encoder_run_files.BEGAN)
    return write_run(with_mteb_results(run, benchmark, folder / "mteb"), benchmark, folder)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (None, None, None),
        ("ndcg_at_10", 0.99, "ndcg_at_10 is 0.99000 in it, and"),
        ("mcq_mrr_at_10", 1.0, "mcq_mrr_at_10 is 1.00000 in it, and 0."),
        ("queries", 5_000, "queries are 5,000 in it, and there are 128"),
        ("mcq_queries", 5_000, "mcq_queries are 5,000 in it, and there are "),
        ("dataset_revision", "a" * 40, "it is of the rows 'aaaa"),
    ],
)
def test_mtebs_own_result_in_a_run(with_mteb, key, value, message, tmp_path):
    results = shutil.copytree(with_mteb.parent, tmp_path / "run") / with_mteb.name

    def change(content):
        own = content["mteb"][RETRIEVAL]
        (own if key == "dataset_revision" else own["scores"]["test"][0])[key] = value

    if key:
        _claim(results, change)
    _, verification = verified(results, tmp_path)
    found = [finding.line for finding in verification.of("differs")]
    assert len(found) == (1 if key else 0)
    assert all(message in line for line in found)


def _of_causal_model(folder, model, method, answer=None):
    """A run of answer ranking as lm-eval writes it, the reference twice as likely as the others."""
    name, benchmark = "sevenllm-zh-answer-ranking", load_benchmark("embedded")
    per_byte = method != "as given"
    task = encoder_task_by_name(name)
    items = items_of(task, benchmark)
    values = [[-1.0 if place == item.document["answer"] else -2.0 for place in range(10)] for item in items]
    answers = [answer_from_responses(item, own, per_byte) for item, own in zip(items, values, strict=True)]
    outcome = TaskOutcome(task, items, answers, {"scores": method}, {}, ())
    run = EncoderRun("an-org/a-model", {}, None, None, [outcome], {name: len(items)}, encoder_run_files.BEGAN)
    results = write_run(run, benchmark, folder)

    def change(content):
        content["config"]["model"] = content["model_source"] = model
        content["configs"][name]["output_type"] = "multiple_choice"
        content["configs"][name]["metadata"]["sevenllm"]["answers"] = {"scores": method}

    _claim(results, change)
    file, records = _lines(results, name)
    for record, own in zip(records, values, strict=True):
        del record["answer"]
        record["resps"] = [[[str(value), "False"]] for value in own]
        record["filtered_resps"] = [[str(value), "False"] for value in own]
        if answer:
            record["answer"] = answer
    _write(file, records)
    return results


@pytest.mark.parametrize(
    ("model", "method", "is_right"),
    [("hf", "log-likelihood per byte", True), ("sevenllm-encoder", "as given", True), ("hf", "as given", False)],
)
def test_log_likelihoods_taken_as_given(model, method, is_right, tmp_path):
    _, verification = verified(_of_causal_model(tmp_path / "run", model, method), tmp_path)
    found = [finding.line for finding in verification.of("differs") if "taken as given" in finding.line]
    assert bool(found) is not is_right


def test_an_answer_beside_a_models_responses_is_not_read(tmp_path):
    honest = read_run(one_run(str(_of_causal_model(tmp_path / "honest", "hf", "log-likelihood per byte"))))
    altered = read_run(one_run(str(_of_causal_model(tmp_path / "altered", "hf", "log-likelihood per byte", [1.0] + [0.0] * 9))))
    assert [sample.answer for sample in altered.item_samples] == [sample.answer for sample in honest.item_samples]
    assert "an answer beside the model's responses; not read" in " ".join(problem.detail for problem in altered.problems)


def test_many_groups_take_no_longer_than_many_items():
    """Of items that a foreign file invents, each can be of a group and a class of its own."""
    for kind, name in (("answer-ranking", "groups"), ("masked-terms", "groups"), ("entities", "types")):
        items = [Item(number, f"g{number}", "own", _foreign(f"t{number}")) for number in range(20_000)]
        began = time.process_time()
        found = further_figures(EncoderTask(kind, "en"), items, [[]] * len(items))
        assert len(found[name]) == len(items)
        assert time.process_time() - began < 15


def _foreign(name):
    return {"candidates": ["a"] * 10, "answer": 0, "task": name, "text": "a", "spans": [[0, 1, name]], "types": [name]}


def test_many_types_in_one_text_take_no_longer_than_many_spans():
    names = [f"t{number}" for number in range(5_000)]
    spans = [[0, 1, name] for name in names]
    item = Item(1, "g", "own", {"text": "ab", "spans": spans, "types": names})
    began = time.process_time()
    assert (
        score_items(EncoderTask("entities", "en"), [item] * 10, [spans] * 10) == [{"span_f1": 1.0, "span_f1_partial": 1.0}] * 10
    )
    assert time.process_time() - began < 15
