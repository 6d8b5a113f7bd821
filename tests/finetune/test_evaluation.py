"""The evaluation's file beside a checkpoint: what it may hold, and what makes it no such file."""

import json
import shlex

import pytest

from sevenllm_bench.finetune.output.evaluation import Evaluation, read_evaluation

GOOD = {"prompt": "alpaca", "chat": False, "model_arguments": {"enable_thinking": False}, "base": None}


def read(folder, **changes):
    (folder / "evaluation.json").write_text(json.dumps(GOOD | changes), encoding="utf-8")
    return read_evaluation(folder)


def test_what_was_written_is_read(tmp_path):
    evaluation = Evaluation(
        "cot",
        True,
        {"enable_thinking": False, "top": 1.5},
        "an-org/a-model",
        revision="a" * 40,
        trust_remote_code=True,
        gguf_file="x.gguf",
        base_weights={"all": "00"},
        merge_first=True,
    )
    evaluation.write(tmp_path)
    assert read_evaluation(tmp_path) == evaluation
    assert read(tmp_path) == Evaluation(**GOOD)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_arguments": {"x,trust_remote_code": "True"}},
        {"model_arguments": {"x": ["\x1b[2J"]}},
        {"model_arguments": {"x": {"\u202e": 1}}},
        {"model_arguments": {"x": float("nan")}},
        {"model_arguments": []},
        {"prompt": "a,b"},
        {"prompt": "\x1b[2J"},
        {"prompt": "\ud800"},
        {"base": "a\nb"},
        {"chat": 1},
        {"revision": 3},
        {"trust_remote_code": "True"},
        {"merge_first": 1},
        {"base_weights": ["00"]},
    ],
)
def test_a_file_that_would_change_the_command_is_no_such_file(tmp_path, changes):
    assert read(tmp_path, **changes) is None


@pytest.mark.parametrize("name", ["base", "revision", "gguf_file"])
def test_a_comma_adds_no_argument(tmp_path, name):
    text = "x,trust_remote_code=True"
    found = arguments(read(tmp_path, **({"base": "a/b"} | {name: text})))
    assert found["pretrained" if name == "base" else name] == text
    assert "trust_remote_code" not in found


@pytest.mark.parametrize("value", [[1, "low, high"], {"a": None}, None, "1,trust_remote_code=True"])
def test_arguments_of_the_chat_format_are_read_back(tmp_path, value):
    Evaluation("cot", True, {"x": value}).write(tmp_path)
    found = read_evaluation(tmp_path)
    assert found == Evaluation("cot", True, {"x": value})
    assert arguments(found) == {"pretrained": "OUT", "chat_template_args": {"x": value}}


@pytest.mark.parametrize("depth", [900, 100_000])
def test_lists_without_end_are_no_such_file(tmp_path, depth):
    content = json.dumps(GOOD).replace("false}", f"{'[' * depth}1{']' * depth}}}")
    (tmp_path / "evaluation.json").write_text(content, encoding="utf-8")
    assert read_evaluation(tmp_path) is None


COMMIT = "c" * 40


def arguments(evaluation, folder="OUT"):
    """Arguments of the model, as lm-eval's command line reads them."""
    import argparse

    from lm_eval._cli.utils import MergeDictAction

    words = shlex.split(evaluation.command(folder))
    parser = argparse.ArgumentParser()
    parser.add_argument("--model_args", nargs="+", action=MergeDictAction)
    return parser.parse_args(["--model_args", words[words.index("--model_args") + 1]]).model_args


@pytest.mark.parametrize(
    ("evaluation", "expected"),
    [
        (Evaluation(), {"pretrained": "OUT"}),
        (Evaluation(trust_remote_code=True), {"pretrained": "OUT", "trust_remote_code": True}),
        (Evaluation(base="a/b"), {"pretrained": "a/b", "peft": "OUT", "tokenizer": "OUT"}),
        (
            Evaluation(base="a/b", revision=COMMIT, trust_remote_code=True),
            {"pretrained": "a/b", "revision": COMMIT, "peft": "OUT", "tokenizer": "OUT", "trust_remote_code": True},
        ),
        (Evaluation(chat=True, model_arguments={"enable_thinking": False}), {"pretrained": "OUT", "enable_thinking": False}),
        (
            Evaluation(chat=True, model_arguments={"enable_thinking": True, "level": [1, "low"]}),
            {"pretrained": "OUT", "chat_template_args": {"enable_thinking": True, "level": [1, "low"]}},
        ),
    ],
)
def test_the_command_has_the_arguments_of_lm_eval(evaluation, expected):
    """Names of `lm_eval.models.huggingface.HFLM`: the revision and the code are the base's, the tokenizer the adapters'."""
    import inspect

    from lm_eval.models.huggingface import HFLM

    assert arguments(evaluation) == expected
    assert set(expected) <= set(inspect.signature(HFLM.__init__).parameters)


@pytest.mark.parametrize("folder", ["runs/a,b", "2024", "1e5", "None", "run{1}", "it's", "0x10", "a=b", "runs/a b", " a"])
def test_a_folder_stays_one_text_whatever_its_name(folder):
    assert arguments(Evaluation(), folder) == {"pretrained": folder}


def test_a_file_of_an_earlier_version_is_read(tmp_path):
    assert read(tmp_path).revision is None
    assert "revision" not in GOOD
