"""`report --probe`: each file for the runs of its model, in the page; errors name what doesn't fit."""

import json
from dataclasses import replace

import pytest
from run_files import rows_of, write_run

from sevenllm_bench.cli.main import main
from sevenllm_bench.cli.probe_files import probes_of
from sevenllm_bench.errors import ConfigError, ResultsError
from sevenllm_bench.memorisation.probe_file import probe_as_json
from sevenllm_bench.memorisation.probe_result import ProbeResult, ProbeTest
from sevenllm_bench.runs.reader import read_runs

TEST = ProbeTest("option-order", "en", 100, 0, 0.1, -0.1, 0.3, 0.2, 0.1)


def write_probe(path, name, commit=None):
    result = ProbeResult("0.1.0", 0, 99, {"type": "hf", "name": name, "base": name, "commit": commit}, {}, {}, 0, (TEST,))
    path.write_text(json.dumps(probe_as_json(result)), encoding="utf-8")
    return str(path)


@pytest.fixture
def folders(tmp_path):
    rows = rows_of("sevenllm_en_threat_analysis")
    return [write_run(tmp_path, name, rows).parent for name in ("an-org/one", "an-org/two")]


def test_a_probe_belongs_to_the_runs_of_its_model(folders, tmp_path):
    one, two = read_runs(folders)
    again = replace(one, label="one again")
    found = probes_of(
        [write_probe(tmp_path / "a.json", "an-org/one"), write_probe(tmp_path / "b.json", "an-org/two")], [one, two, again]
    )
    assert list(found) == ["an-org/one", "one again", "an-org/two"]
    assert found["one again"].tests == (TEST,)
    assert probes_of([], [one]) == {}


@pytest.mark.parametrize(
    ("name", "commit", "words"),
    [
        ("an-org/three", None, f"a probe of an-org/three, but the runs are of an-org/one at {'a' * 40}, an-org/two"),
        ("an-org/one (load_in_4bit=True)", None, "but the runs are of an-org/one"),
        ("an-org/one", "f" * 40, f"a probe of an-org/one at {'f' * 40}, but the runs are of an-org/one at {'a' * 40}"),
    ],
)
def test_another_model_is_refused(folders, tmp_path, name, commit, words):
    one, two = read_runs(folders)
    one = replace(one, model=replace(one.model, sha="a" * 40))
    with pytest.raises(ConfigError) as caught:
        probes_of([write_probe(tmp_path / "a.json", name, commit)], [one, two])
    assert words in str(caught.value)


def test_a_second_probe_of_a_model_and_what_is_none_are_refused(folders, tmp_path):
    runs = read_runs(folders)
    path = write_probe(tmp_path / "a.json", "an-org/one")
    with pytest.raises(ConfigError, match="a second probe of an-org/one; name one for each model"):
        probes_of([path, path], runs)
    (tmp_path / "b.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ResultsError, match="no result of sevenllm-bench probe"):
        probes_of([str(tmp_path / "b.json")], runs)
    twice = (tmp_path / "a.json").read_text(encoding="utf-8").replace('"p": 0.2', '"p": 0.01, "p": 0.2')
    (tmp_path / "c.json").write_text(twice, encoding="utf-8")
    with pytest.raises(ResultsError, match=r"c\.json: broken JSON \(a key stands twice in one object\)$"):
        probes_of([str(tmp_path / "c.json")], runs)


def test_the_command_shows_it(folders, tmp_path, capsys):
    words = ["report", *map(str, folders), "--resamples", "100", "-o", str(tmp_path / "out")]
    assert main([*words, "--probe", write_probe(tmp_path / "a.json", "an-org/two")]) == 0
    assert "Has the model seen the rows?" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert main([*words, "--probe", write_probe(tmp_path / "a.json", "an-org/three")]) == 2
    assert "a probe of an-org/three" in capsys.readouterr().err
