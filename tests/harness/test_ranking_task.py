"""Answer ranking inside lm-eval, by models whose log-likelihoods are made by hand."""

import json
import subprocess
import sys

import pytest
from encoders import tiny_encoders
from harness_tools import Scripted, evaluate, figures

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.embedded import load_embedded
from sevenllm_bench.encoder_tasks.answer_ranking import answer_from_responses, score
from sevenllm_bench.encoder_tasks.item_document import from_item_document
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.prompts import render, style_by_name
from sevenllm_bench.runs.reader import read_runs

TASKS = ("sevenllm-en-answer-ranking", "sevenllm-zh-answer-ranking")


class Ranking(Scripted):
    """Gives the log-likelihood that a function of item and candidate says."""

    def __init__(self, value):
        super().__init__(lambda doc: "")
        self.value = value
        self.continuations = []

    def loglikelihood(self, requests, disable_tqdm=False):
        self.prompts += [request.args[0] for request in requests]
        self.continuations += [request.args[1] for request in requests]
        return [(self.value(json.loads(request.doc["document"]), request.args[1][1:]), False) for request in requests]


def by_bytes(per_byte_of_reference):
    """The reference has this log-likelihood per byte, every other candidate -1."""

    def value(document, candidate):
        right = document["candidates"][document["answer"]] == candidate
        return len(candidate.encode()) * (per_byte_of_reference if right else -1.0)

    return value


@pytest.mark.parametrize(("per_byte", "wanted"), [(-0.9, (1.0, 1.0)), (-1.1, (0.0, 0.1)), (-1.0, (0.0, 0.1))])
def test_what_counts_is_the_log_likelihood_per_byte(per_byte, wanted):
    results = evaluate(Ranking(by_bytes(per_byte)), *TASKS)
    for task in TASKS:
        assert figures(results, task) == {"ranking_acc": wanted[0], "ranking_mrr": pytest.approx(wanted[1])}
        assert results["n-samples"][task]["effective"] == 112
        assert results["versions"][task] == "1-A"
        record = results["configs"][task]["metadata"]["sevenllm"]
        assert record["signature"]["method"] == record["answers"] == {"scores": "log-likelihood per byte"}
        assert record["further"]["ties"] == (112 if per_byte == -1.0 else 0)
        assert record["signature"]["metrics"] == {"ranking_acc": 1, "ranking_mrr": 1}
        assert record["signature"]["prompt"]["name"] == "alpaca"
        assert record["signature"]["data"]["name"] == "sevenllm-bench embedded"


def test_prompts_are_the_rows_own_and_choices_the_candidates():
    model = Ranking(by_bytes(-0.5))
    evaluate(model, TASKS[0], limit=1)
    row = load_benchmark("embedded").rows[0]
    assert set(model.prompts) == {render(row, style_by_name("alpaca"))}
    assert len(model.continuations) == len(set(model.continuations)) == 10
    assert f"\n{row.reference_text}" in model.continuations


def test_samples_hold_the_item_and_what_its_figures_are_computed_from():
    results = evaluate(Ranking(lambda document, candidate: -float(len(candidate))), TASKS[1], log_samples=True)
    samples = json.loads(json.dumps(results["samples"][TASKS[1]]))
    assert len(samples) == 112
    for sample in samples:
        item = from_item_document(sample["doc"], "a sample")
        assert len(sample["filtered_resps"]) == 10
        (values,) = score([item], [answer_from_responses(item, sample["filtered_resps"], per_byte=True)])
        assert values == {name: sample[name] for name in values}


def test_few_shot_examples_end_with_their_reference():
    model = Ranking(by_bytes(-0.5))
    evaluate(model, TASKS[0], num_fewshot=1, limit=1)
    example = load_embedded("en", "fewshot")[0]
    style = style_by_name("alpaca")
    start = f"{render(example, style)}\n{example.reference_text}\n\n"
    assert {prompt.startswith(start) for prompt in model.prompts} == {True}
    with pytest.raises(ConfigError, match="--num_fewshot 5000, but there are 56 few-shot examples"):
        evaluate(model, TASKS[0], num_fewshot=5000, limit=1)


def test_a_chat_template_and_predict_only():
    model = Ranking(by_bytes(-0.5))
    evaluate(model, TASKS[0], limit=1, apply_chat_template=True)
    assert model.prompts[0].startswith("<user>Below is")
    assert figures(evaluate(Ranking(by_bytes(-0.5)), TASKS[0], predict_only=True, limit=2), TASKS[0]) == {"bypass": 999}


def test_a_server_without_echo_is_refused():
    with pytest.raises(ConfigError, match="log-likelihood of all 10 candidates is 0"):
        evaluate(Ranking(lambda document, candidate: 0.0), TASKS[0], limit=1)


def test_a_prompt_that_asks_for_a_thought_is_refused():
    with pytest.raises(ConfigError, match="'cot' asks for a thought before the answer"):
        evaluate(Ranking(by_bytes(-0.5)), TASKS[0], limit=1, metadata={"prompt": "cot"})


def test_log_likelihoods_that_are_no_numbers_rank_last():
    results = evaluate(Ranking(lambda document, candidate: float("nan")), TASKS[0], limit=2)
    assert figures(results, TASKS[0]) == {"ranking_acc": 0.0, "ranking_mrr": 0.1}
    assert results["configs"][TASKS[0]]["metadata"]["sevenllm"]["further"]["unusable"] == 2


def test_scores_of_a_causal_model_are_its_log_probabilities_per_byte(tiny_checkpoint):
    """Through lm-eval's `hf`, against a plain loop over transformers."""
    import torch
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    results = evaluate(HFLM(str(tiny_checkpoint), device="cpu"), TASKS[1], limit=1, log_samples=True)
    (sample,) = results["samples"][TASKS[1]]
    item = from_item_document(sample["doc"], "a sample")
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(tiny_checkpoint).eval(),
        AutoTokenizer.from_pretrained(tiny_checkpoint),
    )
    prompt = render(load_benchmark("embedded").by_id[item.id], style_by_name("alpaca"))
    wanted = []
    for candidate in item.document["candidates"]:
        # lm-eval reads the first tokens of prompt and candidate together as the prompt's.
        ids, before = (tokenizer(text, return_tensors="pt")["input_ids"] for text in (f"{prompt}\n{candidate}", prompt))
        with torch.no_grad():
            found = model(ids).logits[0].float().log_softmax(-1)
        places = range(before.shape[1], ids.shape[1])
        wanted.append(sum(found[place - 1, ids[0, place]].item() for place in places) / len(candidate.encode()))
    assert answer_from_responses(item, sample["filtered_resps"], per_byte=True) == pytest.approx(wanted, abs=1e-4)


def test_a_run_of_an_encoder_is_read_from_its_files_as_it_was_scored(tmp_path):
    """Cosines are no log-likelihoods: what is computed again from the samples file, as `verify` does, must know it."""
    model = tiny_encoders.make_bi_encoder(tmp_path / "bi")
    words = ["eval", "--model", "sevenllm-encoder", "--model_args", f"pretrained={model}", "--tasks", TASKS[0], "--limit", "3"]
    further = ["--metadata", "dataset=embedded", "--log_samples", "--output_path", str(tmp_path / "run")]
    done = subprocess.run([sys.executable, "-m", "sevenllm_bench.cli.main", *words, *further], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (run,) = read_runs([tmp_path / "run"], lambda: load_benchmark("embedded"))
    assert len(run.item_samples) == 3
    for sample in run.item_samples:
        assert score([sample.item], [sample.answer]) == [sample.metrics]
    assert any(value > 0 for sample in run.item_samples for value in sample.answer)


@pytest.mark.data
def test_official_rows(data_dir):
    results = evaluate(Ranking(by_bytes(-0.9)), *TASKS, metadata={"dataset": "official", "data_dir": str(data_dir)})
    for task in TASKS:
        assert figures(results, task) == {"ranking_acc": 1.0, "ranking_mrr": 1.0}
        assert results["n-samples"][task]["effective"] == 600
