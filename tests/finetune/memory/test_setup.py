"""What a configuration says about memory, without a GPU to ask."""

import json
from dataclasses import replace

import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.config import FinetuneConfig
from sevenllm_bench.finetune.config_file import read_config
from sevenllm_bench.finetune.memory.setup import Setup, setup_of


def setup(processes=1, **sections):
    return setup_of(
        FinetuneConfig.model_validate({"output": "out", **sections, "model": {"base": "b", **sections.get("model", {})}}),
        processes,
    )


def test_the_papers_recipe():
    assert setup_of(read_config("paper"), 8) == Setup(
        method="full",
        precision="bf16",
        weights="fp32",
        shard="full",
        processes=8,
        max_length=4096,
        batch_size=1,
        gradient_checkpointing=True,
        optimizer="adamw_torch_fused",
        lora_dropout=0.05,
    )


def test_adapters_and_their_variant_in_4_bits():
    lora = setup_of(read_config("lora-8b"), 1)
    assert (lora.method, lora.weights, lora.shard, lora.lora_rank, lora.lora_dropout) == ("lora", "bf16", "none", 64, 0.05)
    qlora = setup_of(read_config("lora-8b", ["training.method=qlora"]), 1)
    assert qlora == replace(lora, method="qlora", weights="nf4")


@pytest.mark.parametrize(
    ("training", "weights", "expected"),
    [
        ({"method": "full"}, "auto", ("bf16", "fp32")),
        ({"method": "full"}, "bf16", ("bf16", "bf16")),
        ({"method": "lora"}, "auto", ("bf16", "bf16")),
        ({"method": "lora"}, "fp32", ("bf16", "fp32")),
        ({"method": "lora", "device": "cpu"}, "auto", ("fp32", "fp32")),
        ({"method": "lora", "precision": "fp32"}, "auto", ("fp32", "fp32")),
        ({"method": "full", "precision": "bf16", "device": "cpu"}, "auto", ("bf16", "fp32")),
        ({"method": "qlora"}, "auto", ("bf16", "nf4")),
    ],
)
def test_precision_and_weights(training, weights, expected):
    made = setup(training=training, model={"weights": weights})
    assert (made.precision, made.weights) == expected


def test_the_other_keys():
    made = setup(
        4,
        model={"attention": "kernels-community/flash-attn2"},
        data={"max_length": 512, "packing": False},
        training={"method": "lora", "batch_size": 3, "gradient_checkpointing": False, "optimizer": "adafactor"},
        lora={"rank": 8, "targets": ["q_proj", "v_proj"], "dropout": 0.0},
    )
    assert made == Setup(
        "lora", "bf16", "bf16", "none", 4, 512, 3, False, "adafactor", "flash_attention_2", False, 8, ("q_proj", "v_proj"), 0.0
    )


@pytest.mark.parametrize(
    ("content", "shard"),
    [
        ({"zero_optimization": {"stage": 3}}, "full"),
        ({"zero_optimization": {"stage": 2}}, "none"),
        ({"bf16": {"enabled": True}}, "none"),
    ],
)
def test_a_deepspeed_file_counts_by_its_stage(content, shard, tmp_path):
    file = tmp_path / "zero.json"
    file.write_text(json.dumps(content))
    assert setup(8, training={"deepspeed": str(file)}).shard == shard


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no DeepSpeed configuration"),
        ("[]", "no DeepSpeed configuration"),
        ('{"zero_optimization": 3}', "no DeepSpeed configuration"),
        ('{"zero_optimization": {"stage": "three"}}', "stage is 'three'"),
        ('{"zero_optimization": {"stage": 4}}', "stage is 4"),
    ],
)
def test_a_broken_deepspeed_file(text, message, tmp_path):
    file = tmp_path / "zero.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        setup(8, training={"deepspeed": str(file)})


def test_a_missing_deepspeed_file(tmp_path):
    with pytest.raises(ConfigError, match="can't be read"):
        setup(8, training={"deepspeed": str(tmp_path / "none.json")})


def test_an_attention_kernel_that_is_not_known_here():
    with pytest.raises(ConfigError, match=r"no memory estimate for model\.attention=eager"):
        setup(model={"attention": "eager"})
