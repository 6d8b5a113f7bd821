"""Memory estimates: parameters against published figures, and arithmetic by hand. `test_passes` measures activations."""

from dataclasses import replace

import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.config_file import read_config, recipe_names
from sevenllm_bench.finetune.memory.estimate import GIB, Memory, Setup, count_parameters, describe, estimate_memory, setup_of

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def config(kind, vocabulary, hidden, intermediate, layers, heads, key_heads=None, **other):
    return getattr(transformers, f"{kind}Config")(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads or heads,
        **{"tie_word_embeddings": False, **other},
    )


LLAMA_2_7B = config("Llama", 32000, 4096, 11008, 32, 32)
QWEN3_8B = config("Qwen3", 151936, 4096, 12288, 36, 32, 8, head_dim=128)
#: Counts as on the models' pages on the Hub (safetensors metadata); the configurations are those of their config.json.
PUBLISHED = {
    "Llama-2-7B": (LLAMA_2_7B, 6_738_415_616),
    "Llama-2-13B": (config("Llama", 32000, 5120, 13824, 40, 40), 13_015_864_320),
    "Qwen1.5-7B": (config("Qwen2", 151936, 4096, 11008, 32, 32), 7_721_324_544),
    "Qwen1.5-14B": (config("Qwen2", 152064, 5120, 13696, 40, 40), 14_167_290_880),
    "Qwen3-8B": (QWEN3_8B, 8_190_735_360),
    "Qwen2.5-0.5B": (config("Qwen2", 151936, 896, 4864, 24, 14, 2, tie_word_embeddings=True), 494_032_768),
}
SMALL = config("Llama", 512, 64, 176, 2, 4)

FULL = Setup("full", "bf16", "fp32", "full", 8, 4096, 1, True, "adamw_torch")
LORA = replace(FULL, method="lora", weights="bf16", shard="none", processes=1)
QLORA = replace(LORA, method="qlora", weights="nf4")


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name):
    model, published = PUBLISHED[name]
    assert count_parameters(model) == published


# Arithmetic by hand. Llama 2 7B has 6,738,415,616 parameters, 6,476,005,376 of them in its linear layers:
# 32 layers of 4 x 4,096 x 4,096 and 3 x 4,096 x 11,008. Adapters of rank 64 on all of those have 159,907,840:
# 32 layers of 4 x 64 x (4,096 + 4,096) and 3 x 64 x (4,096 + 11,008), as QLoRA's users know from peft's report.


def held(setup):
    memory = estimate_memory(LLAMA_2_7B, setup)
    return memory.weights, memory.gradients, memory.optimizer


def test_all_weights_in_fp32_on_eight_gpus():
    """4, 4 and 8 bytes per parameter, over 8."""
    assert held(FULL) == (3_369_207_808, 3_369_207_808, 6_738_415_616)


def test_all_weights_in_bf16_on_one_gpu():
    assert held(replace(FULL, weights="bf16", shard="none", processes=1)) == (13_476_831_232, 13_476_831_232, 26_953_662_464)


def test_replicas_hold_everything():
    assert (
        held(replace(FULL, shard="none")) == held(replace(FULL, processes=1)) == (26_953_662_464, 26_953_662_464, 53_907_324_928)
    )


def test_lora_over_bf16():
    """2 bytes per parameter of the base, 4 of the adapters, with gradients of 4 and moments of 8."""
    memory = estimate_memory(LLAMA_2_7B, LORA)
    assert memory.trainable == 159_907_840
    assert held(LORA) == (13_476_831_232 + 639_631_360, 639_631_360, 1_279_262_720)


def test_lora_on_some_layers():
    """32 layers of 2 x 8 x (4,096 + 4,096): the 4,194,304 of the LoRA examples for Llama."""
    memory = estimate_memory(LLAMA_2_7B, replace(LORA, lora_rank=8, lora_targets=("q_proj", "v_proj")))
    assert memory.trainable == 4_194_304


def test_qlora():
    """4 bits, 1/64 byte and 1/4,096 byte per parameter of linear layers; bf16 for the other 262,410,240 and the adapters."""
    base = 3_238_002_688 + 101_187_584 + 1_581_056 + 2 * 262_410_240
    assert held(QLORA) == (base + 319_815_680, 319_815_680, 639_631_360)


def test_moments_in_8_bits():
    """2 x (1 + 4 / 256) bytes per parameter of the adapters."""
    assert held(replace(LORA, optimizer="adamw_8bit"))[2] == 324_812_800


@pytest.mark.parametrize("optimizer", ["adamw_torch", "adafactor"])
def test_the_optimizer_holds_what_is_said(optimizer):
    model = transformers.AutoModelForCausalLM.from_config(SMALL, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    real = torch.optim.AdamW(model.parameters()) if optimizer == "adamw_torch" else transformers.Adafactor(model.parameters())
    real.step()
    values = [value for state in real.state.values() for value in state.values()]
    measured = sum(value.nbytes for value in values if isinstance(value, torch.Tensor) and value.dim())
    setup = replace(FULL, shard="none", precision="fp32", optimizer=optimizer)
    assert estimate_memory(SMALL, setup).optimizer == measured


def test_sharding_divides_and_nothing_else():
    one, many = (estimate_memory(LLAMA_2_7B, replace(FULL, processes=n)) for n in (1, 16))
    assert (many.weights, many.optimizer) == (one.weights / 16, one.optimizer / 16)
    assert (many.activations, many.logits, many.parameters) == (one.activations, one.logits, one.parameters)


def test_the_optimizers_step_is_a_peak_of_its_own():
    """torch's AdamW takes square roots of all second moments at once: 4 bytes per parameter."""
    assert estimate_memory(LLAMA_2_7B, replace(FULL, processes=1)).buffers == 26_953_662_464
    assert estimate_memory(LLAMA_2_7B, replace(FULL, processes=1, optimizer="adamw_torch_fused")).buffers < 5 * GIB


def test_several_replicas_hold_buckets():
    one, two = (estimate_memory(LLAMA_2_7B, replace(LORA, processes=n)) for n in (1, 2))
    assert two.buffers - one.buffers == 639_631_360
    assert two.total - one.total == 639_631_360


def test_flash_attention_needs_no_mask():
    """At 32,768 tokens the mask alone has a byte per pair, and two more in the layer at work."""
    sdpa, flash = (
        estimate_memory(LLAMA_2_7B, replace(LORA, max_length=32768, attention=a)) for a in ("sdpa", "flash_attention_2")
    )
    assert sdpa.activations - flash.activations == 3 * 32768**2


# What there is no estimate for


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"processes": 0}, "processes is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"method": "qlora"}, "nf4 weights go with qlora"),
        ({"weights": "nf4"}, "nf4 weights go with qlora"),
        ({"method": "qlora", "weights": "nf4", "shard": "full"}, "aren't sharded"),
        ({"optimizer": "lion_32bit"}, "no memory estimate for optimizer 'lion_32bit'"),
        ({"precision": "fp32"}, "use weights 'fp32' or precision 'bf16'"),
        ({"lora_targets": ("q_proj", "query")}, "no linear layer 'query'.*it has down_proj, gate_proj"),
    ],
)
def test_setups_that_do_not_hold(changes, message):
    with pytest.raises(ConfigError, match=message):
        estimate_memory(SMALL, replace(LORA, **changes))


def other(kind, **sizes):
    return getattr(transformers, f"{kind}Config")(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, **sizes
    )


@pytest.mark.parametrize(
    ("kind", "sizes", "message"),
    [
        ("Mixtral", {"intermediate_size": 64, "num_key_value_heads": 2}, "'mixtral': it is a mixture of experts"),
        ("Qwen3Moe", {"num_key_value_heads": 2, "num_experts": 4}, "'qwen3_moe': it is a mixture of experts"),
        ("GPTNeoX", {"intermediate_size": 64}, "'gpt_neox': its MLPs have no gate"),
        ("GPT2", {}, "'gpt2': its MLPs have no gate"),
        ("Qwen2", {"layer_types": ["linear_attention", "full_attention"]}, "'qwen2': it has layers of linear_attention"),
        ("T5", {"d_model": 32}, "'t5': Unrecognized configuration class"),
    ],
)
def test_models_of_another_kind(kind, sizes, message):
    with pytest.raises(ConfigError, match=message):
        estimate_memory(other(kind, **sizes), FULL)


# The shipped recipes


def total(recipe, model, processes, *changes):
    return estimate_memory(model, setup_of(read_config(recipe, changes), processes)).total / GIB


#: On the whole of which a run can't count: 5 % less than what is printed on the card.
def card(gigabytes):
    return 0.95 * gigabytes * 1e9 / GIB


@pytest.mark.parametrize("name", ["Llama-2-7B", "Llama-2-13B", "Qwen1.5-7B", "Qwen1.5-14B"])
def test_the_papers_recipe_needs_eight_gpus_of_80_gb_and_no_more(name):
    model, _ = PUBLISHED[name]
    assert total("paper", model, 1) > card(80) > total("paper", model, 8) > total("paper", model, 16)


def test_adapters_for_8b_fit_the_gpus_that_the_recipe_names():
    assert card(24) > total("lora-8b", QWEN3_8B, 1, "training.method=qlora")
    assert card(40) > total("lora-8b", QWEN3_8B, 1) > 16.4e9 / GIB  # two bytes for each of its 8.2e9 weights


def test_the_demo_needs_little():
    assert total("demo", config("Llama", 8192, 160, 448, 4, 5), 1) < 4


def test_every_recipe_is_looked_at():
    assert recipe_names() == ("demo", "lora-8b", "paper")


def test_describe():
    memory = Memory(GIB, 2 * GIB, 3 * GIB, GIB // 2, GIB // 4, 0, GIB, parameters=2000, trainable=1500)
    assert memory.total == 7.75 * GIB
    assert describe(memory) == [
        ("parameters", "2,000"),
        ("trainable", "1,500 (75.00 %)"),
        ("weights", "1.00 GiB"),
        ("gradients", "2.00 GiB"),
        ("optimizer", "3.00 GiB"),
        ("activations", "0.50 GiB"),
        ("logits", "0.25 GiB"),
        ("buffers", "0.00 GiB"),
        ("overhead", "1.00 GiB"),
        ("total", "7.75 GiB"),
    ]
