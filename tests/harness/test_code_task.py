"""The task on vulnerable code inside lm-eval, by models whose log-likelihoods are made by hand."""

import json
import math

import pytest
from harness_tools import Scripted, evaluate, figures

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.encoder_tasks.item_document import from_item_document
from sevenllm_bench.encoder_tasks.task_scoring import option_answer, score_items
from sevenllm_bench.encoder_tasks.vulnerable_code import items
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.runs.item_samples import read_item_samples
from sevenllm_bench.runs.untrusted import Problems

NAME = "sevenllm-vulnerable-code"
TASK = encoder_task_by_name(NAME)


class Choosing(Scripted):
    """Gives a letter the log-likelihood that a function of the item, the prompt and the letter says."""

    def __init__(self, value):
        super().__init__(lambda doc: "")
        self.value = value
        self.continuations = set()

    def loglikelihood(self, requests, disable_tqdm=False):
        self.prompts += [request.args[0] for request in requests]
        self.continuations |= {request.args[1] for request in requests}
        return [
            (self.value(json.loads(request.doc["document"]), request.args[0], request.args[1].strip()), False)
            for request in requests
        ]


def knowing(document, prompt, letter):
    """Right each time, by reading the options."""
    said = f"{letter}. The function is vulnerable." in prompt
    return -0.1 if said == (document["target"] == 1) else -3.0


def test_a_model_that_knows_is_right_and_one_that_says_a_always_is_half_right():
    results = evaluate(Choosing(knowing), NAME)
    assert figures(results, NAME) == {"code_acc": 1.0}
    assert results["n-samples"][NAME]["effective"] == 100
    record = results["configs"][NAME]["metadata"]["sevenllm"]
    assert (record["further"]["f1"], record["further"]["auc"]) == (1.0, 1.0)
    assert record["further"]["pairs"] == {"n": 50, "both_right": 1.0, "ordered": 1.0, "tied": 0.0}
    assert record["signature"]["metrics"] == {"code_acc": 1}
    always = evaluate(Choosing(lambda document, prompt, letter: -0.1 if letter == "A" else -2.0), NAME)
    assert figures(always, NAME) == {"code_acc": 0.5}
    assert always["configs"][NAME]["metadata"]["sevenllm"]["further"]["pairs"]["both_right"] == 0.0


def test_the_prompt_has_the_function_and_both_options():
    model = Choosing(knowing)
    evaluate(model, NAME, limit=3)
    first = items(TASK, load_benchmark("embedded"))[0]
    assert first.document["func"] in model.prompts[0]
    assert "A. The function is " in model.prompts[0]
    assert "B. The function is " in model.prompts[0]
    assert first.document["cwe"] not in model.prompts[0]
    assert model.continuations == {"\nA", "\nB"}


def test_samples_are_read_back_with_the_same_figures(tmp_path):
    results = evaluate(
        Choosing(lambda document, prompt, letter: -float(len(prompt) % 7) - ord(letter) % 3), NAME, log_samples=True
    )
    samples = json.loads(json.dumps(results["samples"][NAME], default=str))
    path = tmp_path / "samples.jsonl"
    path.write_text("\n".join(json.dumps(sample) for sample in samples))
    problems = Problems()
    read = read_item_samples(path, TASK, False, problems)
    assert len(read) == 100
    again = score_items(TASK, [sample.item for sample in read], [sample.answer for sample in read])
    assert sum(values["code_acc"] for values in again) / 100 == figures(results, NAME)["code_acc"]
    item = from_item_document(samples[0]["doc"], "a sample")
    assert option_answer(item, samples[0]["filtered_resps"]) == read[0].answer


def test_what_is_refused():
    with pytest.raises(ConfigError, match="--num_fewshot 2, but there are 0 few-shot examples"):
        evaluate(Choosing(knowing), NAME, num_fewshot=2, limit=1)
    with pytest.raises(ConfigError, match="log-likelihood of both options is 0"):
        evaluate(Choosing(lambda document, prompt, letter: 0.0), NAME, limit=1)
    with pytest.raises(ConfigError, match="'cot' asks for a thought before the answer"):
        evaluate(Choosing(knowing), NAME, limit=1, metadata={"prompt": "cot"})


def test_values_that_are_no_numbers_score_nothing():
    results = evaluate(Choosing(lambda document, prompt, letter: math.nan), NAME, limit=4)
    assert figures(results, NAME) == {"code_acc": 0.0}
    assert results["configs"][NAME]["metadata"]["sevenllm"]["further"]["unanswered"] == 4


def test_a_chat_template_and_predict_only():
    model = Choosing(knowing)
    evaluate(model, NAME, limit=1, apply_chat_template=True)
    assert model.prompts[0].startswith("<user>Below is")
    assert figures(evaluate(Choosing(knowing), NAME, predict_only=True, limit=2), NAME) == {"bypass": 999}
