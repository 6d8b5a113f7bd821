import json

import pytest

from sevenllm_bench.encoders.model_identity import model_identity


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "model"
    (made / "1_Pooling").mkdir(parents=True)
    (made / "model.safetensors").write_bytes(b"weights")
    (made / "1_Pooling" / "config.json").write_text("{}")
    return made


def test_every_file_counts_but_the_model_card_and_hidden_ones(folder):
    seen = {model_identity(str(folder))}
    (folder / "README.md").write_text("a model")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "lock").touch()
    assert model_identity(str(folder)) in seen
    for change in (
        lambda: (folder / "model.safetensors").write_bytes(b"WEIGHTS"),
        lambda: (folder / "1_Pooling" / "config.json").write_text("[]"),
        lambda: (folder / "1_Pooling").rename(folder / "2_Pooling"),
        lambda: (folder / "vocab.txt").touch(),
    ):
        change()
        found = model_identity(str(folder))
        assert found not in seen
        seen.add(found)


def test_a_linked_folder_counts_and_a_circle_of_links_ends(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "weights.bin").write_bytes(b"1")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "circle").symlink_to(folder)
    before = model_identity(str(folder))
    assert model_identity(str(folder)) == before
    (tmp_path / "elsewhere" / "weights.bin").write_bytes(b"2")
    assert model_identity(str(folder)) != before


def test_adapters_bring_the_weights_of_their_base(folder, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    (base / "model.safetensors").write_bytes(b"1")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base)}))
    before = model_identity(str(folder))
    (base / "model.safetensors").write_bytes(b"2")
    assert model_identity(str(folder)) != before
    for odd in ("[]", "no JSON", "{}", '{"base_model_name_or_path": 7}', '{"base_model_name_or_path": "a\\u0000b"}'):
        (folder / "adapter_config.json").write_text(odd)
        assert model_identity(str(folder))


def test_what_is_no_file_is_left_out_and_what_cannot_be_read_is_not_known(folder, monkeypatch):
    import os

    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("nowhere")
    assert model_identity(str(folder))
    (folder / "loop.bin").symlink_to("loop.bin")
    assert model_identity(str(folder))

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("sevenllm_bench.encoders.model_identity._content", refuse)
    assert model_identity(str(folder)) is None


def test_a_branch_on_the_hub_is_the_commit_that_it_stands_for(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    first, second = "1" * 40, "2" * 40
    for repository in ("org--name", "sentence-transformers--short"):
        for commit in (first, second):
            (tmp_path / f"models--{repository}" / "snapshots" / commit).mkdir(parents=True)
            (tmp_path / f"models--{repository}" / "refs").mkdir(exist_ok=True)
    for repository, name in (("org--name", "org/name"), ("sentence-transformers--short", "short")):
        for commit in (first, second):
            (tmp_path / f"models--{repository}" / "refs" / "main").write_text(commit)
            assert model_identity(name) == f"{name}@{commit}"
            assert model_identity(name, "main") == f"{name}@{commit}"
        assert model_identity(name, first) == f"{name}@{first}"
    assert model_identity("org/never-loaded") is None
    assert model_identity("no id\n") is None
