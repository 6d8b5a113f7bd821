"""The command that repeats a run, for each kind of run: read by the parsers that read it, and run where that is quick."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_files import rows_of, write_run

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.runs.command import Command, _pairs, command_of
from sevenllm_bench.runs.command_words import option
from sevenllm_bench.runs.reader import read_runs

TASKS = ("sevenllm_en_malware_feature_extraction", "sevenllm_en_mcq")
_SCALARS = st.text(max_size=12) | st.booleans() | st.integers(-1000, 1_000_000)
VALUES = ["org/model", "./here/model", "a b", "a,b=c", "{", "True", "none", "1e5", "13", "-x", "", "naïve", "'q'", "nan"]


@cache
def lm_eval_parser():
    from lm_eval._cli.run import Run

    parser = argparse.ArgumentParser()
    Run(parser.add_subparsers())
    return parser


def asked_of_lm_eval(command: Command) -> argparse.Namespace:
    """What lm-eval reads from the command, as a shell would hand it over."""
    words = shlex.split(command.text.replace("\\\n", " "))
    assert words == list(command.words)
    assert words[0] in ("lm_eval", "sevenllm-bench")
    return lm_eval_parser().parse_args(["run", *words[1 if words[0] == "lm_eval" else 2 :]])


def run_with(folder, model, arguments, **more):
    def change(results):
        results["config"] |= {"model": model, "model_args": arguments} | more
        results["model_source"] = model

    write_run(folder, "run", rows_of(*TASKS), change=change)
    return read_runs([folder / "run"])[0]


@pytest.mark.parametrize("value", VALUES)
def test_a_local_model_is_named_as_it_was(tmp_path, value):
    arguments = {"pretrained": value, "dtype": "float16", "trust_remote_code": True, "max_length": 4096}
    command = command_of(run_with(tmp_path, "hf", arguments, limit=3.0, batch_size="auto"))
    asked = asked_of_lm_eval(command)
    assert command.words[0] == "lm_eval"
    assert (asked.model, asked.model_args) == ("hf", arguments)
    assert (asked.tasks, asked.limit, asked.batch_size, asked.log_samples) == (list(TASKS), 3.0, "auto", True)


def test_a_model_behind_a_server(tmp_path):
    arguments = {"model": "org/m", "base_url": "http://localhost:8000/v1/completions", "num_concurrent": 4, "tokenizer": None}
    asked = asked_of_lm_eval(command_of(run_with(tmp_path, "local-completions", arguments)))
    assert (asked.model, asked.model_args) == ("local-completions", arguments)


@pytest.mark.parametrize("hostile", ["--tasks=x; rm -rf ~", "--x $(id)", "-h", "`id`", "a\nb"])
def test_hostile_values_are_values(tmp_path, hostile):
    def change(results):
        results["system_instruction"] = hostile
        results["config"] |= {"model": hostile, "batch_size": hostile, "gen_kwargs": {"until": [hostile]}}

    write_run(tmp_path, "run", rows_of(*TASKS), change=change)
    asked = asked_of_lm_eval(command_of(read_runs([tmp_path / "run"])[0]))
    assert asked.system_instruction == hostile
    assert asked.gen_kwargs == {"until": [hostile]}
    assert asked.batch_size == hostile


@given(st.dictionaries(st.text("abc_", min_size=1, max_size=5), _SCALARS, min_size=1))
def test_arguments_are_read_as_they_were(arguments):
    words = option("--model_args", _pairs(arguments))
    assert lm_eval_parser().parse_args(["run", *words]).model_args == arguments


def answers(folder):
    """Saved answers to the embedded rows of two tasks, the right ones."""
    path = folder / "my answers, v1.jsonl"
    rows = [row for row in load_benchmark("embedded").rows if row.leaf.name in TASKS]
    path.write_text("".join(json.dumps({"id": row.id, "output": row.reference_text}) + "\n" for row in rows), encoding="utf-8")
    return path


def test_saved_answers_are_scored_again(tmp_path, capsys):
    run = read_runs([answers(tmp_path)], lambda: load_benchmark("embedded"))[0]
    words = shlex.split(command_of(run).text.replace("\\\n", " "))
    assert words[0] == "sevenllm-bench"
    assert main(words[1:]) == 0
    assert "1.0000" in capsys.readouterr().out


def test_a_replay_is_run_again(tmp_path, monkeypatch):
    """Both the run and its repetition go through lm-eval; the figures are the same."""
    import lm_eval.tasks

    monkeypatch.setattr(lm_eval.tasks, "TaskManager", lm_eval.tasks.TaskManager)  # the command replaces it
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.chdir(tmp_path)
    path = answers(tmp_path)
    words = ["eval", "--model", "sevenllm-replay", "--model_args", json.dumps({"predictions": path.name})]
    words += ["--metadata", "dataset=embedded", "--tasks", "sevenllm_en_mcq", "--limit", "2", "--log_samples"]
    assert main([*words, "--output_path", "first"]) == 0
    first = read_runs(["first"])[0]
    again = shlex.split(command_of(first).text.replace("\\\n", " "))
    assert again[:2] == ["sevenllm-bench", "eval"]
    assert main(again[1:]) == 0
    second = read_runs(["results"])[0]
    assert [sample.metrics for sample in first.samples] == [sample.metrics for sample in second.samples] != []
    assert second.model.arguments == first.model.arguments
