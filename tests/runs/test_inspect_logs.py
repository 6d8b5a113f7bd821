"""Logs of Inspect by themselves, without Inspect: finished or not, spoiled, hostile."""

import copy
import json
import zipfile

import pytest

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.document import to_document
from sevenllm_bench.errors import ResultsError, SEvenLLMError
from sevenllm_bench.metrics.signature import signature
from sevenllm_bench.prompts import STYLES, render
from sevenllm_bench.runs.command import command_of
from sevenllm_bench.runs.inspect_log import is_inspect_log
from sevenllm_bench.runs.inspect_record import record_of
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.runs.run_block import RunBlock

BENCHMARK = load_benchmark("embedded")
ROWS = [row for row in BENCHMARK.rows if row.leaf.name == "sevenllm_en_mcq"][:4]
NAME = "2026-11-27T13-00-33-00-00_sevenllm-en_AAAA.json"


def sample(place, row):
    return {
        "id": row.id,
        "epoch": 1,
        "input": render(row, STYLES["alpaca"]),
        "target": row.output,
        "output": {"model": "m", "completion": "B"},
        "scores": {"sevenllm": {"value": {"acc": float(row.output == "B"), "answered": 1.0}, "answer": "B"}},
        "metadata": {"task": row.leaf.name, "place": place, "doc": to_document(row)},
    }


def log_of(rows=ROWS):
    """A log as Inspect 0.3.285 writes it, with what is read of it."""
    style = STYLES["alpaca"]
    prompt = {"name": style.name, "version": style.version, "sha256": style.sha256}
    block = RunBlock(signature("mcq", "en", BENCHMARK.description), prompt)
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "created": "2026-11-27T13:00:33+00:00",
            "task": "sevenllm_en",
            "task_version": "2-A",
            "task_registry_name": "sevenllm_bench/sevenllm_en",
            "model": "openai/some-model",
            "model_args": {"base_url": None},
            "config": {"limit": None, "epochs": 1},
            "packages": {"inspect_ai": "0.3.285"},
            "metadata": {"sevenllm_bench": record_of({"sevenllm_en_mcq": (block, len(rows))})},
            "model_generate_config": {},
        },
        "plan": {"steps": [{"solver": "generate"}], "config": {"temperature": 0.0, "max_tokens": 2000}},
        "results": {},
        "samples": [sample(place, row) for place, row in enumerate(rows)],
    }


def written(content, folder):
    path = folder / NAME
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def packed(content, folder, compression=zipfile.ZIP_DEFLATED):
    path = folder / "log.eval"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for own in content["samples"]:
            archive.writestr(f"samples/{own['id']}_epoch_1.json", json.dumps(own))
        archive.writestr("header.json", json.dumps({key: value for key, value in content.items() if key != "samples"}))
    return path


def test_a_log_is_a_run(tmp_path):
    run = read_runs([written(log_of(), tmp_path)])[0]
    assert [s.id for s in run.samples] == [row.id for row in ROWS]
    right = sum(row.output == "B" for row in ROWS) / 4
    assert run.leaves["sevenllm_en_mcq"].metrics == {"acc": right, "answered": 1.0}
    assert (run.model.name, run.label, run.problems) == ("openai/some-model", "openai/some-model", ())


def test_a_folder_is_searched_and_other_logs_in_it_are_passed_over(tmp_path):
    packed(log_of(), tmp_path)
    other = copy.deepcopy(log_of())
    other["eval"]["task_registry_name"] = "inspect_evals/gsm8k"
    written(other, tmp_path)
    assert len(read_runs([tmp_path])) == 1
    with pytest.raises(ResultsError, match="without a task of ours"):
        read_runs([tmp_path / NAME])


def test_an_unfinished_log_beside_a_finished_one_is_passed_over(tmp_path):
    written({**log_of(), "status": "error"}, tmp_path)
    with pytest.raises(ResultsError, match="eval-retry"):
        read_runs([tmp_path])
    packed(log_of(), tmp_path)
    assert len(read_runs([tmp_path])) == 1


def test_samples_that_failed_and_further_epochs_are_left_out_and_said(tmp_path):
    log = log_of()
    log["samples"][1]["error"] = {"message": "rate limit"}
    del log["samples"][1]["scores"]
    log["samples"].append({**log["samples"][0], "epoch": 2})
    run = read_runs([written(log, tmp_path)])[0]
    assert len(run.samples) == 3
    lines = " ".join(problem.line for problem in run.problems)
    assert "1 samples ended with an error" in lines
    assert "rate limit" in lines
    assert "1 samples of epochs after the first" in lines
    assert run.leaves["sevenllm_en_mcq"].rows_in_all == 4


def test_a_solver_that_may_change_the_prompt_leaves_the_system_message_unknown(tmp_path):
    log = log_of()
    assert read_runs([written(log, tmp_path)])[0].settings.system_instruction is None
    log["plan"]["steps"].insert(0, {"solver": "system_message"})
    assert str(read_runs([written(log, tmp_path)])[0].settings.system_instruction) == "unknown"


@pytest.mark.parametrize("status", ["cancelled", "error", "started", None, 7, {}])
def test_an_unfinished_run_is_refused_with_what_to_do(tmp_path, status):
    with pytest.raises(ResultsError, match="eval-retry"):
        read_runs([packed({**log_of(), "status": status}, tmp_path)])


def _places(value, path=()):
    """The paths to all values of a log."""
    if isinstance(value, dict):
        for key, own in value.items():
            yield (*path, key)
            yield from _places(own, (*path, key))
    elif isinstance(value, list) and value:
        yield (*path, 0)
        yield from _places(value[0], (*path, 0))


def _changed(content, path, value):
    content = copy.deepcopy(content)
    own = content
    for key in path[:-1]:
        own = own[key]
    own[path[-1]] = value
    return content


def test_any_value_of_any_type_is_read_or_refused_in_one_line(tmp_path):
    log = log_of(ROWS[:1])
    for path in _places(log):
        write = written if path[0] == "samples" and path[2:] in ((), ("id",)) else packed
        for value in (None, -1e300, "\ud800/../x", [1], {"a": {"b": []}}):
            assert "\n" not in _refusal(write(_changed(log, path, value), tmp_path)), (path, value)


def _refusal(path):
    """Why a log is refused; empty where it is read."""
    try:
        read_runs([path])
    except SEvenLLMError as error:
        return str(error)
    return ""


def test_archives_that_are_no_logs(tmp_path):
    path = tmp_path / "x.eval"
    path.write_bytes(b"not a zip")
    with pytest.raises(ResultsError, match="can't be read as a log"):
        read_runs([path])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(ResultsError, match=r"no header\.json"):
        read_runs([path])


def test_a_sample_that_unpacks_to_too_much_is_refused(tmp_path):
    path = packed(log_of(), tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("samples/9_epoch_1.json", b" " * (17 << 20))
    with pytest.raises(ResultsError, match="more than 16,777,216 bytes"):
        read_runs([path])


def test_what_is_a_log(tmp_path):
    assert is_inspect_log(written(log_of(), tmp_path))
    results = tmp_path / "results.json"
    results.write_text('{"results": {}}')
    assert not is_inspect_log(results)
    assert not is_inspect_log(tmp_path / "none.json")


def test_the_command_that_repeats_the_run(tmp_path):
    log = log_of()
    log["eval"]["model_args"] = {"base_url": "http://127.0.0.1:8000/v1", "api_key": "sk-aaaaaaaaaaaaaaaaaaaaaaaa"}
    words = command_of(read_runs([written(log, tmp_path)])[0]).words
    assert words[:5] == ("inspect", "eval", "sevenllm_bench/sevenllm_en", "--model", "openai/some-model")
    assert "base_url=http://127.0.0.1:8000/v1" in words
    assert words[-2:] == ("-T", "dataset=embedded")
    assert not any("aaaaaaaa" in word for word in words)
