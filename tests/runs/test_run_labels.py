"""`--label RUN=NAME`: which run is meant, and what is refused."""

from __future__ import annotations

import pytest
from run_files import rows_of, write_run

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.runs.run_labels import relabelled

EXTRACTION = "sevenllm_en_malware_feature_extraction"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs of the models a, b and "lr=1", each in a folder of that name."""
    place = tmp_path_factory.mktemp("runs")
    for model in ("a", "b", "lr=1"):
        write_run(place, model, rows_of(EXTRACTION))
    return place


def labels(folder, given, wanted):
    paths = [str(folder / name) for name in given]
    return [run.label for run in relabelled(read_runs(paths), paths, [words.replace("DIR", str(folder)) for words in wanted])]


def test_a_run_is_meant_by_its_path_or_its_name(folder):
    assert labels(folder, ["a", "b"], []) == ["a", "b"]
    assert labels(folder, ["a", "b"], ["DIR/a=before", "b=after = better"]) == ["before", "after = better"]
    assert labels(folder, ["a", "b"], ["DIR/a/=before"]) == ["before", "b"]
    assert labels(folder, ["a", "b"], ["a=b", "b=a"]) == ["b", "a"]
    assert labels(folder, ["lr=1"], ["DIR/lr=1=tuned"]) == labels(folder, ["lr=1"], ["lr=1=tuned"]) == ["tuned"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["a"], "expected RUN=NAME"),
        (["a=caf\u00e9", "b=cafe\u0301"], "look alike"),
        (["a=b\ufe0f"], "look alike"),
        (["a=x\u2800"], "2800 can't be seen"),
        (["a=\ufe0f"], "nothing of it can be seen"),
        (["bb=x"], r"unknown run 'bb'.*did you mean|unknown run 'bb'"),
        (["DIR/bb=x"], "did you mean '.*/b'"),
        (["a=x", "DIR/a=y"], "also called 'x'"),
        (["a=b"], "two runs would be called 'b'"),
        (["a=x", "b=x"], "two runs would be called 'x'"),
        (["a="], "not a name"),
        (["a=x\u202ey"], r"U\+202E"),
    ],
)
def test_what_is_refused_says_why(folder, wanted, said):
    with pytest.raises(ConfigError, match=said):
        labels(folder, ["a", "b"], wanted)


def test_a_folder_of_several_runs_is_no_run(folder):
    with pytest.raises(ConfigError, match=r"3 runs are in it \(a, b, lr=1\)"):
        labels(folder, ["."], [f"{folder}/.=x"])


def test_compare_uses_the_labels(folder, capsys):
    words = ["compare", str(folder / "a"), str(folder / "b"), "--label", "a=before", "--label", f"{folder / 'b'}=after"]
    assert main([*words, "--resamples", "100", "--baseline", "after", "--json", "-"]) == 0
    assert '"baseline": "after"' in capsys.readouterr().out
    assert main([*words, "--label", "c=x"]) == 2
    assert "unknown run 'c'" in capsys.readouterr().err
