"""Bases that can't be trained as asked for: one message, exit code 2, nothing left."""

import json
import shutil

import finetune_runs
import pytest
from encoder_runs_made_here import SHORT
from encoders import tiny_encoders

from sevenllm_bench.cli.main import main

pytest.importorskip("trl")


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    made = {
        "masked": tiny_encoders.make_encoder(folder / "masked"),
        "bare": tiny_encoders.make_encoder(folder / "bare", ""),
        "tagger": tiny_encoders.make_token_classifier(folder / "tagger"),
        "causal": finetune_runs.make_base(folder / "causal"),
    }
    for name, removed in {"no tokenizer": "tokenizer.json", "no weights": "model.safetensors"}.items():
        shutil.copytree(made["masked"], folder / name)
        (folder / name / removed).unlink()
        made[name] = folder / name
    cut_off = shutil.copytree(made["masked"], folder / "cut off")
    weights = cut_off / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    no_mask = shutil.copytree(made["masked"], folder / "no mask")
    settings = json.loads((no_mask / "tokenizer_config.json").read_text())
    (no_mask / "tokenizer_config.json").write_text(json.dumps({**settings, "mask_token": None}))
    lacking = shutil.copytree(made["masked"], folder / "lacking")
    from safetensors.torch import load_file, save_file

    kept = {name: tensor for name, tensor in load_file(lacking / "model.safetensors").items() if "layers.1.mlp.Wi" not in name}
    save_file(kept, lacking / "model.safetensors", {"format": "pt"})
    return {**made, "cut off": cut_off, "no mask": no_mask, "lacking": lacking, "nothing": folder / "nothing"}


@pytest.mark.parametrize(
    ("recipe", "base", "message"),
    [
        ("ner", "causal", "a generating model; kind ner trains encoders"),
        ("biencoder", "causal", "a generating model; kind bi-encoder trains encoders"),
        ("encoder-mlm", "bare", "has no head for masked words"),
        ("encoder-mlm", "tagger", "has no head for masked words"),
        ("encoder-mlm", "no mask", "has no mask token"),
        ("biencoder", "tagger", "is a classifier; a bi-encoder starts from"),
        ("ner", "no tokenizer", "there is no tokenizer in it"),
        ("cross-encoder", "no weights", "can't be loaded"),
        ("ner", "cut off", "is cut off or damaged"),
        ("ner", "lacking", "lack 1 weights of the encoder"),
        ("encoder-mlm", "lacking", "lack 1 weights of the encoder"),
        ("ner", "nothing", "no such folder"),
    ],
)
def test_it_is_refused(bases, recipe, base, message, tmp_path, capsys):
    words = [recipe, f"model.base={bases[base]}", f"output={tmp_path / 'out'}", "data.source=embedded", *SHORT]
    assert main(["finetune", *words]) == 2
    said = capsys.readouterr().err
    assert said.count("sevenllm-bench: error:") == 1
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_more_tokens_than_it_reads_are_refused(bases, tmp_path, capsys):
    words = ["ner", f"model.base={bases['masked']}", f"output={tmp_path / 'out'}", "data.source=embedded", *SHORT]
    assert main(["finetune", *words, "data.max_length=129"]) == 2
    assert "reads 128 tokens; set data.max_length=128" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("pairs.queries=[question]", "data.max_rows=8"), "pairs of two incidents at least are needed"),
        (("pairs.miner=model",), "the base is no sentence-transformers bi-encoder to mine with"),
        (("pairs.miner_model=/nowhere",), "can't be loaded"),
        (("contrast.matryoshka=[64]",), "64 of 32 dimensions"),
    ],
)
def test_pairs_that_can_not_be_made(bases, changes, message, tmp_path, capsys):
    words = ["biencoder", f"model.base={bases['masked']}", f"output={tmp_path / 'out'}", "data.source=embedded", *SHORT]
    assert main(["finetune", *words, *changes]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_cross_encoder_needs_negatives(bases, tmp_path, capsys):
    words = ["cross-encoder", f"model.base={bases['masked']}", f"output={tmp_path / 'out'}", "data.source=embedded", *SHORT]
    assert main(["finetune", *words, "pairs.negatives=0"]) == 2
    assert "learns from pairs that don't fit, too" in capsys.readouterr().err


def test_gpus_are_not_planned(bases, capsys):
    words = ["ner", f"model.base={bases['masked']}", "data.source=embedded", *SHORT]
    assert main(["finetune", *words, "--dry-run", "--gpu", "h100"]) == 2
    assert "for encoders there is no estimate" in capsys.readouterr().err


def test_a_dry_run_counts_and_writes_nothing(bases, tmp_path, capsys):
    words = ["ner", f"model.base={bases['masked']}", f"output={tmp_path / 'out'}", "data.source=embedded", *SHORT]
    assert main(["finetune", *words, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["read"] == 184
    assert found["examples"]["entities in them"] > 0
    assert not (tmp_path / "out").exists()
