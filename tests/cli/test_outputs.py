"""Files and streams that commands write to: no input is written over, and no reader is no success."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from run_files import rows_of, write_run
from submission_files import packed

from sevenllm_bench.cli.main import main
from sevenllm_bench.cli.output import check_outputs
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.errors import ConfigError


@pytest.fixture
def runs(tmp_path):
    rows = rows_of("sevenllm_en_mcq")
    write_run(tmp_path / "runs", "one", rows)
    write_run(tmp_path / "runs", "two", rows, value=lambda row, metric: float(row.id % 2))
    return tmp_path / "runs"


def compare(runs, *words) -> list[str]:
    return ["compare", str(runs / "one"), str(runs / "two"), "--resamples", "100", *map(str, words)]


def test_no_file_that_is_read_is_written_over(runs, capsys):
    before = {path: path.read_bytes() for path in runs.rglob("*") if path.is_file()}
    for path in before:
        assert main(compare(runs, "--json", path)) == 2
        assert "that file is among what is read" in capsys.readouterr().err
        assert main(["compare", *map(str, runs.glob("*/results*.json")), "--csv", str(path)]) == 2
    assert {path: path.read_bytes() for path in before} == before


def test_an_earlier_output_among_the_runs_is_written_over(runs):
    for _ in range(2):
        assert main(compare(runs, "--json", runs / "one" / "compared.json")) == 0


def test_a_bundle_is_not_written_over(bundle, capsys):
    path = packed(bundle)
    before = path.read_bytes()
    assert main(["verify", str(path), "--json", str(path)]) == 2
    assert "among what is read" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_the_official_file_is_not_written_over(runs, tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test.jsonl").write_text("kept")
    monkeypatch.setenv("SEVENLLM_DATA_DIR", str(tmp_path / "data"))
    assert main(compare(runs, "--csv", tmp_path / "data" / "test.jsonl")) == 2
    assert (tmp_path / "data" / "test.jsonl").read_text() == "kept"


@pytest.mark.parametrize("name", [".", "/", ".."])
def test_a_folder_is_no_file(name):
    with pytest.raises(ConfigError, match="that is a folder"):
        check_outputs({"-o": name}, [])


def test_samples_beside_what_is_read_and_other_names_of_it(runs, tmp_path):
    one, two = tmp_path / "samples_a_2026-01-01T00-00-00.jsonl", tmp_path / "samples_b_2026-01-01T00-00-00.jsonl"
    one.write_text("x")
    with pytest.raises(ConfigError, match="among what is read"):
        check_outputs({"--json": str(two)}, [one])
    (tmp_path / "hard.json").hardlink_to(one)
    with pytest.raises(ConfigError, match="among what is read"):
        check_outputs({"--json": str(tmp_path / "hard.json")}, [one])
    check_outputs({"--json": str(tmp_path / "results_mine.json")}, [one])


def test_json_is_json_where_the_terminal_knows_ascii_alone(runs, tmp_path):
    write_run(runs, "zwei \u00e9", rows_of("sevenllm_en_mcq"))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    process = start(["compare", str(runs), "--resamples", "100", "--json", "-"], stdout=subprocess.PIPE, env=environment)
    content = json.loads(process.communicate()[0])
    assert "zwei \u00e9" in [run["label"] for run in content["runs"]]


def test_a_name_that_is_no_utf_8_is_written(runs, tmp_path):
    write_run(runs, "caf\udce9", rows_of("sevenllm_en_mcq"))
    assert main(["compare", str(runs), "--resamples", "100", "--json", str(tmp_path / "out.json")]) == 0
    json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))


def test_a_closed_standard_output_stops_nothing(runs, tmp_path):
    words = [sys.executable, "-m", "sevenllm_bench.cli.main", *compare(runs, "--json", tmp_path / "out.json")]
    done = subprocess.run(["bash", "-c", '"$@" >&-', "-", *words], stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "out.json").is_file()


def test_no_link_leads_to_what_is_read(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "test.jsonl").write_text("kept")
    (tmp_path / "out.json").symlink_to(tmp_path / "in" / "test.jsonl")
    with pytest.raises(ConfigError, match=r"--json .*among what is read"):
        check_outputs({"--json": str(tmp_path / "out.json")}, [tmp_path / "in"])


def test_two_options_do_not_share_a_file(runs, tmp_path, capsys):
    path = tmp_path / "out"
    assert main(compare(runs, "--json", path, "--csv", path)) == 2
    assert f"--csv {path}: --json names that file too" in capsys.readouterr().err
    assert not path.exists()
    check_outputs({"--json": os.devnull, "--csv": os.devnull, "--markdown": None}, [])


@pytest.mark.parametrize("words", [["--seed", "-1"], ["--resamples", "0"], ["--seed", "x"]])
def test_numbers_out_of_range(runs, words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(compare(runs, *words))
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err


def start(words, **streams) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "sevenllm_bench.cli.main", *words], stderr=subprocess.PIPE, **streams)


def test_a_table_that_nobody_reads_is_a_broken_pipe(monkeypatch):
    import io

    class Closed(io.StringIO):
        def write(self, text):
            if "column" in text:
                raise BrokenPipeError
            return len(text)

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError):
        print_table("a title", ["column"], [["cell"]])


def test_a_closed_pipe_is_no_success_and_loses_no_file(runs, tmp_path):
    process = start(compare(runs, "--json", tmp_path / "out.json"), stdout=subprocess.PIPE)
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 141)
    assert (tmp_path / "out.json").is_file()


def test_a_full_device_is_one_message(runs):
    with Path("/dev/full").open("w") as full:
        process = start(compare(runs), stdout=full)
        error = process.stderr.read().decode()
    assert process.wait() == 2
    assert error == "sevenllm-bench: error: the output can't be written (No space left on device)\n"
