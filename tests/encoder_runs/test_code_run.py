import json

import numpy as np
import pytest
from encoders import tiny_encoders

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs.code_run import run_vulnerable_code, vulnerable_class
from sevenllm_bench.encoder_tasks.encoder_task import Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.vulnerable_code import figures, items, score
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError

TASK = encoder_task_by_name("sevenllm-vulnerable-code")
ITEMS = items(TASK, load_benchmark("embedded"))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("LABEL_0", "LABEL_1"), 1),
        (("safe", "vulnerable"), 1),
        (("Vulnerable", "Not vulnerable"), 0),
        (("non-vulnerable", "vuln"), 1),
        (("1", "0"), 0),
        (("False", "True"), 1),
        (("Secure", "INSECURE"), 1),
        (("benign", "CWE-79"), 1),
        (("vulnerable", "other"), 0),
    ],
)
def test_the_vulnerable_class_is_read_from_the_labels(labels, expected):
    assert vulnerable_class(labels) == expected


@pytest.mark.parametrize(
    "labels", [("a", "b"), ("LABEL_0", "LABEL_1", "LABEL_2"), ("vulnerable", "1"), ("safe", "good"), ("vulnerable",), ()]
)
def test_labels_that_do_not_say_it_are_one_message(labels):
    with pytest.raises(ConfigError, match=r"model X don't say which one is vulnerable .*--vulnerable-label"):
        vulnerable_class(labels, name="model X")


def test_a_label_that_is_named():
    assert vulnerable_class(("a", "b"), "b") == 1
    assert vulnerable_class(("safe", "vulnerable"), "SAFE") == 0, "the option counts, not the name"
    assert vulnerable_class(("A", "a"), "a") == 1
    with pytest.raises(ConfigError, match=r"no class of the name 'c'\. Its classes: a, b"):
        vulnerable_class(("a", "b"), "c")
    with pytest.raises(ConfigError, match="2 classes of the name 'AB'"):
        vulnerable_class(("ab", "Ab"), "AB")


def reference_probability(folder, text, label):
    """By transformers' own pipeline, for a text that fits."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    encoded = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    with torch.inference_mode():
        return model(**encoded).logits.softmax(-1)[0, label].item()


def test_a_classifier_gives_the_probability_of_its_vulnerable_class(tmp_path):
    folder = tiny_encoders.make_text_classifier(tmp_path, ("vulnerable", "fixed"), limit=2_048)
    chosen = ITEMS[:6]
    outcome = run_vulnerable_code(TASK, chosen, EncoderChoice(str(folder), device="cpu"))
    expected = [reference_probability(folder, item.document["func"], 0) for item in chosen]
    assert [answer["vulnerable"] for answer in outcome.answers] == pytest.approx(expected, abs=1e-5)
    assert outcome.method["vulnerable_label"] == "vulnerable"
    assert (outcome.cost["texts"], outcome.cost["long_texts"], outcome.notes) == (6, 0, ())
    other = run_vulnerable_code(TASK, chosen, EncoderChoice(str(folder), device="cpu"), "fixed")
    assert [answer["vulnerable"] for answer in other.answers] == pytest.approx([1 - p for p in expected], abs=1e-5)
    json.dumps([outcome.answers, outcome.method, outcome.cost], allow_nan=False)


def test_all_our_functions_are_answered_and_scored(tmp_path):
    folder = tiny_encoders.make_text_classifier(tmp_path)
    outcome = run_vulnerable_code(TASK, ITEMS, EncoderChoice(str(folder), device="cpu"))
    scores = score(ITEMS, outcome.answers)
    found = figures(ITEMS, outcome.answers)
    assert found["accuracy"] == pytest.approx(np.mean([score["code_acc"] for score in scores]))
    assert (found["n"], found["unanswered"], found["pairs"]["n"]) == (100, 0, 50)
    assert outcome.cost["long_texts"] > 0
    assert any("functions are longer than the 128 tokens" in note for note in outcome.notes)
    assert any("LABEL_1 is taken for the vulnerable one" in note for note in outcome.notes)


@pytest.mark.parametrize("labels", [("vulnerable", "fixed"), ("fixed", "vulnerable")])
def test_the_window_that_is_most_likely_vulnerable_counts_whichever_class_that_is(tmp_path, labels):
    folder = tiny_encoders.make_text_classifier(tmp_path, labels, limit=16)
    chosen = [Item(1, "c", "file", {"func": " ".join(f"call{n}(x{n * n});" for n in range(60)), "target": 1})]
    by_way = {
        way: run_vulnerable_code(TASK, chosen, EncoderChoice(str(folder), device="cpu", long_texts=way)).answers[0]["vulnerable"]
        for way in ("max", "mean", "cut")
    }
    assert by_way["max"] > by_way["mean"]
    assert by_way["max"] >= by_way["cut"]


def test_odd_functions_are_answered(tmp_path):
    folder = tiny_encoders.make_text_classifier(tmp_path)
    texts = ("", " ", "\0", "中文函数", "\u202eabc", "\ud800", "x" * 20_000)
    chosen = [Item(n, "c", "file", {"func": text, "target": 0}) for n, text in enumerate(texts)]
    outcome = run_vulnerable_code(TASK, chosen, EncoderChoice(str(folder), device="cpu"))
    assert all(0 <= answer["vulnerable"] <= 1 for answer in outcome.answers)
    assert run_vulnerable_code(TASK, [], EncoderChoice(str(folder), device="cpu")).answers == []


def test_another_kind_of_encoder_is_one_message(tmp_path):
    folder = tiny_encoders.make_token_classifier(tmp_path)
    with pytest.raises(ConfigError, match="token-classifier"):
        run_vulnerable_code(TASK, ITEMS, EncoderChoice(str(folder)))
