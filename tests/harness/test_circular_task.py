"""Multiple choice in every rotation inside lm-eval: models that know, that give one letter always, and parts of a run."""

from __future__ import annotations

import json
import pickle

import pytest
from harness_tools import Scripted, evaluate, figures

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.encoder_tasks.task_scoring import items_of, score_items
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.circular_task import RotationValue
from sevenllm_bench.harness.launch import SEvenLLMTaskManager
from sevenllm_bench.harness.replay import ReplayLM
from sevenllm_bench.runs.item_samples import read_item_samples
from sevenllm_bench.runs.untrusted import Problems

EN, ZH = "sevenllm-en-mcq-circular", "sevenllm-zh-mcq-circular"
LOGPROB = ("sevenllm-en-mcq-circular-logprob", "sevenllm-zh-mcq-circular-logprob")


def knowing(doc):
    """The right letter where the options are rotated as the document says: place p goes to p + rotation."""
    asked = json.loads(doc["document"])
    return "ABCD"[("ABCD".index(asked["answer"]) + doc["rotation"]) % 4]


def block(results, task):
    return results["configs"][task]["metadata"]["sevenllm"]


@pytest.fixture(scope="module")
def of_one_letter():
    return evaluate(Scripted(lambda doc: "B"), EN, ZH, *LOGPROB, log_samples=True)


@pytest.mark.parametrize("task", [EN, ZH, *LOGPROB])
def test_one_letter_always_scores_0_and_is_found(of_one_letter, task):
    found = figures(of_one_letter, task)
    assert (found["circular_acc"], found["acc"]) == (0.0, 0.25)
    assert of_one_letter["n-samples"][task] == {"original": 64, "effective": 64}
    further = block(of_one_letter, task)["further"]
    assert further["position"]["B"] == {"share": 1.0, "preference": 0.75, "low": 0.75, "high": 0.75}
    assert further["position"]["A"]["preference"] == -0.25


def test_a_model_that_knows_scores_1():
    results = evaluate(Scripted(knowing), EN, ZH, *LOGPROB)
    for task in (EN, ZH):
        assert figures(results, task) == {"circular_acc": 1.0, "acc": 1.0, "answered": 1.0}
        assert block(results, task)["answers"]["look_cut_off"] == 0
        assert block(results, task)["signature"]["metrics"] == {"circular_acc": 1, "acc": 1, "answered": 1}
    for task in LOGPROB:
        assert figures(results, task) == {"circular_acc": 1.0, "acc": 1.0}
        assert "(embedded rows)" in results["results"][task]["alias"]


def test_the_prompts_hold_the_options_in_four_orders():
    model = Scripted(knowing)
    evaluate(model, EN, limit=4)
    row = load_benchmark("embedded").by_id[100113]
    for rotation, prompt in enumerate(model.prompts):
        lines = [line for line in prompt.split("\n") if line[:3] in ("A. ", "B. ", "C. ", "D. ")]
        texts = list(row.choices.values())
        turned = [texts[(place - rotation) % 4] for place in range(4)]
        assert lines[:4] == [f"{letter}. {text}" for letter, text in zip("ABCD", turned, strict=True)]
        assert row.input in prompt


def test_missing_rotations_are_counted_and_left_out(caplog):
    results = evaluate(Scripted(knowing), EN, limit=6)
    assert figures(results, EN) == {"circular_acc": 1.0, "acc": 1.0, "answered": 1.0}
    assert (block(results, EN)["further"]["questions"], block(results, EN)["further"]["partial"]) == (2, 1)
    assert "1 of 2 questions without all four rotations" in caplog.text
    none = evaluate(Scripted(knowing), EN, limit=3)
    assert figures(none, EN)["circular_acc"] == "N/A"


def test_samples_become_questions(of_one_letter, tmp_path):
    for task in (EN, LOGPROB[1]):
        lines = [json.loads(json.dumps(sample, default=str)) for sample in of_one_letter["samples"][task]]
        path = tmp_path / f"samples_{task}.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        entry, problems = encoder_task_by_name(task), Problems()
        read = read_item_samples(path, entry, True, problems, True)
        assert {problem.code for problem in problems.found()} == {"no-prompt"}, "lm-eval adds prompts when it writes the file"
        assert [sample.item for sample in read] == list(items_of(entry, load_benchmark("embedded")))
        assert all(sample.answer == ["B"] * 4 for sample in read)
        assert [sample.metrics for sample in read] == score_items(entry, [s.item for s in read], [s.answer for s in read])
        path.write_text("\n".join(map(json.dumps, [*reversed(lines[1:7]), lines[2]])), encoding="utf-8")
        problems = Problems()
        part = read_item_samples(path, entry, True, problems, True)
        assert {sample.id: sample.answer for sample in part} == {
            read[0].id: [None, "B", "B", "B"],
            read[1].id: ["B", "B", "B", None],
        }
        assert all("circular_acc" not in sample.metrics for sample in part)
        assert {problem.code for problem in problems.found()} == {"no-prompt", "duplicate"}


@pytest.mark.parametrize("rotation", [None, "1", True, 4, -1])
def test_a_rotation_that_there_is_none_of_is_a_foreign_row(of_one_letter, tmp_path, rotation):
    line = json.loads(json.dumps(of_one_letter["samples"][EN][0], default=str))
    line["doc"]["rotation"] = rotation
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(line), encoding="utf-8")
    problems = Problems()
    assert read_item_samples(path, encoder_task_by_name(EN), True, problems, True) == []
    assert [problem.code for problem in problems.found()] == ["foreign-row"]


@pytest.mark.parametrize("answer", ["", "\ud800\x00", "A or B or C", "<think>B", "]" * 5_000])
def test_answers_without_a_letter_are_wrong_and_no_error(answer):
    results = evaluate(Scripted(lambda doc: answer), EN, limit=4)
    assert figures(results, EN) == {"circular_acc": 0.0, "acc": 0.0, "answered": 0.0}
    assert block(results, EN)["further"]["position"]["A"]["preference"] == 0.0


def test_what_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="--num_fewshot 1, but there are 0 few-shot examples"):
        evaluate(Scripted(knowing), EN, num_fewshot=1, limit=1)
    with pytest.raises(ConfigError, match="'cot' asks for a thought before the answer"):
        evaluate(Scripted(knowing), LOGPROB[0], metadata={"prompt": "cot"}, limit=1)

    class Silent(Scripted):
        def loglikelihood(self, requests, disable_tqdm=False):
            return [(0.0, False) for _ in requests]

    with pytest.raises(ConfigError, match=r"ignores `echo`.*run sevenllm-en-mcq-circular$"):
        evaluate(Silent(knowing), LOGPROB[0], limit=1)
    path = tmp_path / "saved.jsonl"
    path.write_text('{"id": 100113, "output": "B"}\n')
    with pytest.raises(ConfigError, match="with its options in four orders"):
        evaluate(ReplayLM(predictions=str(path)), EN, limit=2)


def test_predict_only_and_a_chat_template():
    assert figures(evaluate(Scripted(knowing), EN, LOGPROB[0], predict_only=True, limit=2), EN) == {"bypass": 999}
    model = Scripted(knowing)
    evaluate(model, EN, limit=1, apply_chat_template=True)
    assert model.prompts[0].startswith("<user>Below is")


def test_values_keep_their_question_on_the_way_between_processes():
    value = pickle.loads(pickle.dumps(RotationValue(1.0, 7, 3, "C")))
    assert (value, value.question, value.rotation, value.letter) == (1.0, 7, 3, "C")
    assert json.dumps(value) == "1.0"


def test_figures_are_made_from_the_values_of_all_processes():
    """Values of one question that come apart and in another order, as from two processes."""
    manager = SEvenLLMTaskManager(metadata={"dataset": "embedded"})
    task = manager.load([EN])["tasks"][EN]
    right = json.loads(task.dataset["test"][0]["document"])["answer"]
    letters = ["ABCD"[("ABCD".index(right) + rotation) % 4] for rotation in range(4)]
    values = [RotationValue(1.0, 100113, rotation, letters[rotation]) for rotation in (2, 0, 3, 1)]
    values.insert(2, RotationValue(0.0, 100114, 0, ""))
    aggregated = task.aggregation()
    assert aggregated["circular_acc"](values) == 1.0
    assert aggregated["acc"](values) == 0.5
