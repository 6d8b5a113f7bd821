"""Forged bundles are refused, here and by the shell commands of the example workflow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from forged_bundles import FORGERIES, forge
from submission_files import copied, packed, verify, zipped

from sevenllm_bench.submission.verify.findings import CLAIMS

ROOT = Path(__file__).parents[3]
WORKFLOW = yaml.safe_load((ROOT / "examples" / "verify_submission.yml").read_text(encoding="utf-8"))
(STEP,) = [step for step in WORKFLOW["jobs"]["verify"]["steps"] if "sevenllm-bench verify" in step.get("run", "")]


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_bundle_is_refused(original, tmp_path, name):
    found = verify(forge(copied(original, tmp_path / "b"), name))
    assert found.of("differs"), "nothing differs"
    assert found.exit_code(allowed=CLAIMS) == 1


def test_the_honest_one_is_not(original, tmp_path):
    assert verify(packed(copied(original, tmp_path / "b"))).exit_code() == 0


def git(repository, *words):
    names = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *names, *words], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def leaderboard(original, tmp_path):
    """A leaderboard's repository with one submission."""
    repository = tmp_path / "leaderboard"
    (repository / "submissions").mkdir(parents=True)
    git(repository, "init", "-q")
    zipped(original, repository / "submissions" / "first.zip")
    (repository / "README.md").write_text("x")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "first")
    return repository


def check(repository, tmp_path):
    """Commit what is there, and run the workflow's step as GitHub does; returns the exit code and its words."""
    base = git(repository, "rev-parse", "HEAD")
    git(repository, "add", "-A", "-f")
    git(repository, "commit", "-qm", "submission")
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    command = "import sys; from sevenllm_bench.cli.main import main; sys.exit(main())"
    (programs / "sevenllm-bench").write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{command}" "$@"\n')
    (programs / "sevenllm-bench").chmod(0o755)
    own = {name: value for name, value in STEP["env"].items() if "${{" not in value}
    paths = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "BASE": base}
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEP["run"]]
    done = subprocess.run(words, cwd=repository, env={**os.environ, **own, **paths}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_workflow_takes_an_honest_bundle(original, leaderboard, tmp_path):
    zipped(original, leaderboard / "submissions" / "second.zip")
    code, words = check(leaderboard, tmp_path)
    assert (code, "::error::" in words) == (0, False), words


#: One of each kind: results, manifest, samples, a further file, JSON that readers read differently. Each bundle costs a process
#: there; that all are refused is tested above, with what the workflow allows.
OF_EACH_KIND = {"headline", "output-type", "sample-score", "git-config", "key-twice"}


def test_the_workflow_refuses_each_kind_of_forged_bundle(original, leaderboard, tmp_path):
    assert set(STEP["env"]["ALLOWED"].split(",")) <= set(CLAIMS)
    for name in OF_EACH_KIND:
        zipped(forge(copied(original, tmp_path / name), name), leaderboard / "submissions" / f"{name}.zip")
    zipped(original, leaderboard / "submissions" / "honest.zip")
    code, words = check(leaderboard, tmp_path)
    refused = {line.split("/")[1].split(".zip")[0] for line in words.splitlines() if line.startswith("::error::")}
    assert code == 1
    assert refused == OF_EACH_KIND
    assert "Traceback" not in words


def test_the_workflow_refuses_what_is_no_bundle(original, leaderboard, tmp_path):
    """Runs in folders, which the leaderboard would read; links; files of other kinds; names meant for the shell."""
    submissions = leaderboard / "submissions"
    copied(original / "run", submissions / "plain-run")
    (submissions / "link.zip").symlink_to("first.zip")
    (submissions / "notes.txt").write_text("x")
    (submissions / "$(touch hacked) ;\n::set-output name=x::y.txt").write_text("x")
    zipped(original, submissions / "UPPER.ZIP")
    code, words = check(leaderboard, tmp_path)
    assert code == 1
    for name in ("plain-run/results_", "link.zip", "notes.txt", "hacked", "UPPER.ZIP"):
        assert any(line.startswith("::error::") and name in line for line in words.splitlines()), name
    assert not any(line.startswith("::set-output") for line in words.splitlines())
    assert not list(leaderboard.rglob("hacked"))


def test_the_workflow_stops_where_the_base_is_not_known(leaderboard):
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", STEP["run"]],
        cwd=leaderboard,
        env={**os.environ, "BASE": "0" * 40, "ALLOWED": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
