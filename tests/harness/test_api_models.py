"""Models behind a server: the commands of the documentation against a loopback server, and mistakes in words."""

import json
import logging
import os
import re
import shlex
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import lm_eval.tasks
import pytest
from finetune.finetune_runs import make_base
from harness.completions_server import completing
from harness_tools import Scripted, evaluate
from huggingface_hub.utils import _http

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.prompts import render, style_by_name

ROOT = Path(__file__).parents[2]
COMMANDS = re.findall(r"^lm_eval --model local-.*$", (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(autouse=True, scope="module")
def _the_extra():
    if find_spec("tenacity") is None:
        if os.environ.get("CI"):
            pytest.fail("the extra api is not installed, which in CI is a failure")
        pytest.skip("the extra api is not installed")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return str(make_base(tmp_path_factory.mktemp("tokenizer")))


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """`sevenllm-bench eval` over some embedded rows; gives the exit code, and what was printed."""
    monkeypatch.setattr(lm_eval.tasks, "TaskManager", lm_eval.tasks.TaskManager)  # which `eval` rebinds
    monkeypatch.setattr(sys, "argv", sys.argv)
    for logger in (logging.getLogger(), logging.getLogger("lm_eval")):  # to which lm-eval adds handlers of this test's streams
        monkeypatch.setattr(logger, "handlers", list(logger.handlers))
        monkeypatch.setattr(logger, "level", logger.level)
    monkeypatch.setattr(_http, "time", SimpleNamespace(time=time.time, sleep=lambda seconds: None))

    def evaluate_(words, limit="2"):
        options = ["--limit", limit, "--metadata", "dataset=embedded", "--output_path", str(tmp_path / "out")]
        code = main(["eval", *words, *options])
        said = capfd.readouterr()
        return SimpleNamespace(code=code, out=said.out, err=said.err)

    return evaluate_


def test_there_is_an_example_of_each_kind():
    assert [("chat" in command, "logprob" in command) for command in COMMANDS] == [(True, False), (False, False), (False, True)]


@pytest.mark.parametrize("command", COMMANDS, ids=["chat", "text", "log-likelihood"])
def test_the_examples_of_the_documentation_run(command, tokenizer, run):
    with completing() as (address, requests):
        command = command.replace("http://localhost:8000", address).replace(
            "tokenizer=Qwen/Qwen3-8B-Base", f"tokenizer={tokenizer}"
        )
        words = shlex.split(command)[1:]
        if "sevenllm" in words:
            words[words.index("sevenllm")] = "sevenllm_en_mcq,sevenllm_zh_impact_scope"
        done = run(words)
    assert done.code == 0
    assert done.out.count("|sevenllm") == 2
    assert len(requests) == (16 if "logprob" in command else 4)
    prompts = {render(row, style_by_name("alpaca")) for row in embedded_split("test")}
    for path, body in requests:
        if path.endswith("/chat/completions"):
            assert [message["content"] in prompts for message in body["messages"]] == [True]
        elif "logprob" not in command:
            assert set(body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]) <= prompts
        assert body["max_tokens"] == (1 if "logprob" in command else 2000)
        assert body.get("echo", False) == ("logprob" in command)


def test_log_likelihoods_of_a_server_rank_the_letters(tokenizer, tmp_path, run):
    """The server likes token 33 best; which letter that is in this vocabulary is looked up."""
    from transformers import AutoTokenizer

    with completing("prompt") as (address, _):
        arguments = f"model=m,base_url={address}/v1/completions,tokenizer={tokenizer},max_length=8192"
        words = ["--model", "local-completions", "--model_args", arguments, "--tasks", "sevenllm-en-mcq-logprob", "--log_samples"]
        assert run(words, "4").code == 0
    ids = {letter: AutoTokenizer.from_pretrained(tokenizer)(letter)["input_ids"][-1] for letter in "ABCD"}
    nearest = min("ABCD", key=lambda letter: abs(ids[letter] - 33))
    lines = next((tmp_path / "out").rglob("samples_*.jsonl")).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert [sample["acc"] for sample in found] == [float(sample["doc"]["output"] == nearest) for sample in found]


@pytest.mark.parametrize("kind", ["none", "null", "content", "no echo", "refused"])
@pytest.mark.parametrize("concurrent", [1, 2])
def test_a_server_without_log_likelihoods_is_one_message(kind, concurrent, tokenizer, run):
    with completing(kind) as (address, _):
        arguments = f"model=m,base_url={address}/v1/completions,tokenizer={tokenizer},max_retries=1,num_concurrent={concurrent}"
        words = [
            "--model",
            "local-completions",
            "--model_args",
            f"{arguments},max_length=8192",
            "--tasks",
            "sevenllm-en-mcq-logprob",
        ]
        done = run(words)
    assert done.code == 2
    assert re.search(r"sevenllm-bench: error: .*sevenllm_en_mcq", done.err)


MISTAKES = {
    "chat without log-likelihoods": (
        [
            "local-chat-completions",
            "model=m,base_url=ADDRESS/v1/chat/completions",
            "sevenllm-en-mcq-logprob",
            "--apply_chat_template",
        ],
        "Log-likelihoods need a server",
    ),
    "no tokenizer": (
        ["local-completions", "model=m,base_url=ADDRESS/v1/completions,tokenizer_backend=None", "sevenllm-en-mcq-logprob"],
        "tokenizer=ORG/NAME",
    ),
    "no template": (
        ["local-chat-completions", "model=m,base_url=ADDRESS/v1/chat/completions", "sevenllm_en_mcq"],
        "add --apply_chat_template",
    ),
    "no such tokenizer": (
        ["local-completions", "model=m/n,base_url=ADDRESS/v1/completions", "sevenllm_en_mcq"],
        "tokenizer can't be loaded: add tokenizer=ORG/NAME",
    ),
    "no address": (
        ["local-chat-completions", "model=m,max_retries=1", "sevenllm_en_mcq", "--apply_chat_template"],
        "add base_url=",
    ),
    "nobody there": (
        [
            "local-completions",
            "model=m,base_url=http://127.0.0.1:9/v1/completions,tokenizer_backend=None,max_retries=1",
            "sevenllm_en_mcq",
        ],
        "can't be reached",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_one_message(mistake, run):
    (model, arguments, task, *more), message = MISTAKES[mistake]
    with completing() as (address, _):
        words = ["--model", model, "--model_args", arguments.replace("ADDRESS", address), "--tasks", task, *more]
        done = run(words)
    assert done.code == 2
    assert re.search(rf"sevenllm-bench: error: .*{re.escape(message)}", done.err)


def test_plain_lm_eval_gives_the_message_too():
    from sevenllm_bench.harness.yamls import yaml_folder

    with completing() as (address, _):
        words = ["--model", "local-chat-completions", "--model_args", f"model=m,base_url={address}/v1/chat/completions"]
        words += ["--tasks", "sevenllm-en-mcq-logprob", "--apply_chat_template", "--include_path", str(yaml_folder())]
        command = [sys.executable, "-m", "lm_eval", *words, "--metadata", "dataset=embedded", "--limit", "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    assert "Log-likelihoods need a server" in done.stderr


def test_log_likelihoods_that_are_all_zero_are_no_answer():
    class Silent(Scripted):
        def loglikelihood(self, requests, disable_tqdm=False):
            return [(0.0, True) for _ in requests]

    with pytest.raises(ConfigError, match="the log-likelihood of all 4 letters is 0"):
        evaluate(Silent(lambda doc: "A"), "sevenllm-zh-mcq-logprob")
