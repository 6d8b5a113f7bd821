"""The public API: what is exported, the examples in its documentation, and the example script."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import sevenllm_bench
from sevenllm_bench import load_benchmark, score
from sevenllm_bench.errors import ConfigError, PredictionsError, ResultsError

ROOT = Path(__file__).parents[1]


def test_every_name_is_there_and_documented():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name in sevenllm_bench.__all__:
        assert getattr(sevenllm_bench, name).__doc__
        assert re.search(rf"^(?:## |.*→ ){name}\b", text, re.MULTILINE), name
    assert set(sevenllm_bench.__all__) <= set(dir(sevenllm_bench))
    assert (ROOT / "sevenllm_bench" / "py.typed").is_file()
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        _ = sevenllm_bench.scores


def test_a_type_checker_sees_the_exports(tmp_path):
    """With the settings and the cache of `make lint`: after it, only the new file is checked."""
    (tmp_path / "user.py").write_text(
        "import sevenllm_bench\n"
        'value: float = sevenllm_bench.score({1: "B"}).sections["en_mcq"].means["acc"]\n'
        "sevenllm_bench.load_benchmark(source=1)\n"
    )
    words = [sys.executable, "-m", "mypy", str(tmp_path / "user.py")]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    errors = [line for line in done.stdout.splitlines() if "error" in line and "user.py" in line]
    assert len(errors) == 1
    assert 'user.py:3: error: Argument "source" to "load_benchmark" has incompatible type' in errors[0]


def test_the_examples_of_the_documentation_run(capsys):
    """All code blocks, one after the other, as a reader would."""
    blocks = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(blocks) >= 6
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/api.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "headline" not in printed  # one section has no headline
    assert "en_mcq.acc" in printed
    assert "no such file" in printed


def test_a_column_of_a_data_frame(tmp_path):
    import pandas as pd

    rows = load_benchmark("embedded").rows
    frame = pd.DataFrame({"id": [row.id for row in rows], "answer": [row.reference_text for row in rows]})
    frame.loc[0, "answer"] = None
    frame.to_csv(tmp_path / "a.csv", index=False)
    script = runpy.run_path(str(ROOT / "examples" / "score_dataframe.py"))
    scored, means = script["score_frame"](pd.read_csv(tmp_path / "a.csv"), "embedded")
    assert scored["value_f1"].iloc[0] == 0.0
    assert means.loc["zh_mcq", "acc"] == 1.0
    section = rows[0].section
    assert means.loc[section, "value_f1"] == pytest.approx(1 - 1 / means.loc[section, "rows"])
    assert list(scored.columns[:2]) == ["id", "answer"]


def test_scores_of_some_rows():
    benchmark = load_benchmark("embedded")
    row = next(row for row in benchmark.rows if row.kind == "mcq")
    found = score({row.id: row.output, 7: "B"}, benchmark, partial=True)
    assert [(s.row.id, s.metrics["acc"], s.reading.letter) for s in found.rows] == [(row.id, 1.0, row.output)]
    assert found.coverage.unknown == (7,)
    assert score({row.id: row.output}, benchmark).sections[row.section].means["acc"] == pytest.approx(1 / 16)


@pytest.mark.parametrize("answers", [{"1": "B"}, {True: "B"}, {1.5: "B"}, {7: "B"}, {}])
def test_ids_that_are_none(answers):
    with pytest.raises(PredictionsError):
        score(answers, load_benchmark("embedded"))


def test_what_is_no_answer():
    import pandas as pd

    benchmark = load_benchmark("embedded")
    first, second = (row.id for row in benchmark.rows[:2])
    for missing in (None, float("nan"), pd.NA, pd.NaT):
        assert first in score({first: missing, second: "text"}, benchmark).coverage.missing
    for wrong in (b"text", object(), {"a", "b"}):
        with pytest.raises(PredictionsError, match=f"answer to row {second}: a text, a JSON value or None, found"):
            score({first: "text", second: wrong}, benchmark)
    with pytest.raises(PredictionsError, match="a mapping of row id to answer, found list"):
        score(["text"], benchmark)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ConfigError, match="unknown dataset 'embeded'; did you mean 'embedded'"):
        load_benchmark("embeded")
    with pytest.raises(ResultsError, match="no such file"):
        sevenllm_bench.read_run(tmp_path / "nowhere")
    for path in (tmp_path / "nowhere.zip", str(tmp_path / "nowhere.zip"), ""):
        with pytest.raises(ResultsError, match=r"no such file|an empty path"):
            sevenllm_bench.verify(path)
