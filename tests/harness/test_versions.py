"""Other versions of lm-eval than those that the tasks are written for: refused in words, by the import and by doctor."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sevenllm_bench import harness
from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ConfigError

ROOT = Path(__file__).parents[2]


def test_the_range_is_the_one_that_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    ranges = {line.partition("]")[2] or line.removeprefix("lm-eval") for line in declared if line.startswith("lm-eval")}
    assert ranges == {harness.LM_EVAL_VERSIONS}


@pytest.mark.parametrize("version", ["0.4.13", "0.4.14", "0.4.13.post1", "0.4.14.dev3"])
def test_versions_that_work(version, monkeypatch):
    monkeypatch.setattr(harness, "version", lambda name: version)
    assert harness.lm_eval_version() == version


@pytest.mark.parametrize("version", ["0.5.0.dev1", "0.5.0rc1", "0.5.0", "0.4.12", "0.4.9.2", "0.4.13.dev0", "1.0"])
def test_versions_that_do_not(version, monkeypatch, capsys):
    monkeypatch.setattr(harness, "version", lambda name: version)
    with pytest.raises(ConfigError, match=rf"lm-eval {version} is installed, .* pip install \"lm-eval>=0.4.13,<0.5\""):
        harness.lm_eval_version()
    assert main(["doctor", "--dataset", "embedded"]) == 1
    assert f"FAIL  lm-eval: lm-eval {version} is installed" in capsys.readouterr().out
    monkeypatch.setenv(harness.ANY_VERSION_VARIABLE, "1")
    assert harness.lm_eval_version() == version


@pytest.fixture
def with_another(tmp_path):
    """Runs Python words with the metadata of lm-eval 0.5.0.dev1 before those of the installed one."""
    (tmp_path / "lm_eval-0.5.0.dev1.dist-info").mkdir()
    (tmp_path / "lm_eval-0.5.0.dev1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: lm_eval\nVersion: 0.5.0.dev1\n"
    )

    def run(*words):
        import os

        environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
        return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, env=environment)

    return run


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "sevenllm_bench.cli.main", "eval", "--model", "dummy", "--tasks", "sevenllm_en_mcq"],
        ["-m", "sevenllm_bench.cli.main", "tasks", "list"],
        ["-m", "lm_eval", "--model", "dummy", "--tasks", "sevenllm_en_mcq", "--include_path", "task_yamls"],
    ],
)
def test_a_process_with_another_version_ends_with_one_message(with_another, words):
    done = with_another(*[str(ROOT / word) if word == "task_yamls" else word for word in words])
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("sevenllm-bench: error: lm-eval 0.5.0.dev1 is installed")
    assert "Traceback" not in done.stderr


def test_what_needs_no_lm_eval_works_with_any(with_another):
    assert with_another("-c", "import sevenllm_bench; sevenllm_bench.score; import sevenllm_bench.cli.score").returncode == 0
