"""Entities inside lm-eval: prompts, answers looked up in the texts, samples, few-shot, replayed answers, a real model."""

import json
import logging

import pytest
from harness_tools import Scripted, evaluate, figures
from lm_eval import simple_evaluate

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.embedded_entities import labelled_texts
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.encoder_tasks.entities import answer_from_text, items, score
from sevenllm_bench.encoder_tasks.entity_types import ENTITY_TYPES
from sevenllm_bench.encoder_tasks.item_document import from_item_document
from sevenllm_bench.errors import ConfigError, DataError
from sevenllm_bench.harness import generated_answers
from sevenllm_bench.harness.entities_task import EntitiesTask
from sevenllm_bench.harness.launch import SEvenLLMTaskManager
from sevenllm_bench.harness.replay import ReplayLM
from sevenllm_bench.runs.item_samples import read_item_samples
from sevenllm_bench.runs.untrusted import Problems

TASKS = ("sevenllm-en-entities", "sevenllm-zh-entities")


def written(document, keep=lambda number: True):
    """The labelled names by type, as JSON; only those that `keep` says by their numbers."""
    names = {kind: [] for kind in ENTITY_TYPES}
    for number, (start, end, kind) in enumerate(document["spans"]):
        name = document["text"][start:end]
        if name not in names[kind] and keep(number):
            names[kind].append(name)
    return json.dumps(names, ensure_ascii=False)


def gold(doc):
    return written(json.loads(doc["document"]))


def test_the_labels_themselves_score_1_in_both_languages():
    results = evaluate(Scripted(gold), *TASKS, log_samples=True)
    for task in TASKS:
        assert figures(results, task) == {"span_f1": 1.0, "span_f1_partial": 1.0}
        assert results["n-samples"][task] == {"original": 12, "effective": 12}
        assert results["versions"][task] == "1-A"
        assert "(embedded rows)" in results["results"][task]["alias"]
        record = results["configs"][task]["metadata"]["sevenllm"]
        assert record["signature"]["data"]["name"] == "sevenllm-bench embedded"
        assert record["signature"]["prompt"]["name"] == "alpaca entities"
        assert record["signature"]["spans"] == {"labels": 1}
        assert record["signature"]["metrics"] == {"span_f1": 1, "span_f1_partial": 1}
        assert record["answers"] == {"read_as": {"json": 12}, "look_cut_off": 0, "look_like_reasoning": 0}
        assert record["further"]["strict"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    json.dumps(results["samples"])


def test_values_that_are_not_in_the_text_count_as_wrong():
    """Of n labelled names each is found, and with one invented name per type precision is n / (n + 5) in names' places."""
    invented = {kind: ["Nowhere-at-all"] for kind in ENTITY_TYPES}

    def answer(doc):
        names = json.loads(gold(doc))
        return json.dumps({kind: names[kind] + invented[kind] for kind in ENTITY_TYPES}, ensure_ascii=False)

    results = evaluate(Scripted(answer), TASKS[0])
    spans = [len(text.spans) for text in labelled_texts("en", "test")]
    assert figures(results, TASKS[0])["span_f1"] == pytest.approx(sum(2 * n / (2 * n + 5) for n in spans) / 12)
    further = results["configs"][TASKS[0]]["metadata"]["sevenllm"]["further"]
    assert (further["invented"], further["predicted"]) == (60, sum(spans) + 60)


@pytest.mark.parametrize(
    ("answer", "entries"),
    [
        ('{"Malware": ["Plumfrost"]}', 2),  # it stands in the text twice
        ('Here you are:\n```json\n{"malware": "Plumfrost"}\n```', 2),
        ("<think>hm</think>{'Malware': ['Plumfrost', 'Plumfrost']}", 2),
        ('{"恶意软件": ["Plumfrost"], "Other": ["Windows"]}', 2),
        ('{"Malware": ["plumfrost"]}', 1),  # another case: not in the text
        ('{"System": ["Windows"], "Malware": ["Windows"]}', 1),  # of one place under two types the first counts
        ("{}", 0),
    ],
)
def test_forms_of_answers(answer, entries):
    item = items(encoder_task_by_name(TASKS[0]), load_benchmark("embedded"))[0]
    assert len(answer_from_text(item, answer)) == entries


@pytest.mark.parametrize("answer", ["", "Plumfrost", '{"Malware": ["Plum', "7", "null", "\ud800\x00\u202e{" * 50, "[" * 5000])
def test_what_is_no_json_scores_0(answer):
    item = items(encoder_task_by_name(TASKS[0]), load_benchmark("embedded"))[0]
    assert "unread" in answer_from_text(item, answer)
    assert score([item], [answer_from_text(item, answer)]) == [{"span_f1": 0.0, "span_f1_partial": 0.0}]


def test_many_values_end_soon():
    item = items(encoder_task_by_name(TASKS[0]), load_benchmark("embedded"))[0]
    answer = json.dumps({"Malware": [f"value {number}" for number in range(50_000)], "System": ["Windows"]})
    assert len(answer_from_text(item, answer)) == 50_001


def test_the_prompt_and_its_examples():
    model = Scripted(gold)
    evaluate(model, *TASKS, num_fewshot=2, limit=1)
    for prompt, language in zip(model.prompts, ("en", "zh"), strict=True):
        assert prompt.count("### Response:") == 3
        assert all(prompt.count(f'"{kind}"') >= 5 for kind in ENTITY_TYPES)
        examples, test = labelled_texts(language, "fewshot")[:2], labelled_texts(language, "test")[0]
        assert [prompt.index(text.text) for text in (*examples, test)] == sorted(
            prompt.index(text.text) for text in (*examples, test)
        )
        target = prompt.split("### Response:\n")[1].split("\n\n")[0]
        expected = {kind: [] for kind in ENTITY_TYPES}
        for start, end, kind in examples[0].spans:
            expected[kind] += [examples[0].text[start:end]] if examples[0].text[start:end] not in expected[kind] else []
        assert json.loads(target) == expected
    with pytest.raises(ConfigError, match="there are 6 few-shot examples"):
        evaluate(model, TASKS[0], num_fewshot=7, limit=1)


def test_a_thought_first_without_examples_only():
    model = Scripted(lambda doc: f"Names first.\n### Response:\n{gold(doc)}")
    results = evaluate(model, TASKS[0], metadata={"prompt": "cot"})
    assert figures(results, TASKS[0])["span_f1"] == 1.0
    assert model.prompts[0].endswith("### Thought:")
    with pytest.raises(ConfigError, match="have no thoughts"):
        evaluate(model, TASKS[0], metadata={"prompt": "cot"}, num_fewshot=1, limit=1)


def test_chat_templates_stop_strings_and_predict_only():
    model = Scripted(gold)
    evaluate(model, TASKS[0], limit=1, apply_chat_template=True, num_fewshot=1, fewshot_as_multiturn=True)
    assert "until" not in model.arguments[0]
    assert model.prompts[0].count("<user>") == 2
    evaluate(model, TASKS[0], limit=1)
    assert model.arguments[0]["until"][-1] == "### Response:"
    assert figures(evaluate(Scripted(gold), TASKS[0], predict_only=True, limit=1), TASKS[0]) == {"bypass": 999}


@pytest.mark.parametrize("answer", [None, "", "\ud800\x00\u202e{" * 50])
def test_hostile_answers_go_through_the_harness(answer):
    results = evaluate(Scripted(lambda doc: answer), *TASKS, limit=2, log_samples=True)
    assert {value for task in TASKS for value in figures(results, task).values()} == {0.0}
    json.dumps(results["samples"], ensure_ascii=False).encode("utf-8")


def test_samples_say_what_was_asked_and_give_the_scores_again(tmp_path):
    """Written as lm-eval writes them, and read as `compare` and `verify` read them."""
    results = evaluate(
        Scripted(lambda doc: written(json.loads(doc["document"]), lambda n: n % 2 == 0)), TASKS[1], log_samples=True
    )
    file = tmp_path / f"samples_{TASKS[1]}_x.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for sample in results["samples"][TASKS[1]]:
            arguments = {"gen_args_0": {"arg_0": sample["arguments"][0][0], "arg_1": {}}}
            lines.write(json.dumps({**sample, "arguments": arguments}, default=str) + "\n")
    problems = Problems()
    task = encoder_task_by_name(TASKS[1])
    samples = read_item_samples(file, task, True, problems)
    assert problems.found() == ()
    wanted = items(task, load_benchmark("embedded"))
    assert [sample.item for sample in samples] == [from_item_document(s["doc"], "") for s in results["samples"][TASKS[1]]]
    assert [sample.item.id for sample in samples] == [item.id for item in wanted]
    again = score(wanted, [answer_from_text(item, sample.response) for item, sample in zip(wanted, samples, strict=True)])
    assert [sample.metrics for sample in samples] == again
    assert 0.3 < figures(results, TASKS[1])["span_f1"] < 1.0


def test_saved_answers_are_replayed(tmp_path):
    found = items(encoder_task_by_name(TASKS[0]), load_benchmark("embedded"))
    file = tmp_path / "saved.jsonl"
    lines = [json.dumps({"id": item.id, "output": json.loads(written(item.document))}) for item in found]
    file.write_text("\n".join(lines[:6]))
    results = evaluate(ReplayLM(predictions=str(file)), TASKS[0])
    assert figures(results, TASKS[0]) == {"span_f1": 0.5, "span_f1_partial": 0.5}


def test_a_real_model_through_plain_lm_eval(tiny_checkpoint):
    results = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(tiny_checkpoint), "device": "cpu"},
        tasks=list(TASKS),
        task_manager=SEvenLLMTaskManager(metadata={"dataset": "embedded"}),
        limit=1,
        gen_kwargs="max_gen_toks=16",
        bootstrap_iters=0,
        log_samples=True,
    )
    for task in TASKS:
        assert figures(results, task) == {"span_f1": 0.0, "span_f1_partial": 0.0}
        assert results["configs"][task]["metadata"]["sevenllm"]["further"]["unread"] == 1


def test_names_that_are_no_task_and_rows_that_are_not_there(tmp_path):
    with pytest.raises(ConfigError, match="no task of entities"):
        EntitiesTask({"task": "sevenllm-en-retrieval"})
    with pytest.raises((ConfigError, DataError), match=r"test\.jsonl"):
        evaluate(Scripted(gold), TASKS[0], metadata={"dataset": "official", "data_dir": str(tmp_path)})


@pytest.mark.data
def test_official_rows(data_dir):
    results = evaluate(Scripted(gold), *TASKS, metadata={"dataset": "official", "data_dir": str(data_dir)})
    benchmark = load_benchmark("official", data_dir)
    for task in TASKS:
        assert results["n-samples"][task]["effective"] == len(items(encoder_task_by_name(task), benchmark))
        assert figures(results, task)["span_f1"] == pytest.approx(1.0)
        assert results["configs"][task]["metadata"]["sevenllm"]["signature"]["spans"] == {"map_of_keys": 1}


def test_cut_answers_are_warned_about(caplog, monkeypatch):
    monkeypatch.setattr(generated_answers, "_warned", set())
    with caplog.at_level(logging.WARNING):
        evaluate(Scripted(lambda doc: '{"Malware": ["Plum'), *TASKS)
    assert sum("look cut off (sevenllm-en-entities: 12 of 12)" in record.getMessage() for record in caplog.records) == 1
