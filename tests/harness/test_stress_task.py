"""Rows with noise inside lm-eval: prompts, scores by kind of row, seeds, and samples read back."""

from __future__ import annotations

import json

import pytest
from harness_tools import Scripted, evaluate, figures

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.encoder_tasks.stress import row_of, score, seed_of
from sevenllm_bench.encoder_tasks.task_scoring import items_of, score_items
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.noise.noisy_text import NOISES, noisy_row
from sevenllm_bench.runs.item_samples import read_item_samples
from sevenllm_bench.runs.untrusted import Problems

EN, ZH = "sevenllm-en-stress", "sevenllm-zh-stress"


def reference(doc):
    return json.loads(doc["document"])["row"]["output"]


@pytest.fixture(scope="module")
def model():
    return Scripted(reference)


@pytest.fixture(scope="module")
def right(model):
    return evaluate(model, EN, ZH, metadata={"stress_seed": "3"}, log_samples=True)


def test_the_references_score_1_in_both_languages(right):
    for task in (EN, ZH):
        assert figures(right, task) == {
            "stress_score": 1.0,
            "value_f1": 1.0,
            "value_f1_norm": 1.0,
            "json_valid": 1.0,
            "rouge_l_paper": pytest.approx(1.0),
            "rouge_l": 1.0,
        }
        # 13 extraction and 15 analysis tasks with 4 embedded rows each.
        assert right["n-samples"][task] == {"original": 112, "effective": 112}
        block = right["configs"][task]["metadata"]["sevenllm"]
        assert block["signature"]["stress"] == {"version": 1, "seed": 3}
        assert block["further"]["asks"] == {"generation": 60, "understanding": 52}
        assert sum(block["further"]["noise"].values()) == 112
        assert set(block["further"]["noise"]) <= set(NOISES)


def test_a_prompt_differs_from_the_clean_one_in_the_incident_text_alone(right, model):
    benchmark = load_benchmark("embedded")
    rows = [row for language in ("en", "zh") for row in benchmark.rows if row.language == language and row.kind != "mcq"]
    clean = Scripted(lambda doc: "")
    evaluate(clean, "sevenllm_en_threat_analysis", "sevenllm_zh_key_entity_recognition")
    prompts = dict(zip([row.id for row in rows], model.prompts, strict=True))
    by_id = {row.id: row for row in rows}
    own = [row for row in rows if row.leaf.name in ("sevenllm_en_threat_analysis", "sevenllm_zh_key_entity_recognition")]
    assert len(own) == len(clean.prompts) == 8
    for row, prompt in zip(own, clean.prompts, strict=True):
        head, _, tail = prompt.partition(row.input)
        assert prompts[row.id] == head + noisy_row(by_id[row.id], 3).row.input + tail
        assert prompts[row.id] != prompt


def test_the_first_seed_is_0_and_seeds_are_checked():
    results = evaluate(Scripted(reference), EN, limit=2)
    assert results["configs"][EN]["metadata"]["sevenllm"]["signature"]["stress"] == {"version": 1, "seed": 0}
    for wrong in ("-1", "x", 1.5, True, str(2**31)):
        with pytest.raises(ConfigError, match="stress_seed must be a whole number from 0 to 2147483647"):
            evaluate(Scripted(reference), EN, limit=1, metadata={"stress_seed": wrong})


def test_samples_are_read_back_with_the_same_figures(right, tmp_path):
    entry = encoder_task_by_name(ZH)
    path = tmp_path / "samples.jsonl"
    lines = [json.dumps(sample, default=str) for sample in right["samples"][ZH]]
    path.write_text("\n".join(lines), encoding="utf-8")
    problems = Problems()
    read = read_item_samples(path, entry, True, problems, True)
    assert {problem.code for problem in problems.found()} == {"no-prompt"}, "lm-eval adds prompts when it writes the file"
    again = score_items(entry, [sample.item for sample in read], [sample.answer for sample in read])
    assert [sample.metrics for sample in read] == again
    wanted = items_of(entry, load_benchmark("embedded"), {"stress": {"version": 1, "seed": 3}})
    assert {sample.id: sample.item for sample in read} == {item.id: item for item in wanted}
    assert wanted != items_of(entry, load_benchmark("embedded"))


@pytest.mark.parametrize("answer", [None, "", 7, {"a": 1}, "\ud800\x00", "{" * 5_000])
def test_answers_of_any_form_score_and_raise_nothing(answer):
    items = items_of(encoder_task_by_name(EN), load_benchmark("embedded"))[:8]
    for values in score(items, [answer] * 8):
        assert values["stress_score"] < 0.05


@pytest.mark.parametrize("document", [{}, {"row": 7, "asks": []}, {"row": {"id": 1}, "asks": "generation"}])
def test_damaged_items_score_0(document):
    from dataclasses import replace

    item = replace(items_of(encoder_task_by_name(EN), load_benchmark("embedded"))[0], document=document)
    assert row_of(item) is None
    assert set(score([item], ["an answer"])[0].values()) == {0.0}


@pytest.mark.parametrize("stress", [None, 7, {}, {"seed": "3"}, {"seed": True}, {"seed": -1}, {"seed": 2**31}])
def test_a_signature_without_a_seed_means_the_first(stress):
    assert seed_of({"stress": stress}) == 0


def test_what_is_refused():
    with pytest.raises(ConfigError, match="--num_fewshot 2, but its rows are of many tasks"):
        evaluate(Scripted(reference), EN, num_fewshot=2, limit=1)


def test_a_thought_first_and_predict_only():
    model = Scripted(lambda doc: f"Names first.\n### Response:\n{reference(doc)}")
    assert figures(evaluate(model, EN, metadata={"prompt": "cot"}, limit=4), EN)["stress_score"] == 1.0
    assert figures(evaluate(model, EN, predict_only=True, limit=2), EN) == {"bypass": 999}
