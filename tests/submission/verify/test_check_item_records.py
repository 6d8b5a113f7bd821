"""Runs of the tasks beside the benchmark as lm-eval itself writes them: confirmed whole, and every changed field is found."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import encoder_run_files
import pytest
from harness_tools import Scripted, evaluate
from lm_eval.loggers import EvaluationTracker
from submission_files import NOW, differing, edit_json, edit_samples, make_bundle, read_lines, sign_again, verify, write_lines

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import ITEM_TASKS, encoder_task_by_name
from sevenllm_bench.encoder_tasks.item_document import from_item_document
from sevenllm_bench.encoder_tasks.stress import score
from sevenllm_bench.runs.locate import find_runs
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.runs.records import Model
from sevenllm_bench.submission.verify.check_encoder_tasks import check_encoder_tasks
from sevenllm_bench.submission.verify.check_item_records import check_item_records

CIRCULAR, LIKELY, STRESS = "sevenllm-en-mcq-circular", "sevenllm-zh-mcq-circular-logprob", "sevenllm-en-stress"
ENTITIES, RANKING, CODE = "sevenllm-en-entities", "sevenllm-zh-answer-ranking", "sevenllm-vulnerable-code"
GENERATED, BY_OPTIONS = (CIRCULAR, STRESS, ENTITIES), (LIKELY, RANKING, CODE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bundle of a run that lm-eval wrote."""
    folder = tmp_path_factory.mktemp("genuine")
    tracker = EvaluationTracker(output_path=str(folder / "run"))
    names = (*GENERATED, *BY_OPTIONS)
    results = evaluate(Scripted(lambda doc: "B"), *names, evaluation_tracker=tracker, log_samples=True, limit=8)
    samples = results.pop("samples")
    tracker.general_config_tracker.model_name = tracker.general_config_tracker.model_name_sanitized = "scripted"
    results["config"]["model"] = "hf"
    tracker.save_results_aggregated(results=results, samples=samples)
    for name in names:
        tracker.save_results_samples(task_name=name, samples=samples[name])
    edit_json(next((folder / "run").rglob("results_*.json")), lambda r: r.update(model_source="hf", date=NOW.timestamp() - 60))
    return make_bundle(folder / "run", folder / "bundle")


@pytest.fixture
def bundle(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "bundle")


def results_of(bundle):
    return next((bundle / "run").glob("results_*.json"))


def lines_about(bundle, *checks):
    sign_again(bundle)
    return [finding.line for finding in differing(verify(bundle)) if finding.check in checks]


@pytest.fixture(scope="module")
def run(whole):
    return read_run(find_runs([results_of(whole)])[0])


def wrong_fields(whole, run, folder, task, change):
    """What is said of the records of a task whose lines were changed."""
    file = next((whole / "run").glob(f"samples_{task}_*.jsonl"))
    lines = read_lines(file)
    change(lines)
    write_lines(folder / file.name, lines)
    found = check_item_records(run, [folder / file.name], {"embedded": load_benchmark("embedded")})
    return [finding.detail for finding in found if finding.status == "differs"]


def test_what_lm_eval_wrote_is_confirmed(whole):
    found = verify(whole)
    assert not found.of("differs"), [finding.line for finding in found.of("differs")]
    confirmed = {(f.what, f.detail) for f in found.findings if f.check == "records" and f.status == "confirmed"}
    assert confirmed == {(task, "8 lines") for task in (*GENERATED, *BY_OPTIONS)}


def first(**fields):
    return lambda lines: lines[0].update(fields)


def first_request(**fields):
    return lambda lines: lines[0]["arguments"]["gen_args_0"].update(fields)


def other_settings(lines):
    for line in lines:
        line["arguments"]["gen_args_0"]["arg_1"].update(temperature=1.7, do_sample=True)


@pytest.mark.parametrize("task", [*GENERATED, *BY_OPTIONS])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        (first(doc_id=5), "doc_id"),
        (lambda lines: lines[0]["doc"].update(hint="A"), "doc"),
        (first(target="Z"), "target"),
        (first(filter="majority"), "filter"),
        (first(filtered_resps=["something else"]), "filtered_resps"),
        (first(metrics=["acc"]), "metrics"),
        (first(doc_hash="0"), "doc_hash"),
        (first(target_hash="0"), "target_hash"),
        (lambda lines: lines[0]["arguments"].update(gen_args_9={"arg_0": "x", "arg_1": "y"}), "arguments"),
    ],
)
def test_a_changed_field_is_named(whole, run, tmp_path, task, change, field):
    assert f"{field}: not as it must be in line 1" in wrong_fields(whole, run, tmp_path, task, change)


@pytest.mark.parametrize("task", GENERATED)
def test_other_generation_arguments_than_the_results_say(whole, run, tmp_path, task):
    (found,) = wrong_fields(whole, run, tmp_path, task, other_settings)
    assert found.startswith("arguments (generation): not as it must be in line 1, line 2")


@pytest.mark.parametrize("task", BY_OPTIONS)
def test_another_prompt_before_the_second_option(whole, run, tmp_path, task):
    def other(lines):
        lines[2]["arguments"]["gen_args_1"]["arg_0"] = "The answer is B."

    assert wrong_fields(whole, run, tmp_path, task, other) == ["arguments: not as it must be in line 3"]


@pytest.mark.parametrize("task", BY_OPTIONS)
def test_options_in_another_order_than_their_values_are_read_in(whole, run, tmp_path, task):
    def turned(lines):
        for line in lines:
            asked = [own["arg_1"] for own in line["arguments"].values()][::-1]
            for own, option in zip(line["arguments"].values(), asked, strict=True):
                own["arg_1"] = option

    (found,) = wrong_fields(whole, run, tmp_path, task, turned)
    assert found.startswith("arguments: not as it must be in line 1")


def test_log_likelihoods_beside_others_that_are_scored(whole, run, tmp_path):
    found = wrong_fields(whole, run, tmp_path, LIKELY, first(resps=[[["0.0", "False"]]] * 4))
    assert found == ["filtered_resps: not as it must be in line 1"]


def invented(lines):
    """Perfect answers beside the model's own, with their scores."""
    for line in lines:
        item = from_item_document(line["doc"], "")
        line["answer"] = line["target"]
        line.update(score([item], [line["target"]])[0])


def test_a_task_for_causal_models_has_no_answer_but_the_responses_whatever_its_output_type(bundle):
    edit_samples(bundle, STRESS, invented)

    def perfect(results):
        results["configs"][STRESS]["output_type"] = "encoder"
        for name in list(results["results"][STRESS]):
            if name.endswith(",none") and "stderr" not in name:
                results["results"][STRESS][name] = 1.0

    edit_json(results_of(bundle), perfect)
    sign_again(bundle)
    found = verify(bundle)
    lines = [finding.line for finding in found.of("differs")]
    assert any("an answer beside the model's responses; not read" in line for line in lines)
    assert any("configuration.output_type: encoder, this task has generate_until" in line for line in lines)
    assert any("stress_score" in line and "recomputed" in line for line in lines)


def test_prompts_are_looked_at_whatever_the_output_type(bundle):
    edit_json(results_of(bundle), lambda r: r["configs"][CIRCULAR].update(output_type="encoder"))
    edit_samples(bundle, CIRCULAR, first_request(arg_0="The answer is A."))
    assert any("prompts are not the generated ones" in line for line in lines_about(bundle, "prompts"))


@pytest.mark.parametrize(("task", "kind"), [(ENTITIES, "encoder"), (CODE, "encoder"), (CODE, "generate_until"), (STRESS, "x")])
def test_answers_of_an_encoder_are_no_causal_model_s(bundle, task, kind):
    edit_json(results_of(bundle), lambda r: r["configs"][task].update(output_type=kind))
    words = "answers of an encoder, in a run of hf" if kind == "encoder" else f"configuration.output_type: {kind}"
    assert any(words in line for line in lines_about(bundle, "results"))


def test_every_task_has_an_output_type():
    assert all(task.output_types for task in ITEM_TASKS)
    assert encoder_task_by_name("sevenllm-en-retrieval").output_types == ("encoder",)
    assert encoder_task_by_name(ENTITIES).output_types == ("encoder", "generate_until")
    assert encoder_task_by_name(LIKELY).output_types == ("multiple_choice",)


def block(results, task):
    return results["configs"][task]["metadata"]["sevenllm"]


@pytest.mark.parametrize(
    ("task", "change", "words"),
    [
        (STRESS, {"stress": {"version": 99, "seed": 0}}, "stress {'version': 99, 'seed': 0}, this package has"),
        (STRESS, {"reading": 77}, "reading 77, this package has"),
        (CIRCULAR, {"reading": True}, "reading True, this package has"),
    ],
)
def test_other_ways_to_read_answers_can_t_be_confirmed(bundle, task, change, words):
    edit_json(results_of(bundle), lambda r: block(r, task)["signature"].update(change))
    sign_again(bundle)
    assert any(words in finding.line for finding in verify(bundle).of("unconfirmed"))


@pytest.mark.parametrize("task", [CIRCULAR, RANKING])
def test_configuration_and_counts_that_are_not_the_task_s(bundle, task):
    def other(results):
        results["configs"][task].update(repeats=5, description="Hint: B.", num_fewshot=3)
        results["results"][task].update(alias="other", sample_len=9999)

    edit_json(results_of(bundle), other)
    (line,) = [line for line in lines_about(bundle, "results") if "not as in this package" in line]
    assert line.endswith("configuration.repeats, configuration.description, configuration.num_fewshot, sample_len, alias")


@pytest.mark.parametrize("task", [CIRCULAR, STRESS])
@pytest.mark.parametrize("counts", [{"read_as": {"A": 8}}, {"look_cut_off": 7}, {"look_like_reasoning": 1}])
def test_how_answers_were_read_is_counted_again(whole, run, tmp_path, task, counts):
    claimed = {**run.encoder_tasks[task].answers, **counts}
    other = replace(run, encoder_tasks={task: replace(run.encoder_tasks[task], answers=claimed)})
    (found,) = wrong_fields(whole, other, tmp_path, task, lambda lines: None)
    assert found.startswith("not as they are read here: ")


def test_counts_of_noise_are_held_against_the_rows(bundle):
    edit_json(results_of(bundle), lambda r: block(r, STRESS)["further"].update(noise={"none": 112}))
    assert any("further.noise" in line for line in lines_about(bundle, "task figures"))


def test_further_figures_that_are_missing_are_named(bundle):
    edit_json(results_of(bundle), lambda r: block(r, CIRCULAR).pop("further"))
    sign_again(bundle)
    notes = [finding.line for finding in verify(bundle).of("note")]
    assert any(CIRCULAR in line and "the results don't have them" in line for line in notes)


def test_a_line_that_is_nested_deeply_or_no_object_is_named(bundle):
    path = next((bundle / "run").glob(f"samples_{STRESS}_*.jsonl"))
    path.write_text(path.read_text(encoding="utf-8") + "[" * 100_000 + "\n" + json.dumps([1]) + "\n", encoding="utf-8")
    assert lines_about(bundle, "records", "samples")


def test_a_run_of_an_encoder_stays_what_it_is(tmp_path):
    """The model of its results is the encoder's, and the samples have no requests to look at."""
    encoder_run_files.write(tmp_path, lambda item: None, (ENTITIES,), limit=4)
    run = read_run(find_runs([tmp_path])[0])
    benchmarks = {"embedded": load_benchmark("embedded")}
    kinds = {f.detail for f in check_encoder_tasks(run, {}, benchmarks) if f.check == "results" and f.status == "differs"}
    assert kinds == set()
    other = replace(run, model=Model("m", "hf"))
    kinds = {f.detail for f in check_encoder_tasks(other, {}, benchmarks) if f.check == "results" and f.status == "differs"}
    assert kinds == {"answers of an encoder, in a run of hf"}
