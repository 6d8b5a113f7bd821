"""The formats for others, read by what will read them: huggingface_hub, and the schemas of every_eval_ever."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from conftest import DATA_DIR
from submission_files import (
    DECLARED,
    NOW,
    differing,
    make_bundle,
    official_run,
    packed,
    small_rows,
    unpacked,
    verify,
    write_true_run,
)

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.figures.cells import Cell
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.submission.bundle import one_run, write_bundle
from sevenllm_bench.submission.formats.hub_results import as_yaml, for_the_hub, hub_path, hub_results, hub_task_ids
from sevenllm_bench.submission.formats.model_index import model_index
from sevenllm_bench.submission.layout import why_not
from sevenllm_bench.submission.push import pull_request

ROOT = Path(__file__).parents[3]
GENUINE = "08a27277386b1f205ed0814d379bb0db9bdce8f39bde099020a1f8044d404d7b"


def manifest(**declared):
    task = {
        "version": "1-A",
        "num_fewshot": 0,
        "prompt": {"name": "alpaca", "version": 1, "sha256": "x"},
        "generation": {"temperature": 0.0, "max_gen_toks": 2000},
        "signature": {"sevenllm_bench": "0.1.0", "data": {"name": "SEvenLLM-Bench", "sha256": GENUINE}},
    }
    submission = {"repository": "an-org/a-model", "revision": None, "benchmark": "my-org/sevenllm-bench", "source_url": None}
    submission |= {"organization": "a lab", "relationship": "third_party", "notes": "", **declared}
    return {
        "sevenllm_bench": "0.1.0",
        "submission": submission,
        "model": {"name": "a-model", "source": "hf", "sha": "abc"},
        "settings": {"chat_template": None, "lm_eval": "0.4.13", "limit": None},
        "tasks": {"sevenllm_en_mcq": task, "sevenllm_zh_mcq": json.loads(json.dumps(task))},
        "command": "lm_eval",
        "date": "2026-11-24T19:01:36Z",
    }


def figure(level, name, metric, *values):
    return Figure(Cell(level, name, metric, ((name, metric),)), *values)


FIGURES = [
    figure("overall", "headline", "headline", 0.5, 1300, 0.01),
    figure("section", "en_mcq", "acc", 0.92, 50, 0.04),
    figure("section", "zh_generation", "rouge_l", 0.25, 300, 0.01),
    figure("section", "zh_generation", "judge", 3.5, 300, 0.01),
    figure("section", "zh_generation", "semantic", 0.8, 300, 0.01),
    figure("section", "zh_mcq", "acc", 0.9, 30, 0.04, "20 of 50 rows missing"),
    figure("task", "sevenllm_en_mcq", "acc", 0.92, 50, 0.04),
]


def test_huggingface_hub_parses_our_entries():
    from huggingface_hub import parse_eval_result_entries

    entries = parse_eval_result_entries(
        yaml.safe_load(as_yaml(hub_results(manifest(source_url="https://x.org/run", notes="a note"), FIGURES)))
    )
    assert [(entry.task_id, entry.value) for entry in entries] == [
        ("headline", 0.5),
        ("en_mcq_acc", 0.92),
        ("zh_generation_rouge_l", 0.25),
    ]
    entry = entries[1]
    assert (entry.dataset_id, entry.dataset_revision, entry.source_url) == ("my-org/sevenllm-bench", None, "https://x.org/run")
    # The Hub takes the date as text, not as a YAML time stamp.
    assert entry.date == "2026-11-24T19:01:36Z"
    assert entry.notes.startswith("n=50; 0-shot; prompt alpaca 1; no chat template; lm-eval 0.4.13")
    assert entry.notes.endswith("; a note")
    assert all(entry.task_id in hub_task_ids() and 0 <= entry.value <= 1 for entry in entries)


def test_what_doesnt_enter_says_why():
    left = for_the_hub(FIGURES, manifest()["tasks"])[1]
    assert left == {
        "zh_generation.judge": "not on a fixed scale from 0 to 1",
        "zh_generation.semantic": "not with the default embedding model",
        "zh_mcq.acc": "20 of 50 rows missing",
    }
    mixed = manifest()
    mixed["tasks"]["sevenllm_en_mcq"]["num_fewshot"] = 2
    assert for_the_hub(FIGURES, mixed["tasks"])[0] == []
    modified = manifest()
    modified["tasks"]["sevenllm_en_mcq"]["signature"]["data"]["sha256"] = "0" * 64
    assert set(for_the_hub(FIGURES, modified["tasks"])[1].values()) == {"not run on the genuine data file"}


def test_each_way_to_run_has_its_own_file():
    assert hub_path(manifest()) == "hub/.eval_results/sevenllm-bench.yaml"
    other = manifest()
    for task in other["tasks"].values():
        task |= {"num_fewshot": 2, "prompt": {"name": "cot", "version": 1}}
    assert hub_path(other) == "hub/.eval_results/sevenllm-bench-cot-2shot.yaml"


def test_a_name_that_huggingface_hub_refuses():
    with pytest.raises(ConfigError, match="not the name of a repository"):
        pull_request("../evil", ("x", b""), "x")


@pytest.mark.parametrize("url", [None, "https://x.org/run"])
def test_a_model_card_loads_our_block(url):
    from huggingface_hub import ModelCard

    card = ModelCard(f"---\nlicense: mit\n{as_yaml(model_index(manifest(source_url=url), FIGURES))}---\n# A model\n")
    results = card.data.eval_results
    assert card.data.model_name == "an-org/a-model"
    assert [(r.dataset_config, r.metric_type, r.metric_value) for r in results] == [
        ("headline", "headline", 0.5),
        ("en_mcq", "accuracy", 0.92),
        ("zh_generation", "rouge_l", 0.25),
    ]
    assert all(r.dataset_type == "Multilingual-Multimodal-NLP/SEVENLLM-Dataset" and r.source_url == url for r in results)


def test_no_block_without_a_figure():
    assert model_index(manifest(), FIGURES[-1:]) == {}


@pytest.fixture(scope="module")
def schemas():
    """Validators of the schemas in SEVENLLM_SCHEMAS_DIR, or in the folder beside the official data; not ours to ship."""
    folder = Path(os.environ.get("SEVENLLM_SCHEMAS_DIR") or Path(DATA_DIR or "none").parent / "schemas")
    if not folder.is_dir():
        message = "SEVENLLM_SCHEMAS_DIR is not set to a folder (of every_eval_ever's schemas)"
        if os.environ.get("CI"):
            pytest.fail(f"{message}, which in CI is a failure")
        pytest.skip(message)
    import jsonschema

    names = ("every_eval_ever-0.3.0.eval.schema.json", "every_eval_ever-0.3.0.instance.schema.json")
    return [jsonschema.Draft7Validator(json.loads((folder / name).read_text(encoding="utf-8"))) for name in names]


def validate(bundle, schemas):
    """Both files against their schemas; returns the aggregate and the instances."""
    (aggregate_file,) = bundle.glob("every_eval_ever/data/sevenllm-bench/*/*/*.json")
    (instance_file,) = bundle.glob("every_eval_ever/data/sevenllm-bench/*/*/*_samples.jsonl")
    aggregate = json.loads(aggregate_file.read_text(encoding="utf-8"))
    instances = [json.loads(line) for line in instance_file.read_text(encoding="utf-8").splitlines()]
    assert [error.message for error in schemas[0].iter_errors(aggregate)] == []
    for instance in instances:
        assert [error.message for error in schemas[1].iter_errors(instance)] == []
    return aggregate, instances


def test_the_schemas_are_not_satisfied_by_anything(schemas):
    assert list(schemas[0].iter_errors({}))
    assert list(schemas[1].iter_errors({"schema_version": "0.3.0"}))


def test_every_eval_ever_validates(schemas, tmp_path):
    run = write_true_run(tmp_path / "run", small_rows(), extra={"semantic": 0.5, "judge": 4.0, "judge_scored": 1.0})
    aggregate, instances = validate(make_bundle(run, tmp_path / "b"), schemas)
    by_id = {result["evaluation_result_id"]: result for result in aggregate["evaluation_results"]}
    judge = by_id["zh_generation.judge"]["metric_config"]
    assert (judge["min_score"], judge["max_score"]) == (1, 5)
    assert judge["llm_scoring"]["judges"]
    assert by_id["en_mcq.acc"]["source_data"]["source_type"] == "other"
    # Every instance belongs to one aggregate result, whose score is the mean of its instances.
    scores: dict[str, list[float]] = {}
    for instance in instances:
        scores.setdefault(instance["evaluation_result_id"], []).append(instance["evaluation"]["score"])
        assert instance["evaluation_id"] == aggregate["evaluation_id"]
    for name, values in scores.items():
        assert by_id[name]["score_details"]["score"] == pytest.approx(sum(values) / len(values)), name
    assert aggregate["detailed_evaluation_results"]["total_rows"] == len(instances)
    mcq = next(i for i in instances if i["evaluation_result_id"] == "en_mcq.acc" and i["evaluation"]["is_correct"])
    assert mcq["answer_attribution"][0]["extracted_value"] == mcq["input"]["reference"][0]
    assert len(mcq["input"]["choices"]) == 4


@pytest.mark.predictions
def test_official_rows_in_every_format(schemas, official_rows, data_dir, tmp_path):
    """A small run over official rows, one section whole: that section alone enters the formats of the Hub."""
    rows = [row for row in official_rows if row.kind == "mcq" and (row.language == "en" or row.id % 2)]
    known = str(data_dir)
    run = official_run(tmp_path / "run", rows, {row.id: "B" for row in rows})
    bundle = write_bundle(one_run(run), tmp_path / "b.zip", replace(DECLARED, revision="f" * 40), NOW)
    assert differing(verify(bundle.path, known), "hub results") == []
    aggregate, _ = validate(unpacked(bundle.path, tmp_path / "b"), schemas)
    assert aggregate["model_info"]["additional_details"]["revision"] == "f" * 40
    source = aggregate["evaluation_results"][0]["source_data"]
    assert (source["source_type"], source["samples_number"]) == ("hf_dataset", 50)
    assert bundle.hub_file is not None
    assert [entry["dataset"]["task_id"] for entry in yaml.safe_load(bundle.hub_file[1])] == ["en_mcq_acc", "en_mcq_answered"]
    # Always B: its share among the references of the English MCQ.
    right = sum(row.output == "B" for row in rows if row.language == "en") / 50
    assert yaml.safe_load(bundle.hub_file[1])[0]["value"] == pytest.approx(right)


@pytest.mark.predictions
def test_tampered_formats_of_the_hub(official_rows, data_dir, tmp_path, capsys):
    rows = [row for row in official_rows if row.kind == "mcq"]
    known = str(data_dir)
    run = official_run(tmp_path / "run", rows, {row.id: "B" for row in rows})
    bundle = write_bundle(one_run(run), tmp_path / "b.zip", DECLARED, NOW)
    folder = unpacked(bundle.path, tmp_path / "b")
    file = folder / "hub" / bundle.hub_file[0]
    good = file.read_text(encoding="utf-8")
    for old, new, named in (
        ("value: 0.", "value: 0.9", "[0].value"),
        ("en_mcq_acc", "headline", ".dataset.task_id"),
        ("SEVENLLM-Dataset", "Other", ".dataset.id"),
    ):
        assert old in good
        file.write_text(good.replace(old, new), encoding="utf-8")
        (finding,) = differing(verify(folder, known), "hub results")
        assert named in finding.detail
    file.write_text(good, encoding="utf-8")
    index = folder / "hub" / "model-index.yaml"
    index.write_text(index.read_text(encoding="utf-8").replace("value: 0.", "value: 0.9", 1), encoding="utf-8")
    (finding,) = differing(verify(folder, known), "model-index")
    assert "metrics[0].value" in finding.detail
    assert main(["verify", str(packed(folder)), "--data-dir", str(data_dir)]) == 1
    assert "differs: model-index" in capsys.readouterr().out


def test_the_documentation_names_every_task_id():
    text = (ROOT / "docs" / "submitting.md").read_text(encoding="utf-8")
    block = yaml.safe_load(text.split("```yaml\n# eval.yaml\n")[1].split("```")[0])
    assert tuple(task["id"] for task in block["tasks"]) == hub_task_ids()


def test_the_example_workflow_is_one():
    """Its commands are run in verify/test_forged_bundles.py."""
    workflow = yaml.safe_load((ROOT / "examples" / "verify_submission.yml").read_text(encoding="utf-8"))
    # YAML reads the key "on" as true.
    assert "pull_request" in workflow[True]
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.predictions
def test_what_was_done_to_the_model_is_in_every_format(schemas, official_rows, data_dir, tmp_path):
    rows = [row for row in official_rows if row.kind == "mcq"]

    def change(results):
        results["config"]["model_args"] = {"pretrained": "an-org/a-model", "load_in_4bit": True, "dtype": "float16"}

    run = official_run(tmp_path / "run", rows, {row.id: "B" for row in rows}, change=change)
    bundle = write_bundle(one_run(run), tmp_path / "b.zip", DECLARED, NOW)
    assert verify(bundle.path, str(data_dir)).of("differs") == []
    folder = unpacked(bundle.path, tmp_path / "b")
    aggregate, instances = validate(folder, schemas)
    name = "an-org/a-model (load_in_4bit=True)"
    assert (aggregate["model_info"]["id"], aggregate["model_info"]["name"]) == (name, "a-model (load_in_4bit=True)")
    assert aggregate["model_info"]["additional_details"]["model_arguments"] == "load_in_4bit=True, dtype=float16"
    assert {instance["model_id"] for instance in instances} == {name}
    assert bundle.hub_file[0] == ".eval_results/sevenllm-bench-load_in_4bit-True.yaml"
    assert all("; load_in_4bit=True, dtype=float16; " in entry["notes"] for entry in yaml.safe_load(bundle.hub_file[1]))
    index = yaml.safe_load((folder / "hub" / "model-index.yaml").read_text(encoding="utf-8"))["model-index"][0]
    assert index["name"] == name
    assert all("load_in_4bit=True" in metric["name"] for result in index["results"] for metric in result["metrics"])


def test_the_file_on_the_hub_keeps_a_short_name():
    arguments = {"pretrained": "m"} | {f"bnb_4bit_option_{number}": "x" * 40 for number in range(20)}
    task = {"num_fewshot": 0, "prompt": {"name": "alpaca"}}
    names = {
        hub_path({"model": {"name": "m", "arguments": {**arguments, "bnb_4bit_last": last}}, "tasks": {"t": task}})
        for last in ("a", "b")
    }
    assert len(names) == 2
    assert all(len(name) < 120 and not why_not(name) for name in names)
