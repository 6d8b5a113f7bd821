"""Merging adapters of many kinds: the merged model's logits are those that peft computes with the adapters."""

import json
import shutil

import finetune_runs
import pytest
import torch
from finetune_runs import make_base
from safetensors.torch import load_file, save_file

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base.weight_identity import are_same_weights, weights_identity
from sevenllm_bench.finetune.output.evaluation import Evaluation, read_evaluation
from sevenllm_bench.finetune.output.merging import merge

peft = pytest.importorskip("peft")
transformers = pytest.importorskip("transformers")
AutoModel, AutoTokenizer = transformers.AutoModelForCausalLM, transformers.AutoTokenizer

IDS = torch.tensor([[5, 300, 77, 9, 500, 12, 3, 900]])
LINEAR = {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"}


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    """Tiny bases by name: "llama"; "tied" (embeddings and LM head in one); "experts" (Qwen3-MoE); "bf16"."""
    folder = tmp_path_factory.mktemp("bases")
    made = {"llama": make_base(folder / "llama"), "bf16": make_base(folder / "bf16", dtype="bfloat16")}
    tokenizer = AutoTokenizer.from_pretrained(made["llama"])
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
    kinds = {
        "tied": transformers.Qwen3Config(**sizes, **heads, **ends, tie_word_embeddings=True),
        "experts": transformers.Qwen3MoeConfig(**sizes, **heads, **ends, **experts, tie_word_embeddings=False),
    }
    torch.manual_seed(1)
    for name, config in kinds.items():
        AutoModel.from_config(config).save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
        made[name] = folder / name
    return made


def trained(base, folder, tokens=(), **settings):
    """Adapters as peft saves them, every trainable value of them moved at random.

    Args:
        base: Folder of the base.
        folder: Where they go.
        tokens: Tokens that are added to the tokenizer, and to the embeddings, first.
        settings: Of LoraConfig.
    """
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModel.from_pretrained(base)
    if tokens:
        tokenizer.add_tokens(list(tokens))
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **settings))
    torch.manual_seed(2)
    with torch.no_grad():
        for tensor in model.parameters():
            if tensor.requires_grad:
                tensor.add_(0.05 * torch.randn_like(tensor))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model.eval(), len(tokenizer)


KINDS = {
    "plain": ("llama", (), LINEAR),
    "dora": ("llama", (), {**LINEAR, "use_dora": True}),
    "rslora": ("llama", (), {**LINEAR, "use_rslora": True}),
    "regex": ("llama", (), {**LINEAR, "target_modules": r".*\.layers\.1\..*(q|v)_proj"}),
    "whole head": ("llama", (), {**LINEAR, "modules_to_save": ["lm_head"]}),
    "whole embeddings": ("llama", (), {**LINEAR, "modules_to_save": ["embed_tokens", "lm_head"]}),
    "tied": ("tied", (), LINEAR),
    "tied, whole embeddings": ("tied", (), {**LINEAR, "modules_to_save": ["embed_tokens"], "ensure_weight_tying": True}),
    "tied, whole head": ("tied", (), {**LINEAR, "modules_to_save": ["lm_head"]}),
    "added tokens": ("llama", ("<ioc>", "<ttp>"), LINEAR),
    "added tokens, trained whole": ("llama", ("<ioc>",), {**LINEAR, "modules_to_save": ["embed_tokens", "lm_head"]}),
    "added tokens, trained alone": (
        "llama",
        ("<ioc>", "<ttp>"),
        {**LINEAR, "trainable_token_indices": {"embed_tokens": [1024, 1025]}},
    ),
    "embeddings": ("llama", (), {**LINEAR, "target_modules": ["embed_tokens", "q_proj"]}),
    "experts": (
        "experts",
        (),
        {**LINEAR, "target_modules": ["q_proj", "v_proj"], "target_parameters": ["experts.gate_up_proj", "experts.down_proj"]},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_the_adapters(kind, bases, tmp_path):
    name, tokens, settings = KINDS[kind]
    adapted, size = trained(bases[name], tmp_path / "adapters", tokens, **settings)
    merge(tmp_path / "adapters", tmp_path / "merged")
    merged, info = AutoModel.from_pretrained(tmp_path / "merged", output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    ids = torch.cat([IDS, torch.tensor([[size - 1]])], dim=1)  # an added token, where there is one
    with torch.no_grad():
        expected, found = adapted(ids).logits, merged(ids).logits
    assert torch.allclose(found, expected, atol=1e-5)
    if not tokens:
        untuned = AutoModel.from_pretrained(bases[name])
        assert not torch.allclose(found, untuned(ids).logits, atol=1e-2)
    assert len(AutoTokenizer.from_pretrained(tmp_path / "merged")) == size


def test_a_base_in_bf16_is_rounded_once(bases, tmp_path):
    """W in bf16 and B A scaled in fp32 are added in fp32, by hand, and rounded then."""
    trained(bases["bf16"], tmp_path / "adapters", **LINEAR)
    merge(tmp_path / "adapters", tmp_path / "merged")
    before, after = finetune_runs.weights(bases["bf16"]), finetune_runs.weights(tmp_path / "merged")
    assert {tensor.dtype for tensor in after.values()} == {torch.bfloat16}
    adapters = load_file(tmp_path / "adapters" / "adapter_model.safetensors")
    for name in ("model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj"):
        down, up = (adapters[f"base_model.model.{name}.lora_{part}.weight"].float() for part in "AB")
        expected = before[f"{name}.weight"].float() + 2 * up @ down
        assert torch.equal(after[f"{name}.weight"], expected.to(torch.bfloat16))
    assert json.loads((tmp_path / "merged" / "config.json").read_text())["dtype"] == "bfloat16"


# Which base


def other_weights(base, folder):
    """A copy of a base whose third layer's weights, one tensor, are others."""
    shutil.copytree(base, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["model.layers.1.mlp.up_proj.weight"] += 0.01
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def adapters(bases, tmp_path):
    """Plain adapters that say what their base's weights were."""
    trained(bases["llama"], tmp_path / "adapters", **LINEAR)
    weights = weights_identity(AutoModel.from_pretrained(bases["llama"]))
    Evaluation(base=str(bases["llama"]), base_weights=weights).write(tmp_path / "adapters")
    return tmp_path / "adapters"


def test_a_moved_base_is_recognised_and_another_one_refused(bases, adapters, tmp_path, capsys):
    moved = tmp_path / "moved"
    shutil.copytree(bases["llama"], moved)
    assert main(["merge", str(adapters), "-o", str(tmp_path / "one"), "--base", str(moved)]) == 0
    assert "nothing shows" not in capsys.readouterr().out

    other = other_weights(bases["llama"], tmp_path / "other")
    words = ["merge", str(adapters), "-o", str(tmp_path / "two"), "--base", str(other)]
    assert main(words) == 2
    assert f"trained on other weights than those of {other}" in capsys.readouterr().err
    assert not (tmp_path / "two").exists()
    assert main([*words, "--allow-other-weights"]) == 0


def test_adapters_that_do_not_say_are_merged_with_a_note(adapters, tmp_path, capsys):
    (adapters / "evaluation.json").unlink()
    assert main(["merge", str(adapters), "-o", str(tmp_path / "merged")]) == 0
    assert "nothing shows that the base has the weights" in capsys.readouterr().out


def test_an_identity_is_that_of_the_values(bases, tmp_path):
    """Whatever type they are held in, however the file is cut, and under every name."""
    plain = AutoModel.from_pretrained(bases["llama"])
    first = weights_identity(plain)
    assert set(first) == {"all", "outside linear layers"}
    assert weights_identity(AutoModel.from_pretrained(bases["llama"], dtype=torch.bfloat16)) == first
    plain.save_pretrained(tmp_path / "cut", max_shard_size="50KB")
    assert len(list((tmp_path / "cut").glob("*.safetensors"))) > 1
    assert weights_identity(AutoModel.from_pretrained(tmp_path / "cut")) == first
    other = weights_identity(AutoModel.from_pretrained(other_weights(bases["llama"], tmp_path / "other")))
    assert are_same_weights(first, other) is False
    # Of a base in 4 bits only the rest is known, which this other one shares.
    assert are_same_weights({"outside linear layers": first["outside linear layers"]}, other) is True
    assert are_same_weights(None, first) is None
    with torch.device("meta"):
        assert weights_identity(AutoModel.from_config(plain.config)) is None


@pytest.mark.parametrize(
    "change", [{"rank_pattern": None}, {"bias": 5}, {"megatron_config": 5}, {"target_modules": [1]}, {"bias": "\x1b[31m"}]
)
def test_settings_that_peft_stumbles_over_are_one_line(adapters, tmp_path, capsys, change):
    path = adapters / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    assert main(["merge", str(adapters), "-o", str(tmp_path / "merged")]) == 2
    error = capsys.readouterr().err
    assert "can't be joined with their base" in error
    assert "\x1b" not in error
    assert not (tmp_path / "merged").exists()


def test_incomplete_adapters_are_refused(adapters, tmp_path):
    tensors = load_file(adapters / "adapter_model.safetensors")
    del tensors["base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"]
    save_file(tensors, adapters / "adapter_model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError, match="missing adapter keys"):
        merge(adapters, tmp_path / "merged")


def test_adapters_that_ruin_the_weights_are_refused(adapters, tmp_path):
    tensors = load_file(adapters / "adapter_model.safetensors")
    tensors["base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"][0, 0] = float("nan")
    save_file(tensors, adapters / "adapter_model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError, match="can't be merged"):
        merge(adapters, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


# Code in the base's repository

CODE = """
from transformers import LlamaForCausalLM

class OwnCausalLM(LlamaForCausalLM):
    pass

print("the code of the repository ran")
"""


@pytest.fixture
def of_own_code(bases, adapters, tmp_path):
    """Adapters whose base brings code, and whose evaluation.json says that it ran when they were trained."""
    base = tmp_path / "with_code"
    shutil.copytree(bases["llama"], base)
    (base / "own.py").write_text(CODE)
    config = json.loads((base / "config.json").read_text())
    config |= {"auto_map": {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnCausalLM"}, "model_type": "own"}
    (base / "config.json").write_text(json.dumps(config))
    own = "\nfrom transformers import LlamaConfig\n\nclass OwnConfig(LlamaConfig):\n    model_type = 'own'\n"
    (base / "own.py").write_text(own + CODE.replace("    pass", "    config_class = OwnConfig"))
    settings = json.loads((adapters / "adapter_config.json").read_text())
    (adapters / "adapter_config.json").write_text(json.dumps({**settings, "base_model_name_or_path": str(base)}))
    Evaluation(base=str(base), trust_remote_code=True).write(adapters)
    return adapters


def test_a_file_from_elsewhere_does_not_let_code_run(of_own_code, tmp_path, capfd):
    words = ["merge", str(of_own_code), "-o", str(tmp_path / "merged")]
    assert main(words) == 2
    seen = capfd.readouterr()
    assert "--trust-remote-code allows" in seen.err
    assert "the code of the repository ran" not in seen.out + seen.err

    assert main([*words, "--trust-remote-code"]) == 0
    seen = capfd.readouterr().out
    assert "the code of the repository ran" in seen
    assert f"pretrained={tmp_path / 'merged'},trust_remote_code=True" in seen
    assert read_evaluation(tmp_path / "merged").trust_remote_code
    assert (tmp_path / "merged" / "own.py").is_file()
