"""The evaluation's file beside a checkpoint: what it may hold, and what makes it no such file."""

import json

import pytest

from sevenllm_bench.finetune.evaluation import Evaluation, read_evaluation

GOOD = {"prompt": "alpaca", "chat": False, "model_arguments": {"enable_thinking": False}, "base": None}


def read(folder, **changes):
    (folder / "evaluation.json").write_text(json.dumps(GOOD | changes), encoding="utf-8")
    return read_evaluation(folder)


def test_what_was_written_is_read(tmp_path):
    evaluation = Evaluation("cot", True, {"enable_thinking": False, "top": 1.5}, "an-org/a-model")
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
    ],
)
def test_a_file_that_would_change_the_command_is_no_such_file(tmp_path, changes):
    assert read(tmp_path, **changes) is None
