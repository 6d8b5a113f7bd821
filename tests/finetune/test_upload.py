"""A tuned checkpoint on its way to the Hub, through the real client of huggingface_hub, to a server on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import finetune_runs
import pytest
from hub_repositories import serve_repositories

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.output.upload import upload_of

TOKEN = "hf_SecretSecretSecretSecretSecret"
ROOT = Path(__file__).parents[2]
CARD = """---
library_name: transformers
pipeline_tag: text-generation
base_model: an-org/base
license: apache-2.0
---

# a-model
"""


@pytest.fixture
def checkpoint(tmp_path):
    folder = finetune_runs.make_base(tmp_path / "checkpoint")
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    (folder / "training_log.jsonl").write_text('{"loss": 1.0}\n', encoding="utf-8")
    (folder / "logs").mkdir()
    (folder / "logs" / "events.out.tfevents.1.my-machine").write_bytes(b"x")
    return folder


def publish(folder, endpoint, *words, token=TOKEN):
    """The command in a process of its own, so that huggingface_hub reads HF_ENDPOINT as it does for a user."""
    command = [sys.executable, "-m", "sevenllm_bench.cli.main", "publish", str(folder), "an-org/a-model", *words]
    fixed = {"HF_ENDPOINT": endpoint, "HF_TOKEN": token, "PYTHONPATH": str(ROOT), "HF_HOME": str(folder.parent / "hub")}
    environment = {**os.environ, **fixed, "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    assert TOKEN not in done.stdout + done.stderr
    return done


def test_a_new_repository_is_private_and_holds_what_was_shown(checkpoint):
    with serve_repositories(TOKEN) as hub:
        dry = publish(checkpoint, hub.endpoint)
        assert dry.returncode == 0, dry.stderr
        assert "nothing was sent; --push sends it" in dry.stdout
        assert not hub.repositories
        sent = publish(checkpoint, hub.endpoint, "--push")
        assert sent.returncode == 0, sent.stderr
    assert hub.repositories == {"an-org/a-model": True}
    assert hub.pull_requests == 0
    shown = {line.split()[1] for line in dry.stdout.splitlines() if line.startswith("file ")}
    assert shown == set(hub.files)
    assert "not sent: logs" in dry.stdout
    for name, content in hub.files.items():
        assert content == (checkpoint / name).read_bytes()
    assert {"model.safetensors", "config.json", "README.md", "training_log.jsonl"} <= shown


def test_a_repository_that_is_there_gets_a_pull_request(checkpoint):
    with serve_repositories(TOKEN, **{"an-org__a-model": False}) as hub:
        sent = publish(checkpoint, hub.endpoint, "--push")
        assert f"sent: {hub.endpoint}/an-org/a-model/discussions/7" in sent.stdout
    assert hub.repositories == {"an-org/a-model": False}
    assert hub.pull_requests == 1


@pytest.mark.parametrize(
    ("token", "refused", "message"), [("another", False, "401"), (TOKEN, True, "403"), ("", False, "HF_TOKEN")]
)
def test_a_refusal_is_one_message(checkpoint, token, refused, message):
    with serve_repositories(TOKEN) as hub:
        hub.refused = refused
        done = publish(checkpoint, hub.endpoint, "--push", token=token)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not hub.files


def test_a_card_that_the_hub_refuses_makes_no_repository(checkpoint):
    (checkpoint / "README.md").write_text(CARD.replace("apache-2.0", "none-such"), encoding="utf-8")
    with serve_repositories(TOKEN) as hub:
        done = publish(checkpoint, hub.endpoint, "--push")
    assert done.returncode == 2
    assert "license: unknown" in done.stderr
    assert not hub.repositories


def _cut(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])


def _in_parts(folder):
    index = {"weight_map": {"lm_head.weight": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def _adapters_of_a_folder(folder):
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(folder)}), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda folder: (folder / "README.md").unlink(), "no model card"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights"),
        (lambda folder: (folder / "tokenizer_config.json").unlink(), "no tokenizer"),
        (lambda folder: (folder / "config.json").unlink(), "not a checkpoint"),
        (lambda folder: (folder / "training").mkdir(), "an unfinished run"),
        (_cut, "model.safetensors: not a whole safetensors file"),
        (_in_parts, "model-00002-of-00002.safetensors is missing"),
        (_adapters_of_a_folder, "the base is a folder of this machine"),
        (lambda folder: (folder / "README.md").write_text("---\n[: x\n---\n"), "its metadata can't be read"),
        (lambda folder: (folder / "README.md").write_text("# a card\n"), "library_name must be transformers or peft"),
        (lambda folder: (folder / "README.md").write_text(f"{CARD}\n`/home/someone/base`\n"), "line 10: a path of this machine"),
        (lambda folder: (folder / "README.md").write_text(f"{CARD}\napi_key: {TOKEN}\n"), "line 10: looks like a key"),
    ],
)
def test_what_keeps_a_checkpoint_from_being_published(checkpoint, change, problem):
    change(checkpoint)
    with pytest.raises(ConfigError, match="can't be published") as error:
        upload_of(checkpoint, "an-org/a-model")
    assert problem in str(error.value)
    assert TOKEN not in str(error.value)


def test_what_the_card_lacks_is_said(checkpoint):
    (checkpoint / "README.md").write_text("---\nlibrary_name: transformers\n---\n", encoding="utf-8")
    remarks = upload_of(checkpoint, "an-org/a-model").remarks
    assert [remark.split(":")[0] for remark in remarks] == [
        "README.md names no licence",
        "README.md names no base model",
    ]


def test_links_are_not_followed(checkpoint, tmp_path):
    (tmp_path / "secret.json").write_text("{}", encoding="utf-8")
    (checkpoint / "linked.json").symlink_to(tmp_path / "secret.json")
    upload = upload_of(checkpoint, "an-org/a-model")
    assert "linked.json" not in upload.files
    assert "linked.json" in upload.left_out


@pytest.mark.parametrize("name", ["a-model", "https://huggingface.co/an-org/a-model", "an org/a model", "../x"])
def test_names_that_are_no_repository(checkpoint, name):
    with pytest.raises(ConfigError, match="not the name of a repository"):
        upload_of(checkpoint, name)


def test_names_of_files_are_shown_without_what_a_terminal_acts_on(checkpoint, capsys):
    (checkpoint / "a\x1b[2J\nnothing was sent.bin").write_text("", encoding="utf-8")
    assert main(["publish", str(checkpoint), "an-org/a-model"]) == 0
    assert "not sent: a�[2J�nothing was sent.bin" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("answer", [{}, {"commitUrl": 5}, []])
def test_a_hub_that_answers_nonsense_is_one_message(checkpoint, monkeypatch, answer):
    with serve_repositories(TOKEN) as hub:
        monkeypatch.setattr(hub, "_commit", lambda *_: (200, answer))
        done = publish(checkpoint, hub.endpoint, "--push")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "the Hub didn't take the checkpoint for an-org/a-model" in done.stderr
    assert "Traceback" not in done.stderr
