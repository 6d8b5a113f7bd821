"""The pull request, through the real client of huggingface_hub, to a server on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hub_commits import serve_commits
from submission_files import official_run

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.submission.push import PullRequest, send

TOKEN = "hf_SecretSecretSecretSecretSecret"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(official_rows, tmp_path_factory):
    rows = [row for row in official_rows if row.kind == "mcq"]
    return official_run(tmp_path_factory.mktemp("run"), rows, {row.id: "B" for row in rows})


def submit(run, bundle, data_dir, endpoint, *words, token=TOKEN):
    """The command in a process of its own, so that huggingface_hub reads HF_ENDPOINT as it does for a user."""
    command = [
        sys.executable,
        "-m",
        "sevenllm_bench.cli.main",
        "submit",
        str(run),
        "-o",
        str(bundle),
        "--data-dir",
        str(data_dir),
    ]
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_TOKEN": token,
        "PYTHONPATH": str(ROOT),
        "HF_HOME": str(bundle.parent),
    }
    done = subprocess.run([*command, *words], capture_output=True, text=True, env=environment, cwd=bundle.parent, check=False)
    assert TOKEN not in done.stdout + done.stderr
    assert not [p for p in bundle.parent.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()]
    return done


@pytest.mark.predictions
def test_dry_run_shows_exactly_what_push_sends(run, data_dir, tmp_path):
    with serve_commits("an-org/a-model", TOKEN) as hub:
        dry = submit(run, tmp_path / "dry.zip", data_dir, hub.endpoint)
        assert dry.returncode == 0, dry.stderr
        assert hub.requests == []
        assert "nothing was sent; --push opens this pull request" in dry.stdout
        sent = submit(run, tmp_path / "sent.zip", data_dir, hub.endpoint, "--push")
        assert sent.returncode == 0, sent.stderr
        assert f"opened: {hub.endpoint}/an-org/a-model/discussions/7" in sent.stdout
    assert hub.requests == [
        "POST /api/models/an-org/a-model/preupload/main?create_pr=1",
        "POST /api/models/an-org/a-model/commit/main?create_pr=1",
    ]
    (path,) = hub.files
    assert path == ".eval_results/sevenllm-bench.yaml"
    assert {entry["dataset"]["task_id"] for entry in yaml.safe_load(hub.files[path])} == {
        f"{language}_mcq_{metric}" for language in ("en", "zh") for metric in ("acc", "answered")
    }
    shown = dry.stdout.split(f"file {path}")[1].split("\n", 1)[1].split("nothing was sent")[0]
    assert "".join(line[2:] + "\n" for line in shown.splitlines()) == hub.files[path].decode()
    assert f"title: {hub.header['summary']}\n" in dry.stdout
    assert f"description: {hub.header['description']}\n" in dry.stdout
    assert f"pull request to {hub.endpoint}/an-org/a-model\n" in dry.stdout


@pytest.mark.predictions
@pytest.mark.parametrize(
    ("repository", "token", "words", "message"),
    [
        ("an-org/a-model", "another", [], "401"),
        ("an-org/other", TOKEN, [], "404"),
        ("an-org/a-model", TOKEN, ["--model", "an-org/not-there"], "404"),
    ],
)
def test_refusals_are_one_message_without_the_token(run, data_dir, tmp_path, repository, token, words, message):
    with serve_commits(repository, token) as hub:
        done = submit(run, tmp_path / "b.zip", data_dir, hub.endpoint, "--push", *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"the Hub didn't take the pull request to {words[1] if words else 'an-org/a-model'}" in done.stderr
    assert message in done.stderr


def test_a_hub_that_is_not_there(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # huggingface_hub tries again for a while
    request = PullRequest("an-org/a-model", ".eval_results/x.yaml", b"- x\n", "title", "text")
    with pytest.raises(ConfigError, match="didn't take the pull request"):
        send(request, TOKEN)


def test_no_token():
    with pytest.raises(ConfigError, match="HF_TOKEN"):
        send(PullRequest("an-org/a-model", "x.yaml", b"", "title", "text"), "")


@pytest.mark.predictions
def test_a_bundle_that_doesnt_verify_is_not_sent(official_rows, data_dir, tmp_path):
    """A run whose own figures don't fit its samples."""
    rows = [row for row in official_rows if row.kind == "mcq"]

    def better(results):
        results["results"]["sevenllm_en_mcq"]["acc,none"] = 0.99

    run = official_run(tmp_path / "run", rows, {row.id: "B" for row in rows}, change=better)
    with serve_commits("an-org/a-model", TOKEN) as hub:
        done = submit(run, tmp_path / "b.zip", data_dir, hub.endpoint, "--push")
    assert done.returncode == 1
    assert hub.requests == []
    assert "claimed 0.990000" in done.stdout
