"""Bases that would fail late, or train a wrong model in silence: each is refused with one line, before data are prepared."""

import json
import shutil

import pytest
import torch
from finetune_runs import QUICK, make_base
from safetensors.torch import load_file, save_file

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base.opened_base import check_length, check_tokenizer, known_positions, load_base
from sevenllm_bench.finetune.settings.config_file import read_config

transformers = pytest.importorskip("transformers")

TENSORS, WEIGHTS = "model.safetensors", "model.layers.1.mlp.up_proj.weight"


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    return make_base(tmp_path_factory.mktemp("base") / "model")


def rewrite(change):
    """A spoiler that changes the tensors of a base's file."""

    def spoil(folder):
        tensors = load_file(folder / TENSORS)
        change(tensors)
        save_file(tensors, folder / TENSORS, metadata={"format": "pt"})

    return spoil


def settings(**changes):
    """A spoiler that changes a base's configuration."""

    def spoil(folder):
        content = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(content | changes))

    return spoil


def only_the_first_bytes(name, size):
    def spoil(folder):
        (folder / name).write_bytes((folder / name).read_bytes()[:size])

    return spoil


def index_with_an_absent_shard(folder):
    names = list(load_file(folder / TENSORS))
    (folder / TENSORS).rename(folder / "model-00001-of-00002.safetensors")
    places = dict.fromkeys(names, "model-00001-of-00002.safetensors") | {names[0]: "model-00002-of-00002.safetensors"}
    (folder / f"{TENSORS}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


def broken_index(folder):
    (folder / TENSORS).unlink()
    (folder / f"{TENSORS}.index.json").write_text('{"weight_map": 3}')


def pickled(folder):
    torch.save(load_file(folder / TENSORS), folder / "pytorch_model.bin")
    (folder / TENSORS).unlink()


def cut_pickle(folder):
    pickled(folder)
    only_the_first_bytes("pytorch_model.bin", 20_000)(folder)


def pointer(folder):
    (folder / TENSORS).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


def adapters(folder):
    from peft import LoraConfig, get_peft_model

    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    shutil.rmtree(folder)
    get_peft_model(model, LoraConfig(r=2, target_modules="all-linear")).save_pretrained(folder)


def adapters_beside_a_configuration(folder):
    adapters(folder)
    transformers.LlamaConfig().save_pretrained(folder)


def more_tokens(folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<ioc>", "<ttp>"])
    tokenizer.save_pretrained(folder)


def end_beyond_the_embeddings(folder):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"eos_token": "<|eot|>"})
    tokenizer.save_pretrained(folder)


def encoder(folder):
    config = transformers.BertConfig(
        vocab_size=1024, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    transformers.BertForMaskedLM(config).save_pretrained(folder)


def gguf(folder):
    for name in ("config.json", TENSORS):
        (folder / name).unlink()
    (folder / "model-Q4.gguf").write_bytes(b"GGUF")


def quantised(folder):
    settings(quantization_config={"quant_method": "gptq", "bits": 4})(folder)


#: What is done to a sound base, further changes to the configuration, and what the error says.
REFUSED = {
    "a tensor is missing": (rewrite(lambda t: t.pop(WEIGHTS)), [], f"lack 1 weights ({WEIGHTS})"),
    "no lm_head": (rewrite(lambda t: t.pop("lm_head.weight")), [], "lack 1 weights (lm_head.weight)"),
    "a tensor too many": (
        rewrite(lambda t: t.update({"model.layers.9.mlp.up_proj.weight": torch.ones(2, 2)})),
        [],
        "hold 1 unknown weights (model.layers.9.mlp.up_proj.weight)",
    ),
    "another shape": (
        rewrite(lambda t: t.update({WEIGHTS: torch.ones(3, 3)})),
        [],
        f"hold 1 weights of another shape ({WEIGHTS}: (3, 3) for (64, 32))",
    ),
    "more layers than weights": (settings(num_hidden_layers=3), [], "lack 9 weights (model.layers.2."),
    "cut off": (only_the_first_bytes(TENSORS, 30_000), [], "model.safetensors is cut off or damaged"),
    "empty": (only_the_first_bytes(TENSORS, 0), [], "model.safetensors is cut off or damaged"),
    "an absent shard": (index_with_an_absent_shard, [], "model-00002-of-00002.safetensors is missing"),
    "a broken index": (broken_index, [], "model.safetensors.index.json is no index of weights"),
    "a cut pickle": (cut_pickle, [], "pytorch_model.bin is cut off"),
    "a pointer of Git LFS": (pointer, [], "is a pointer of Git LFS"),
    "no weights": (lambda folder: (folder / TENSORS).unlink(), [], "no file named model.safetensors"),
    "adapters": (adapters, [], "these are adapters, no model. Merge them first (sevenllm-bench merge "),
    "adapters with a configuration": (adapters_beside_a_configuration, [], "these are adapters, no model"),
    "tokens without embeddings": (more_tokens, [], "2 tokens beyond the model's 1,024 embeddings (e.g. '<ioc>', 1,024)"),
    "an end without an embedding": (end_beyond_the_embeddings, [], "1 tokens beyond the model's 1,024 embeddings"),
    "too few positions": (settings(max_position_embeddings=512), [], "has 512 positions"),
    "an encoder": (encoder, [], "an encoder, which sees the whole text at once"),
    "no causal model": (settings(model_type="vit"), [], "transformers has no causal language model of this kind"),
    "GGUF": (gguf, [], "name one, e.g. model.gguf_file=model-Q4.gguf"),
    "quantised, trained whole": (quantised, [], "its weights are quantised (gptq) and can't be trained"),
    "quantised twice": (quantised, ["training.method=qlora"], "quantised (gptq) already"),
    "a name that isn't there": (
        lambda folder: None,
        ["training.method=lora", "lora.targets=[qproj]"],
        "no linear layer 'qproj' for LoRA in this model; it has down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj. "
        "Did you mean q_proj?",
    ),
    "a pattern that matches nothing": (
        lambda folder: None,
        ["training.method=lora", "lora.targets=.*wq"],
        "lora.targets: no module's whole name matches '.*wq'",
    ),
    "a module that isn't there": (
        lambda folder: None,
        ["training.method=lora", "lora.modules_to_save=[embed_token]"],
        "no module 'embed_token' in this model",
    ),
    "no experts": (
        lambda folder: None,
        ["training.method=lora", "lora.experts=true", "lora.dropout=0.0"],
        "this model has no experts",
    ),
    "adapters that aren't there": (
        lambda folder: None,
        ["training.method=lora", "model.adapter=nowhere"],
        "model.adapter=nowhere: no adapters there",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_base_that_does_not_hold(name, good, tmp_path, capsys, monkeypatch):
    spoil, changes, message = REFUSED[name]
    base = tmp_path / "base"
    shutil.copytree(good, base)
    spoil(base)
    monkeypatch.setattr("sevenllm_bench.finetune.run.prepare", lambda *_: pytest.fail("data were prepared"))
    monkeypatch.setattr("sevenllm_bench.finetune.loop.training.require_packages", lambda _: None)
    words = ["finetune", "demo", f"model.base={base}", f"output={tmp_path / 'out'}", *QUICK, *changes]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len([line for line in error.splitlines() if line.startswith("sevenllm-bench: error")]) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["training.method=qlora"], 'bitsandbytes is not installed: pip install "sevenllm-bench[qlora]"'),
        (["training.deepspeed=ds.json"], 'deepspeed is not installed: pip install "sevenllm-bench[deepspeed]"'),
        (["model.attention=flash_attention_2"], "model.attention=flash_attention_2 needs a package .*: pip install flash-attn"),
        (["model.attention=kernels-community/flash-attn2"], "pip install kernels"),
        (["training.optimizer=paged_adamw_8bit"], "training.optimizer=paged_adamw_8bit needs .*: pip install bitsandbytes"),
        (["training.optimizer=galore_adamw"], "pip install galore-torch"),
        (["training.optimizer=schedule_free_adamw"], "pip install schedulefree"),
        (["training.trainer={use_liger_kernel: true}"], "training.trainer.use_liger_kernel needs .*: pip install liger-kernel"),
        (["model.gguf_file=x.gguf"], 'gguf is not installed: pip install "sevenllm-bench[gguf]"'),
    ],
)
def test_a_package_that_is_missing(changes, message, monkeypatch):
    from sevenllm_bench import preflight
    from sevenllm_bench.finetune import libraries

    for module in (preflight, libraries):
        monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")):
        libraries.require_packages(read_config("demo", ["model.base=x", *changes]))


def test_every_optimizer_of_transformers_is_known():
    """Those that PyTorch or transformers itself has need no package; one that is new must be looked at."""
    from transformers.training_args import OptimizerNames

    from sevenllm_bench.finetune.libraries import _OPTIMIZERS

    of_torch = {"adamw_torch", "adamw_torch_fused", "adamw_torch_xla", "adamw_torch_npu_fused", "adamw_anyprecision", "adafactor"}
    of_torch |= {"sgd", "adagrad", "rmsprop"}
    names = {name.value for name in OptimizerNames}
    unknown = {name for name in names - of_torch if not name.startswith(tuple(_OPTIMIZERS))}
    assert not unknown
    assert not [name for name in of_torch if name.startswith(tuple(_OPTIMIZERS))]


def test_missing_weights_can_be_allowed(good, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(good, base)
    rewrite(lambda tensors: tensors.pop(WEIGHTS))(base)
    words = [f"model.base={base}", f"output={tmp_path / 'out'}", *QUICK, "training.max_steps=1", "data.held_out=0"]
    assert main(["finetune", "demo", *words, "model.allow_other_weights=true"]) == 0


@pytest.mark.parametrize("spoil", [pickled, lambda folder: None], ids=["pickled", "as it was"])
def test_sound_bases_pass(spoil, good, tmp_path):
    from sevenllm_bench.finetune.base.model import load_model
    from sevenllm_bench.finetune.runtime import resolve

    base = tmp_path / "base"
    shutil.copytree(good, base)
    spoil(base)
    config, _, tokenizer = load_base(read_config("demo", [f"model.base={base}"]), pytest.fail)
    assert load_model(config.model, resolve(config)).config.vocab_size == len(tokenizer)


def test_tied_weights_are_not_missing(tmp_path):
    """The file of a model that ties its LM head to its embeddings has no lm_head.weight; and GPT-2's old masks are ignored."""
    from sevenllm_bench.finetune.base.model import load_model
    from sevenllm_bench.finetune.runtime import resolve

    base = make_base(tmp_path / "base")
    config = transformers.GPT2Config(vocab_size=1024, n_embd=32, n_layer=1, n_head=2, n_positions=2048, eos_token_id=2)
    transformers.GPT2LMHeadModel(config).save_pretrained(base)
    tensors = load_file(base / TENSORS)
    assert "lm_head.weight" not in tensors
    tensors["transformer.h.0.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(tensors, base / TENSORS, metadata={"format": "pt"})
    run, _, _ = load_base(read_config("demo", [f"model.base={base}"]), pytest.fail)
    load_model(run.model, resolve(run))


def test_a_special_token_that_nothing_writes_needs_no_embedding(good):
    """As in Gemma 3's tokenizer, whose <image_soft_token> (262,144) lies beyond the embeddings of the models for text."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(good)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image_soft_token>"]})
    base = transformers.AutoConfig.from_pretrained(good)
    assert tokenizer.convert_tokens_to_ids("<image_soft_token>") == base.vocab_size
    config = read_config("demo", [f"model.base={good}", "data.chat=true"])
    check_tokenizer(config, base, tokenizer)
    tokenizer.chat_template = "<image_soft_token>" + tokenizer.chat_template
    with pytest.raises(ConfigError, match="'<image_soft_token>', 1,024"):
        check_tokenizer(config, base, tokenizer)


#: Configurations, and the positions that their authors give.
POSITIONS = {
    "Llama-2: as it says": (transformers.LlamaConfig(max_position_embeddings=4096), 4096),
    "Llama-2 32K: linear, eight times": (
        transformers.LlamaConfig(
            max_position_embeddings=4096, rope_parameters={"rope_type": "linear", "factor": 8.0, "rope_theta": 1e4}
        ),
        32768,
    ),
    "Qwen3 with YaRN: four times 32,768": (
        transformers.Qwen3Config(
            max_position_embeddings=40960,
            rope_parameters={
                "rope_type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 32768,
                "rope_theta": 1e6,
            },
        ),
        131072,
    ),
    "Llama 3.1: scaled already": (
        transformers.LlamaConfig(
            max_position_embeddings=131072,
            rope_parameters={
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 8192,
                "rope_theta": 5e5,
            },
        ),
        131072,
    ),
    "GPT-2: learned": (transformers.GPT2Config(), 1024),
    "OPT: learned": (transformers.OPTConfig(), 2048),
    "BLOOM: ALiBi": (transformers.BloomConfig(), None),
    "Falcon with ALiBi": (transformers.FalconConfig(alibi=True), None),
    "MPT: ALiBi": (transformers.MptConfig(attn_config={"alibi": True}), None),
    "Mamba: no positions": (transformers.MambaConfig(), None),
    "Gemma 3: two kinds of layers": (transformers.Gemma3TextConfig(max_position_embeddings=32768), 32768),
}


@pytest.mark.parametrize("name", POSITIONS)
def test_positions(name):
    base, expected = POSITIONS[name]
    assert known_positions(base) == expected
    if expected:
        config = read_config("demo", ["model.base=x", f"data.max_length={expected}"])
        check_length(config, base)
        with pytest.raises(ConfigError, match=f"has {expected:,} positions"):
            check_length(read_config("demo", ["model.base=x", f"data.max_length={expected + 1}"]), base)
