"""Which processes hold weights before they are sharded; `test_run` trains so, and gets the weights of one process."""

import subprocess
import sys
from pathlib import Path

import finetune_runs
import psutil
import pytest

from sevenllm_bench.finetune.base.model import load_config
from sevenllm_bench.finetune.base.sharded_loading import is_loaded_once, load_share
from sevenllm_bench.finetune.runtime import planned
from sevenllm_bench.finetune.settings.config_file import read_config

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """10.5 million parameters in bf16, with tied embeddings."""
    folder = finetune_runs.make_base(tmp_path_factory.mktemp("base") / "model", hidden=512, layers=4, dtype="bfloat16")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    model.config.tie_word_embeddings = True
    model.tie_weights()
    model.save_pretrained(folder)
    return folder


def loaded(base, rank, monkeypatch, *changes):
    """The model as one of two processes loads it."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", str(rank))
    config = read_config("paper", [f"model.base={base}", "output=out", "model.attention=sdpa", *changes])
    return load_share(config, load_config(config.model), planned(config))


def memory_of(base, rank):
    """By how many bytes the memory of a process grows that loads the model: a new one, which has none to use again."""
    command = [
        sys.executable,
        "-c",
        "import sys, test_sharded_loading as t; print(t.growth(*sys.argv[1:]))",
        str(base),
        str(rank),
    ]
    fixed = {"WORLD_SIZE": "2", "RANK": str(rank), "PYTHONPATH": f"{Path(__file__).parents[2]}:{Path(__file__).parent}"}
    environment = {**finetune_runs.environment(), **fixed}
    return int(subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout.split()[-1])


def growth(base, rank):
    _ = loaded(base, 1, pytest.MonkeyPatch())  # for what the libraries need themselves
    before = psutil.Process().memory_info().rss
    kept = loaded(base, rank, pytest.MonkeyPatch())
    return psutil.Process().memory_info().rss - before if kept is not None else 0


def test_the_main_process_alone_holds_the_weights(base, monkeypatch):
    main, other = loaded(base, 0, monkeypatch), loaded(base, 1, monkeypatch)
    size = sum(parameter.nbytes for parameter in main.parameters())
    assert memory_of(base, 0) > 0.8 * size > 30_000_000
    assert memory_of(base, 1) < 0.1 * size
    found, expected = dict(other.named_parameters()), dict(main.named_parameters())
    assert [(name, value.shape, value.dtype) for name, value in found.items()] == [
        (name, value.shape, value.dtype) for name, value in expected.items()
    ]
    assert len({value.data_ptr() for value in found.values()}) == len(found), "accelerate tells them apart by address"
    assert other.lm_head.weight is other.model.embed_tokens.weight
    buffers = dict(other.named_buffers())
    assert buffers
    assert all(torch.equal(value, buffers[name]) for name, value in main.named_buffers())


def test_without_sharding_every_process_holds_them(base, monkeypatch):
    model = loaded(base, 1, monkeypatch, "training.sharding=none")
    written = finetune_runs.weights(base)
    assert all(torch.equal(parameter, written[name].float()) for name, parameter in model.named_parameters() if name in written)
    assert len(written) > 20


SIZES = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
#: Whether accelerate can hand out their weights: buffers that are saved with them, it doesn't broadcast.
KINDS = {
    "Llama": ({}, True),
    "Qwen3Moe": ({"num_experts": 4, "num_experts_per_tok": 2}, True),
    "Gemma3Text": ({"head_dim": 8}, True),
    "Gemma4Text": ({}, False),
    "Glm4Moe": ({"n_routed_experts": 4, "num_experts_per_tok": 2, "first_k_dense_replace": 0}, False),
}


@pytest.mark.parametrize("kind", KINDS)
def test_which_architectures_are_handed_out(kind):
    further, expected = KINDS[kind]
    model = getattr(transformers, f"{kind}Config")(**SIZES, **further)
    assert is_loaded_once(read_config("paper", ["model.base=x", "output=out"]), model) is expected
