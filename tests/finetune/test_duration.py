"""Time and host memory of a run: arithmetic by hand."""

import pytest

from sevenllm_bench.finetune.estimates.duration import Duration, attended_tokens, measured_rate, operations_per_token, rate_of
from sevenllm_bench.finetune.estimates.host_memory import host_memory
from sevenllm_bench.finetune.estimates.memory import GIB, estimate_memory, meta_model
from sevenllm_bench.finetune.settings.config_file import read_config

transformers = pytest.importorskip("transformers")

from memory_table import MODELS, config  # noqa: E402  (needs transformers)

LLAMA = MODELS["Llama-2-7B"]
#: 32 layers of 4 x 4,096 x 4,096 and 3 x 4,096 x 11,008, and the LM head of 32,000 x 4,096; embeddings are no product.
PRODUCTS = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11_008) + 32_000 * 4096
ADAPTERS = 159_907_840  # of rank 64 on every linear layer, as in test_memory
#: 4 x 512 tokens x 4,096 values in 32 layers.
ATTENTION = 4 * 512 * 4096 * 32


def per_token(model, *words):
    run = read_config(words[0], ["model.base=x", "output=x", *words[1:]])
    return operations_per_token(meta_model(model), estimate_memory(model, run, 1), run, 512)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("paper", "training.gradient_checkpointing=false"), 6 * PRODUCTS + 3 * ATTENTION),
        (("paper",), 8 * PRODUCTS + 4 * ATTENTION),
        (("lora-8b", "training.gradient_checkpointing=false"), 4 * PRODUCTS + 6 * ADAPTERS + 3 * ATTENTION),
        (("lora-8b",), 6 * PRODUCTS + 8 * ADAPTERS + 4 * ATTENTION),
    ],
    ids=["all weights", "recomputed", "adapters", "adapters, recomputed"],
)
def test_operations_of_a_token(words, expected):
    assert per_token(LLAMA, *words) == expected


def test_experts_count_that_a_token_goes_to():
    """2 of 8 experts of 3 x 64 x 32 in each of 2 layers, attention of 4 x 64 x 64, an LM head of 128 x 64; no routers."""
    model = config("Mixtral", 128, 64, 32, 2, 4, num_local_experts=8, num_experts_per_tok=2)
    run = read_config("paper", ["model.base=x", "output=x"])
    found = operations_per_token(meta_model(model), estimate_memory(model, run, 1), run, 0)
    assert found == 8 * (2 * (2 * 3 * 64 * 32 + 4 * 64 * 64) + 128 * 64)


def test_tokens_that_one_attends_to():
    """Of 100 and 300 tokens each attends to half of its example's; under a mask, all of the sequence's are computed."""
    packed = read_config("paper", ["model.base=x", "output=x"])
    assert attended_tokens([100, 300], packed, masked=False) == (100 * 100 + 300 * 300) / 400 / 2
    assert attended_tokens([100, 300], packed, masked=True) == 4096
    assert attended_tokens([], packed, masked=False) == 0


def test_time_of_a_run():
    """8 H100 at 35 % of 989 TFLOPS: 2,769 TFLOPS; 100 million tokens of 55 GFLOPs take 1,986 seconds."""
    rate, said = rate_of("h100", 8)
    assert said == "8 x H100, 35% of 989 TFLOPS each"
    assert rate == pytest.approx(2769.2e12)
    duration = Duration(100e6, 55e9, rate, said)
    assert duration.seconds == pytest.approx(1986, abs=1)
    assert duration.tokens_per_second == pytest.approx(50_349, abs=1)


def test_a_measured_rate_is_one_that_a_cpu_can_have():
    rate, said = measured_rate("cpu", "fp32", 4)
    assert 1e8 < rate < 1e14
    assert said.startswith("50% of ")


def host(model, *words, processes):
    run = read_config(words[0], ["model.base=x", "output=x", *words[1:]])
    return host_memory(model, run, estimate_memory(model, run, processes), 1_000_000, processes)


def test_sharded_weights_are_held_once_on_a_machine():
    """6,738,415,616 parameters: 4 bytes as loaded, 8 as their moments are gathered; the rows 8 bytes a token."""
    found = host(LLAMA, "paper", processes=16)
    assert found.main == 2 * GIB + 8 * 6_738_415_616 + 8_000_000
    assert (found.other, found.processes) == (2 * GIB, 8)
    assert found.total == found.main + 7 * 2 * GIB


def test_replicas_load_everything_each():
    found = host(LLAMA, "paper", "training.sharding=none", processes=8)
    assert (found.main, found.other) == (2 * GIB + 4 * 6_738_415_616 + 8_000_000, 2 * GIB + 4 * 6_738_415_616)
    assert host(LLAMA, "lora-8b", processes=1).total == 2 * GIB + 2 * 6_738_415_616 + 8_000_000
    assert [row[0] for row in host(LLAMA, "lora-8b", processes=1).table()] == ["the main process"]
