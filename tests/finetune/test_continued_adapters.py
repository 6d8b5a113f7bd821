"""Adapters that are trained further: from where they were, with their own settings, on the base that they were made for."""

import json
import shutil

import pytest
from finetune_runs import QUICK, make_base, weights
from safetensors.torch import load_file, save_file

from sevenllm_bench.cli.main import main
from sevenllm_bench.finetune.run import finetune
from sevenllm_bench.finetune.settings.config_file import read_config

LORA = (*QUICK, "training.method=lora", "lora.rank=8", "lora.dropout=0.0", "training.learning_rate=0.01", "training.max_steps=4")


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base") / "model")


def tune(base, output, *changes, say=lambda _: None):
    return finetune(read_config("demo", [f"model.base={base}", f"output={output}", *LORA, *changes]), say)


@pytest.fixture(scope="session")
def first(base, tmp_path_factory):
    """DoRA, rank 4, on two projections."""
    changes = ("lora.dora=true", "lora.rank=4", "lora.alpha=4", "lora.targets=[q_proj, v_proj]")
    return tune(base, tmp_path_factory.mktemp("first") / "out", *changes)


def test_they_go_on_from_where_they_were(base, first, tmp_path):
    said: list[str] = []
    second = tune(base, tmp_path / "out", f"model.adapter={first.output}", say=said.append)
    assert any("trained further, with their own settings: rank 4" in line for line in said)
    before, after = (first.report["run"]["held-out after"]["loss"], second.report["run"]["held-out before"]["loss"])
    assert after == pytest.approx(before, abs=1e-5)
    assert second.report["run"]["held-out after"]["loss"] < before
    settings = json.loads((second.output / "adapter_config.json").read_text())
    assert (settings["r"], settings["lora_alpha"], settings["use_dora"]) == (4, 4, True)
    assert settings["base_model_name_or_path"] == str(base)
    earlier, later = weights(first.output), weights(second.output)
    assert set(earlier) == set(later)
    assert any("lora_magnitude_vector" in name for name in later)
    assert not all(tensor.equal(earlier[name]) for name, tensor in later.items())
    made = (first.output / "README.md").read_text(encoding="utf-8")
    assert "- method: lora (DoRA, rank 4, alpha 4), " in made
    assert made.count("<details>") == made.count("</details>") == 2
    card = (second.output / "README.md").read_text(encoding="utf-8")
    assert "- method: lora, " in card, "not the settings of the section lora, which these adapters don't have"
    assert f"trained further from the adapters in `{first.output.name}`" in card
    assert str(first.output.parent) not in card, "publish refuses a folder of this machine"
    assert main(["merge", str(second.output), "-o", str(tmp_path / "merged")]) == 0


def test_another_base_is_refused(base, first, tmp_path, capsys):
    """By its weights, wherever it lies; by its name, where the adapters don't say what its weights were."""
    other = tmp_path / "other"
    shutil.copytree(base, other)
    words = ["finetune", "demo", f"model.base={other}", f"output={tmp_path / 'out'}", *LORA, f"model.adapter={first.output}"]
    assert main([*words, "training.max_steps=1"]) == 0  # a copy
    capsys.readouterr()
    shutil.rmtree(tmp_path / "out")
    tensors = {name: tensor + 0.01 for name, tensor in load_file(other / "model.safetensors").items()}
    save_file(tensors, other / "model.safetensors", metadata={"format": "pt"})
    assert main(words) == 2
    assert f"trained on {base}, and not on the weights of {other}" in capsys.readouterr().err

    unsigned = tmp_path / "unsigned"
    shutil.copytree(first.output, unsigned)
    (unsigned / "evaluation.json").unlink()
    assert main([*words[:-1], f"model.adapter={unsigned}"]) == 2
    assert f"trained on {base}, and not on" in capsys.readouterr().err
    assert main([*words[:-1], f"model.adapter={unsigned}", "model.allow_other_weights=true", "training.max_steps=1"]) == 0


def test_all_weights_are_not_trained_beside_adapters(base, first, tmp_path, capsys):
    words = ["finetune", "demo", f"model.base={base}", f"output={tmp_path / 'out'}", f"model.adapter={first.output}"]
    assert main(words) == 2
    assert "model.adapter: adapters are trained further with training.method lora or qlora" in capsys.readouterr().err
