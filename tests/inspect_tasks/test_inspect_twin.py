"""The same answers through Inspect and through lm-eval: the same prompts, values and figures; logs read as runs."""

import json

import pytest
from harness_tools import Scripted, evaluate
from inspect_replay import write_log

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.errors import ConfigError, SEvenLLMError
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.inspect_tasks.benchmark_tasks import sevenllm, sevenllm_en, sevenllm_zh
from sevenllm_bench.runs.reader import read_runs

ROWS = {row.id: row for row in load_benchmark("embedded").rows}
#: Of each task and language a few: extraction, generation, multiple choice.
TASKS = ("time_element_acquisition", "threat_analysis", "mcq")


def answer_of(row_id):
    """References, half of them, broken JSON, reasoning, nothing, a letter."""
    reference = ROWS[row_id].reference_text
    forms = (
        reference,
        reference[: len(reference) // 2],
        "",
        f"<think>{reference}</think>\nB",
        f"```json\n{reference}\n```",
        "\ud800 B",
    )
    return forms[row_id % len(forms)]


@pytest.fixture(scope="module")
def wanted():
    return [row.id for row in ROWS.values() if row.leaf.is_official and row.leaf.name.split("_", 2)[2] in TASKS]


@pytest.fixture(scope="module")
def log(tmp_path_factory, wanted):
    return write_log(sevenllm(dataset="embedded"), answer_of, tmp_path_factory.mktemp("inspect"), sample_id=wanted)


@pytest.fixture(scope="module")
def harness_samples():
    """The same answers in lm-eval: row's id to sample."""
    names = [f"sevenllm_{language}_{task}" for language in ("en", "zh") for task in TASKS]
    results = evaluate(Scripted(lambda doc: answer_of(doc["id"])), *names)
    return {sample["doc"]["id"]: sample for samples in results["samples"].values() for sample in samples}


def test_every_row_has_the_prompt_answer_and_values_of_the_harness(log, harness_samples, wanted):
    run = read_runs([log])[0]
    assert len(run.samples) == len(harness_samples) == len(wanted)
    for sample in run.samples:
        theirs = harness_samples[sample.id]
        assert sample.prompt == theirs["arguments"][0][0]
        assert sample.response == theirs["resps"][0][0]
        assert sample.reported == pytest.approx({name: theirs[name] for name in theirs["metrics"]}, abs=1e-12)


def test_the_figures_in_the_log_are_those_of_the_report(log):
    inside = json.loads(log.read_text())["results"]["scores"][0]["metrics"]
    for figure in figures_of(read_runs([log])[0]):
        if not figure.cell.id.split(".")[0].endswith(("_language", "_kind")) and figure.cell.id in inside:
            assert figure.value == pytest.approx(inside[figure.cell.id]["value"], abs=1e-9), figure.cell.id
    assert {"headline", "en_understanding.value_f1", "zh_mcq.acc", "sevenllm_zh_threat_analysis.rouge_l"} <= inside.keys()


def test_the_run_says_what_made_it(log):
    run = read_runs([log])[0]
    assert (run.model.name, run.model.source) == ("mockllm/model", "inspect_ai")
    leaf = run.leaves["sevenllm_en_mcq"]
    assert (leaf.num_fewshot, leaf.prompt["name"], leaf.signature["data"]["name"]) == (0, "alpaca", "sevenllm-bench embedded")
    assert leaf.generation == {"temperature": 0.0, "do_sample": False, "max_gen_toks": 2000}


def test_a_packed_log_is_read_as_the_same_run(log, tmp_path, wanted):
    from inspect_ai.log import read_eval_log, write_eval_log

    packed = tmp_path / f"{log.stem}.eval"
    write_eval_log(read_eval_log(str(log)), str(packed), format="eval")
    (one,), (other,) = read_runs([log]), read_runs([tmp_path])
    assert one.samples == other.samples
    assert one.leaves == other.leaves


def test_languages_and_options():
    tasks = sevenllm_en("embedded"), sevenllm_zh("embedded")
    languages = {task.name: {sample.metadata["task"][:11] for sample in task.dataset} for task in tasks}
    assert languages == {"sevenllm_en": {"sevenllm_en"}, "sevenllm_zh": {"sevenllm_zh"}}
    thought = sevenllm_en(dataset="embedded", prompt="cot", stop_at_template=True)
    assert thought.dataset[0].input.endswith("### Thought:")
    assert "### Response:" not in thought.config.stop_seqs
    with pytest.raises(ConfigError, match="did you mean 'embedded'"):
        sevenllm_en(dataset="embeded")
    with pytest.raises(ConfigError, match="paper"):
        sevenllm_en(dataset="embedded", prompt="papre")


@pytest.mark.predictions
@pytest.mark.parametrize("model", ["llama2-7b", "qwen1_5-7b"])
def test_published_outputs_give_the_authors_figures(model, data_dir, predictions_dir, expected, tmp_path):
    lines = (predictions_dir / f"{model}.jsonl").read_text(encoding="utf-8").splitlines()
    answers = {record["id"]: record["output"] for record in map(json.loads, lines)}
    own = expected[model]["items"]
    wanted = [row_id for row_id in answers if row_id % 50 == 3]
    task = sevenllm(data_dir=str(data_dir))
    text = {row_id: own if isinstance(own, str) else json.dumps(own, ensure_ascii=False) for row_id, own in answers.items()}
    log = write_log(task, text.__getitem__, tmp_path, sample_id=wanted)
    samples = read_runs([log])[0].samples
    assert len(samples) == len(wanted) == 26
    for sample in samples:
        paper = {"understanding": "value_f1", "generation": "rouge_l_paper", "mcq": "acc"}[sample.kind]
        assert sample.metrics[paper] == pytest.approx(own[str(sample.id)], abs=1e-6), sample.id


def test_a_missing_data_file_is_one_line(tmp_path):
    with pytest.raises(SEvenLLMError, match=r"test\.jsonl"):
        sevenllm(data_dir=str(tmp_path / "none"))
