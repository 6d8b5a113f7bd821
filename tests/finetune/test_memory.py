"""Memory estimates: parameters against published figures, and arithmetic by hand."""

import json
from pathlib import Path

import pytest
from recipe_bases import ENCODER_RECIPES, FULL_SIZE, full_size, tiny

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.estimates.memory import GIB, Memory, count, estimate_memory, meta_model
from sevenllm_bench.finetune.settings.config_file import read_config
from sevenllm_bench.finetune.settings.recipe_files import recipe_names

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
from memory_table import MODELS, config, lines  # noqa: E402  (needs transformers)
from peft import LoraConfig, get_peft_model  # noqa: E402

LLAMA_2_7B, QWEN3_8B = MODELS["Llama-2-7B"], MODELS["Qwen3-8B"]
#: Counts as on the models' pages on the Hub (safetensors metadata); the configurations are those of their config.json.
PUBLISHED = {
    "Llama-2-7B": (LLAMA_2_7B, 6_738_415_616),
    "Llama-2-13B": (MODELS["Llama-2-13B"], 13_015_864_320),
    "Qwen1.5-7B": (MODELS["Qwen1.5-7B"], 7_721_324_544),
    "Qwen1.5-14B": (MODELS["Qwen1.5-14B"], 14_167_290_880),
    "Qwen3-8B": (QWEN3_8B, 8_190_735_360),
    "Qwen2.5-0.5B": (config("Qwen2", 151936, 896, 4864, 24, 14, 2, tie_word_embeddings=True), 494_032_768),
}
SMALL = config("Llama", 512, 64, 176, 2, 4)

#: Full fine-tuning in bf16 with fp32 master weights, as in the paper; adapters over bf16; and over 4 bits.
FULL = ("paper", "model.base=x")
LORA = ("lora-8b", "model.base=x")
QLORA = (*LORA, "training.method=qlora")


def estimate(model, words, *changes, processes=1):
    return estimate_memory(model, read_config(words[0], [*words[1:], *changes]), processes)


def held(*arguments, **named):
    memory = estimate(LLAMA_2_7B, *arguments, **named)
    return memory.weights, memory.gradients, memory.optimizer


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name):
    model, published = PUBLISHED[name]
    assert count(meta_model(model)) == published


# Arithmetic by hand. Llama 2 7B has 6,738,415,616 parameters, 6,476,005,376 of them in its linear layers:
# 32 layers of 4 x 4,096 x 4,096 and 3 x 4,096 x 11,008. Adapters of rank 64 on all of those have 159,907,840:
# 32 layers of 4 x 64 x (4,096 + 4,096) and 3 x 64 x (4,096 + 11,008), as QLoRA's users know from peft's report.


def test_all_weights_in_fp32_on_eight_gpus():
    """4, 4 and 8 bytes per parameter, over 8."""
    assert held(FULL, processes=8) == (3_369_207_808, 3_369_207_808, 6_738_415_616)


def test_all_weights_in_bf16_on_one_gpu():
    changes = ("model.weights=bf16", "training.sharding=none")
    assert held(FULL, *changes) == (13_476_831_232, 13_476_831_232, 26_953_662_464)


def test_replicas_hold_everything():
    everything = (26_953_662_464, 26_953_662_464, 53_907_324_928)
    assert held(FULL, "training.sharding=none", processes=8) == held(FULL) == everything


def test_sharded_weights_in_bf16_are_trained_in_fp32():
    """accelerate raises them to fp32 for mixed precision."""
    assert held(FULL, "model.weights=bf16", processes=8) == held(FULL, processes=8)


def test_lora_over_bf16():
    """2 bytes per parameter of the base, 4 of the adapters, with gradients of 4 and moments of 8."""
    assert estimate(LLAMA_2_7B, LORA).trainable == 159_907_840
    assert held(LORA) == (13_476_831_232 + 639_631_360, 639_631_360, 1_279_262_720)


def test_lora_in_fp32():
    assert held(LORA, "training.precision=fp32")[0] == 2 * 13_476_831_232 + 639_631_360


def test_lora_on_some_layers():
    """32 layers of 2 x 8 x (4,096 + 4,096): the 4,194,304 of the LoRA examples for Llama."""
    assert estimate(LLAMA_2_7B, LORA, "lora.rank=8", "lora.targets=[q_proj, v_proj]").trainable == 4_194_304


def test_qlora():
    """4 bits, 1/64 byte and 1/4,096 byte per parameter of linear layers; bf16 for the other 262,410,240 and the adapters."""
    base = 3_238_002_688 + 101_187_584 + 1_581_056 + 2 * 262_410_240
    assert held(QLORA) == (base + 319_815_680, 319_815_680, 639_631_360)


def test_moments_in_8_bits():
    """2 x (1 + 4 / 256) bytes per parameter of the adapters."""
    assert held(LORA, "training.optimizer=adamw_8bit")[2] == 324_812_800


def test_moments_of_embeddings_and_small_tensors_are_in_fp32():
    """512 x 64 embeddings, 5 norms of 64: 8 bytes each; all others 2 bytes and 8 per 256."""
    parameters = 2 * 512 * 64 + 5 * 64 + 2 * (4 * 64 * 64 + 3 * 64 * 176)
    in_fp32 = 512 * 64 + 5 * 64
    others = parameters - in_fp32
    found = estimate(SMALL, FULL, "training.sharding=none", "training.optimizer=adamw_8bit")
    assert found.parameters == parameters
    assert found.optimizer == 8 * in_fp32 + 2 * others + 8 * (others // 256)


@pytest.mark.parametrize("optimizer", ["adamw_torch", "adafactor"])
def test_the_optimizer_holds_what_is_said(optimizer):
    model = transformers.AutoModelForCausalLM.from_config(SMALL, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    real = torch.optim.AdamW(model.parameters()) if optimizer == "adamw_torch" else transformers.Adafactor(model.parameters())
    real.step()
    values = [value for state in real.state.values() for value in state.values()]
    measured = sum(value.nbytes for value in values if isinstance(value, torch.Tensor) and value.dim())
    changes = ("training.sharding=none", "training.precision=fp32", f"training.optimizer={optimizer}")
    assert estimate(SMALL, FULL, *changes).optimizer == measured


def test_sharding_divides_and_nothing_else():
    one, many = (estimate(LLAMA_2_7B, FULL, processes=n) for n in (1, 16))
    assert (many.weights, many.optimizer) == (one.weights / 16, one.optimizer / 16)
    assert (many.activations, many.buffers, many.parameters) == (one.activations, one.buffers, one.parameters)


def test_several_replicas_hold_buckets():
    one, two = (estimate(LLAMA_2_7B, LORA, processes=n) for n in (1, 2))
    assert two.buffers - one.buffers == 639_631_360
    assert two.total - one.total == 639_631_360


TILE = 4096 * 32_000  # tokens x words: the vocabulary is smaller than a tile's 32,768


def test_activations_by_the_rule():
    """34 bytes per token, layer and value of the width (4,096), and a mask of 4,096 x 4,096 values of two bytes in each."""
    layer, mask = 4096 * 4096 * 34, 4096 * 4096 * 2
    assert estimate(LLAMA_2_7B, LORA, "training.gradient_checkpointing=false").activations == 32 * (layer + mask) + 2 * TILE
    flash = ("training.gradient_checkpointing=false", "model.attention=flash_attention_2")
    assert estimate(LLAMA_2_7B, LORA, *flash).activations == 32 * layer + 2 * TILE


def test_activations_in_32_bits_of_two_padded_rows_with_checkpointing():
    """Twice as large in fp32; a mask for each row; the inputs of 32 layers, and one layer."""
    changes = ("training.precision=fp32", "training.batch_size=2", "data.packing=false", "data.max_length=512")
    tokens = 2 * 512
    layer = tokens * 4096 * 68 + 2 * 512 * 512 * 4
    assert estimate(LLAMA_2_7B, LORA, *changes).activations == layer + 32 * tokens * 4096 * 4 + 4 * tokens * 32_000


def test_copies_that_live_for_moments():
    linear, outside = 6_476_005_376, 262_410_240
    assert estimate(LLAMA_2_7B, LORA).buffers == 0
    assert estimate(LLAMA_2_7B, QLORA).buffers == 2 * 4096 * 11_008
    assert estimate(LLAMA_2_7B, FULL).buffers == 2 * (outside + 2 * linear // 32)
    on_one = estimate(LLAMA_2_7B, FULL, "training.sharding=none")
    assert on_one.buffers == 2 * linear // 32
    kept = estimate(LLAMA_2_7B, FULL, "training.sharding=none", "training.gradient_checkpointing=false")
    assert kept.buffers == 2 * linear


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("Mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}),
        ("GPTNeoX", {}),
        ("Gemma3Text", {"head_dim": 16}),
    ],
)
def test_models_of_many_kinds(kind, sizes):
    """Parameters, gradients and moments are exact for all of them."""
    base = {"vocab_size": 512, "hidden_size": 64, "intermediate_size": 176, "num_hidden_layers": 2, "num_attention_heads": 4}
    model = getattr(transformers, f"{kind}Config")(**base, **sizes)
    real = transformers.AutoModelForCausalLM.from_config(model)
    found = estimate(model, FULL)
    parameters = sum(parameter.numel() for parameter in real.parameters())
    assert (found.weights, found.gradients, found.optimizer) == (4 * parameters, 4 * parameters, 8 * parameters)


def test_what_there_is_no_estimate_for():
    with pytest.raises(ConfigError, match=r"no linear layer 'wq' for LoRA in this model; it has down_proj, gate_proj"):
        estimate(LLAMA_2_7B, LORA, "lora.targets=[wq]")
    with pytest.raises(ConfigError, match="no memory estimate for optimizer 'lion_32bit'"):
        estimate(SMALL, FULL, "training.optimizer=lion_32bit")
    with pytest.raises(ConfigError, match="no memory estimate for 't5'"):
        estimate(transformers.T5Config(), FULL)


@pytest.mark.parametrize(
    ("content", "shards"),
    [({"zero_optimization": {"stage": 3}}, 8), ({"zero_optimization": {"stage": 2}}, 1), ({"bf16": {"enabled": True}}, 1)],
)
def test_a_deepspeed_file_counts_by_its_stage(content, shards, tmp_path):
    file = tmp_path / "zero.json"
    file.write_text(json.dumps(content))
    changes = ("training.sharding=none", f"training.deepspeed={file}")
    assert held(FULL, *changes, processes=8)[0] == 26_953_662_464 / shards


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no DeepSpeed configuration"),
        ("[]", "no DeepSpeed configuration"),
        ('{"zero_optimization": 3}', "no DeepSpeed configuration"),
        ('{"zero_optimization": {"stage": "three"}}', "stage is 'three'"),
        ('{"zero_optimization": {"stage": 4}}', "stage is 4"),
        (None, "can't be read"),
    ],
)
def test_a_broken_deepspeed_file(text, message, tmp_path):
    file = tmp_path / "zero.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        estimate(SMALL, FULL, "training.sharding=none", f"training.deepspeed={file}")


def total(recipe, model, processes, *changes):
    return estimate(model, (recipe, "model.base=x"), *changes, processes=processes).total / GIB


#: What a run can count on: 5 % less than what is printed on the card.
def card(gigabytes):
    return 0.95 * gigabytes * 1e9 / GIB


@pytest.mark.parametrize("name", ["Llama-2-7B", "Llama-2-13B", "Qwen1.5-7B", "Qwen1.5-14B"])
def test_the_papers_recipe_needs_eight_gpus_of_80_gb_and_no_more(name):
    model, _ = PUBLISHED[name]
    assert total("paper", model, 1) > card(80) > total("paper", model, 8) > total("paper", model, 16)


#: Recipe, changes, and the card in GB that its comment names.
CARDS = [
    ("lora-4b", (), 12),
    ("lora-4b", ("training.method=qlora",), 8),
    ("lora-8b", (), 40),
    ("lora-8b", ("training.method=qlora",), 24),
    ("lora-14b", (), 48),
    ("lora-14b", ("training.method=qlora",), 24),
    ("lora-30b-a3b", (), 80),
    ("lora-30b-a3b", ("lora.experts=true", "lora.dropout=0.0", "lora.rank=8"), 80),
]


@pytest.mark.parametrize(("recipe", "changes", "gigabytes"), CARDS)
def test_adapters_fit_the_cards_that_their_recipes_name(recipe, changes, gigabytes):
    found = estimate(full_size(recipe), (recipe, "model.base=x"), *changes)
    assert card(gigabytes) > found.total / GIB
    if "training.method=qlora" not in changes:
        assert found.total > 2 * FULL_SIZE[recipe][3]  # two bytes for each weight


def test_the_demo_needs_little():
    assert total("demo", config("Llama", 8192, 160, 448, 4, 5), 1) < 4


def test_every_recipe_is_looked_at():
    assert set(recipe_names()) - set(ENCODER_RECIPES) == {"demo", "paper", *(recipe for recipe, _, _ in CARDS)}


#: Settings of adapters, and the same for peft.
ADAPTERS = {
    "plain": ((), {}),
    "dora": (("lora.dora=true",), {"use_dora": True}),
    "rslora": (("lora.rslora=true",), {"use_rslora": True}),
    "whole modules": (("lora.modules_to_save=[embed_tokens, lm_head]",), {"modules_to_save": ["embed_tokens", "lm_head"]}),
    "some targets": (("lora.targets=[q_proj, down_proj]",), {"target_modules": ["q_proj", "down_proj"]}),
    "a pattern": (("lora.targets=.*layers\\.1.*_proj",), {"target_modules": r".*layers\.1.*_proj"}),
}


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("weights", ["fp32", "bf16"])
def test_adapters_count_as_peft_makes_them(name, weights):
    """Values, and bytes of values and gradients, of a real model with real adapters; AdamW has twice the bytes."""
    changes, settings = ADAPTERS[name]
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[weights]
    model = transformers.AutoModelForCausalLM.from_config(SMALL, dtype=dtype)
    base = sum(tensor.nbytes for tensor in model.parameters())
    real = get_peft_model(model, LoraConfig(**{"r": 4, "target_modules": "all-linear", "task_type": "CAUSAL_LM", **settings}))
    tensors = [tensor for tensor in real.parameters() if tensor.requires_grad]
    found = estimate(SMALL, LORA, "lora.rank=4", f"model.weights={weights}", *changes)
    size = sum(tensor.nbytes for tensor in tensors)
    assert found.trainable == sum(tensor.numel() for tensor in tensors)
    assert (found.weights, found.gradients, found.optimizer) == (base + size, size, 2 * size)


@pytest.mark.parametrize("names", ["[lm_head]", "[embed_tokens]", "[embed_tokens, lm_head]"])
def test_tied_embeddings_that_are_trained_whole_count_once(names):
    """1,024 x 32, and adapters of rank 2 on two layers of 2 x (32 + 32) + 2 x (32 + 16) and 3 x (32 + 64) values."""
    found = estimate(tiny("lora-4b", 1024), LORA, "lora.rank=2", f"lora.modules_to_save={names}")
    assert found.trainable == 1024 * 32 + 2 * 2 * (2 * (32 + 32) + 2 * (32 + 16) + 3 * (32 + 64))


def test_experts_count_as_peft_makes_them():
    small = tiny("lora-30b-a3b", 512)
    experts = ["experts.gate_up_proj", "experts.down_proj"]
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for changes, parameters in ((("lora.experts=true", "lora.dropout=0.0"), experts), ((), None)):
        settings = LoraConfig(r=4, target_modules=targets, target_parameters=parameters)
        real = get_peft_model(transformers.AutoModelForCausalLM.from_config(small), settings)
        trainable = sum(tensor.numel() for tensor in real.parameters() if tensor.requires_grad)
        assert estimate(small, LORA, "lora.rank=4", *changes).trainable == trainable


def test_the_table():
    memory = Memory(GIB, 2 * GIB, 3 * GIB, GIB // 2, GIB // 4, GIB, parameters=2000, trainable=1500)
    assert memory.total == 7.75 * GIB
    assert memory.table() == [
        ["parameters", "2,000"],
        ["trainable", "1,500 (75.00 %)"],
        ["weights", "1.00 GiB"],
        ["gradients", "2.00 GiB"],
        ["optimizer", "3.00 GiB"],
        ["activations", "0.50 GiB"],
        ["buffers", "0.25 GiB"],
        ["overhead", "1.00 GiB"],
        ["total", "7.75 GiB"],
    ]


@pytest.mark.parametrize("change", [{"hidden_act": []}, {"rope_parameters": {"rope_type": []}}, {"hidden_act": "no such"}])
def test_a_configuration_that_its_architecture_fails_on_has_no_estimate(change):
    config = transformers.LlamaConfig(
        vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2
    )
    for name, value in change.items():
        object.__setattr__(config, name, value)
    with pytest.raises(ConfigError, match="no memory estimate for 'llama'"):
        meta_model(config)


def test_the_table_of_the_docs_is_what_the_command_says():
    """Printed again by `python tests/finetune/memory_table.py`."""
    docs = (Path(__file__).parents[2] / "docs" / "finetuning.md").read_text(encoding="utf-8")
    assert "\n".join(lines()) in docs
