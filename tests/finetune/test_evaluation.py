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
        {"base": "a/b,trust_remote_code=True"},
        {"model_arguments": {"x,trust_remote_code": "True"}},
        {"model_arguments": {"x": "1,trust_remote_code=True"}},
        {"model_arguments": {"x": [1]}},
        {"model_arguments": {"x": float("nan")}},
        {"model_arguments": []},
        {"prompt": "a,b"},
        {"prompt": "\x1b[2J"},
        {"prompt": "\ud800"},
        {"base": "a\nb"},
        {"chat": 1},
        {"revision": "main,trust_remote_code=True"},
        {"revision": 3},
        {"gguf_file": "x.gguf,trust_remote_code=True"},
        {"trust_remote_code": "True"},
        {"merge_first": 1},
        {"base_weights": ["00"]},
    ],
)
def test_a_file_that_would_change_the_command_is_no_such_file(tmp_path, changes):
    assert read(tmp_path, **changes) is None


COMMIT = "c" * 40


def arguments(evaluation, folder="OUT"):
    """Arguments of the model, as lm-eval's command line reads them."""
    from lm_eval.utils import simple_parse_args_string

    words = shlex.split(evaluation.command(folder))
    given = words[words.index("--model_args") + 1]
    return json.loads(given) if given.startswith("{") else simple_parse_args_string(given)


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


def test_a_folder_with_a_comma_stays_one_argument():
    assert arguments(Evaluation(), "runs/a,b")["pretrained"] == "runs/a,b"


def test_a_file_of_an_earlier_version_is_read(tmp_path):
    assert read(tmp_path).revision is None
    assert "revision" not in GOOD
