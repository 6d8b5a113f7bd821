"""The command that repeats a run of encoders: parsed by the program itself, it asks for the same."""

import argparse

import encoder_run_files
import pytest

from sevenllm_bench.cli import encoders_pipeline, encoders_run
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs.results_writer import EncoderRun, write_run
from sevenllm_bench.runs.command import command_of
from sevenllm_bench.runs.locate import find_runs
from sevenllm_bench.runs.reader import read_run

CODE, ENTITIES = "sevenllm-vulnerable-code", "sevenllm-en-entities"


def words_of(results):
    return list(command_of(read_run(find_runs([results.parent])[0])).words)


def test_a_run_is_repeated_with_its_model_tasks_and_rows(tmp_path):
    results = encoder_run_files.write(tmp_path, encoder_run_files.right, (ENTITIES, CODE), limit=5)
    words = words_of(results)
    assert words[:3] == ["sevenllm-bench", "encoders", "run"]
    parser = argparse.ArgumentParser()
    encoders_run.add_arguments(parser)
    asked = parser.parse_args(words[3:])
    assert (asked.model, asked.kind, asked.long_texts) == ("an-org/an-encoder", "token-classifier", "max")
    assert (asked.task, asked.limit, asked.dataset) == ([ENTITIES, CODE], 5, "embedded")


@pytest.mark.parametrize("fusion", [False, True])
def test_a_pipeline_is_repeated_with_its_stages(tmp_path, fusion):
    arguments = {"bm25": True, "bi_encoder": "an-org/a b", "cross_encoder": None, "fusion": fusion, "bm25_depth": 50}
    run = EncoderRun("bm25 > x", arguments, None, None, [], {}, encoder_run_files.BEGAN)
    results = write_run(run, load_benchmark("embedded"), tmp_path / "empty")
    content = results.read_text(encoding="utf-8").replace('"results": {}', '"results": {"sevenllm-zh-retrieval": {}}')
    results.write_text(content, encoding="utf-8")
    words = words_of(results)
    assert words[:3] == ["sevenllm-bench", "encoders", "pipeline"]
    parser = argparse.ArgumentParser()
    encoders_pipeline.add_arguments(parser)
    asked = parser.parse_args(words[3:])
    assert (asked.bi_encoder, asked.cross_encoder, asked.fusion, asked.bm25_depth) == ("an-org/a b", None, fusion, 50)
    assert (asked.no_bm25, asked.language) == (False, "zh")


def test_what_mteb_ran_has_no_command_of_ours(tmp_path):
    run = EncoderRun("x", {"pretrained": "x", "kind": "mteb"}, None, None, [], {}, encoder_run_files.BEGAN)
    results = write_run(run, load_benchmark("embedded"), tmp_path / "empty")
    content = results.read_text(encoding="utf-8").replace('"results": {}', '"results": {"sevenllm-zh-retrieval": {}}')
    results.write_text(content, encoding="utf-8")
    command = command_of(read_run(find_runs([results.parent])[0]))
    assert command.words == ()
    assert "import-mteb" in command.notes[0]
