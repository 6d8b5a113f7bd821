"""Every recipe parses, plans its run for a base of full size, and runs for one of the same architecture that is tiny."""

import json

import pytest
import torch
from finetune_runs import QUICK, make_base, weights
from recipe_bases import ENCODER_RECIPES, FULL_SIZE, full_size, tiny

from sevenllm_bench.cli.main import main
from sevenllm_bench.finetune.estimates.memory import count, meta_model
from sevenllm_bench.finetune.settings.config_file import read_config
from sevenllm_bench.finetune.settings.recipe_files import recipe_names

transformers = pytest.importorskip("transformers")

EMBEDDED = ("data.source=embedded", "data.leak_guard=embedded")


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory):
    return transformers.AutoTokenizer.from_pretrained(make_base(tmp_path_factory.mktemp("base") / "model"))


def test_every_recipe_has_a_base_here():
    causal = {"demo", "lora-14b", "lora-30b-a3b", "lora-4b", "lora-8b", "paper"}
    assert set(recipe_names()) == causal | set(ENCODER_RECIPES)
    assert causal == set(FULL_SIZE)


def test_the_help_names_them(capsys):
    with pytest.raises(SystemExit):
        main(["finetune", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    names = "biencoder, code-classifier, cross-encoder, demo, encoder-mlm, lora-14b, lora-30b-a3b, lora-4b, lora-8b, ner, paper"
    assert f"{names}, securebert2" in shown


@pytest.mark.parametrize("name", FULL_SIZE)
def test_it_plans_a_run(name, tokenizer, tmp_path, capsys):
    """A configuration and a tokenizer are enough; its parameters are the published ones."""
    base = full_size(name)
    published = FULL_SIZE[name][3]
    assert published is None or count(meta_model(base)) == published
    base.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert read_config(name).output.startswith("sevenllm-")
    words = [name, f"model.base={tmp_path}", f"output={tmp_path / 'out'}", *EMBEDDED, "data.max_rows=8", "data.held_out=0"]
    assert main(["finetune", *words, "--dry-run"]) == 0
    seen = capsys.readouterr().out
    assert "total" in seen
    assert "no estimate" not in seen
    has_experts = name == "lora-30b-a3b"
    assert ("the experts (28,991,029,248 of 30,532,122,624 parameters) get no adapters" in seen) == has_experts
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["lora-4b", "lora-14b", "lora-30b-a3b"])
def test_it_runs_at_tiny_size(name, tokenizer, tmp_path):
    """The three that no other test runs: adapters on every linear layer, and nothing else that moves."""
    config = tiny(name, len(tokenizer))
    torch.manual_seed(0)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    before = weights(tmp_path / "base")
    words = [name, f"model.base={tmp_path / 'base'}", f"output={tmp_path / 'out'}", *EMBEDDED, *QUICK]
    words += ["training.max_steps=2", "evaluation.metrics_rows=2", "evaluation.max_new_tokens=4", "lora.rank=2"]
    assert main(["finetune", *words]) == 0
    settings = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    projections = {"q_proj", "k_proj", "v_proj", "o_proj"} | (set() if "30b" in name else {"gate_proj", "up_proj", "down_proj"})
    assert {target.rpartition(".")[2] for target in settings["target_modules"]} == projections
    assert not settings.get("target_parameters")
    assert all(torch.equal(tensor, before[key]) for key, tensor in weights(tmp_path / "base").items())


def test_a_tuned_mixture_of_experts_generates(tokenizer, tmp_path):
    """All of its weights trained: what TRL asks of it for training, the router's logits, is not asked of it afterwards."""
    config = tiny("lora-30b-a3b", len(tokenizer))
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    words = ["demo", f"model.base={tmp_path / 'base'}", f"output={tmp_path / 'out'}", *QUICK, "training.max_steps=1"]
    assert main(["finetune", *words, "data.held_out=0"]) == 0
    assert not json.loads((tmp_path / "out" / "config.json").read_text()).get("output_router_logits")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    inputs = transformers.AutoTokenizer.from_pretrained(tmp_path / "out", padding_side="left")(
        ["one", "a longer prompt"], padding=True, return_tensors="pt", return_token_type_ids=False
    )
    assert model.generate(**inputs, max_new_tokens=3, min_new_tokens=3).shape[0] == 2


def test_experts_get_adapters_where_they_are_asked_for(tokenizer, tmp_path):
    """Both tensors of each layer's experts, and the router as it was; merged, they give the adapters' logits."""
    from peft import PeftModel

    config = tiny("lora-30b-a3b", len(tokenizer))
    torch.manual_seed(0)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    words = ["lora-30b-a3b", f"model.base={tmp_path / 'base'}", f"output={tmp_path / 'out'}", *EMBEDDED, *QUICK]
    words += ["training.max_steps=3", "lora.rank=2", "lora.experts=true", "lora.dropout=0.0", "training.learning_rate=0.01"]
    assert main(["finetune", *words, "evaluation.metrics_rows=0"]) == 0
    settings = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert sorted(settings["target_parameters"]) == ["experts.down_proj", "experts.gate_up_proj"]
    saved = weights(tmp_path / "out")
    moved = [name for name, tensor in saved.items() if "lora_B" in name and ".experts." in name and tensor.abs().sum() > 0]
    assert len(moved) == 2 * 2
    assert not [name for name in saved if ".mlp.gate." in name]

    assert main(["merge", str(tmp_path / "out"), "-o", str(tmp_path / "merged")]) == 0
    load = transformers.AutoModelForCausalLM.from_pretrained
    ids = torch.tensor([[5, 300, 77, 9, 500, 12, 3, 900]])
    adapted = PeftModel.from_pretrained(load(tmp_path / "base"), str(tmp_path / "out"))
    assert torch.allclose(load(tmp_path / "merged")(ids).logits, adapted(ids).logits, atol=1e-5)
