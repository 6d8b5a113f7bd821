"""Attention kernels on tiny models of many architectures: the losses of plain transformers, or a refusal."""

import re
from itertools import chain
from pathlib import Path

import pytest
import torch
from tiny_architectures import ARCHITECTURES, VOCABULARY, WINDOW, tiny
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.kernels.kernel_check import check_attention
from sevenllm_bench.finetune.kernels.packed_attention import PACKED_SDPA, packed_sdpa, register

IDS = torch.randint(3, VOCABULARY, (90,), generator=torch.Generator().manual_seed(1)).tolist()
TEXTS = (IDS[:64], IDS[-16:])

#: The kernel for packed examples where it is not `packed_sdpa`, and for padded ones where it is not `sdpa`; None: refused.
PACKED = {
    **dict.fromkeys(["StableLM", "Nemotron"], "sdpa"),
    **dict.fromkeys(["Gemma 2", "GPT-Neo, window", "GPT-J", "CodeGen"], "eager"),
    **dict.fromkeys(["OPT", "BioGPT"], PACKED_SDPA),
    **dict.fromkeys(["Falcon", "Falcon, ALiBi", "BLOOM", "MPT", "XGLM", "GPT-OSS"]),
    **dict.fromkeys(["Mamba", "Mamba-2", "Falcon-Mamba", "RWKV"]),
    **dict.fromkeys(["Jamba", "Bamba", "Zamba 2", "Falcon-H1", "Granite 4", "LFM2", "Qwen3-Next", "Qwen3.5"]),
    **dict.fromkeys(["MiniMax", "Nemotron-H"]),
}
PADDED = {
    **dict.fromkeys(["Gemma 2", "GPT-Neo, window", "GPT-J", "CodeGen", "BLOOM", "MPT", "XGLM", "GPT-OSS"], "eager"),
    **dict.fromkeys(["Mamba", "Mamba-2", "Falcon-Mamba", "RWKV"], "eager"),
}
#: TRL's LM head computes another loss than they do (it leaves out a cap on the logits), or fails.
NO_LOSS = {
    "RecurrentGemma": r"the trainer's losses differ from the model's own by 0\.00\d+ nats",
    "xLSTM": r"the trainer's losses differ from the model's own by 0\.\d+ nats",
    "Llama 4": "last_hidden_state",
}
#: Transformers itself refuses packed examples for them, without the packages mamba-ssm and causal-conv1d.
NEEDS_KERNELS = {"Bamba", "Zamba 2", "Falcon-H1", "Granite 4", "LFM2", "Qwen3-Next", "Qwen3.5", "Nemotron-H"}
WINDOWED = [name for name, (_, own) in ARCHITECTURES.items() if WINDOW in own.values()]


def log_probs(logits, ids):
    return logits[:-1].log_softmax(-1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0]


def nats_apart(model, kernel, packed):
    """Largest mean difference of an example's losses, its own forward pass against eager alone; no code of ours."""
    examples = [IDS[50:60], IDS[:64], IDS[20:70]]
    model.set_attn_implementation("eager")
    with torch.no_grad():
        alone = [log_probs(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0], ids) for ids in examples]
        model.set_attn_implementation(kernel)
        collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=packed)
        given = [{"input_ids": ids} for ids in examples]
        if packed:
            given = [{"input_ids": list(chain(*examples)), "seq_lengths": [len(ids) for ids in examples]}]
        logits = model(**{name: value for name, value in collate(given).items() if name != "labels"}, use_cache=False).logits
    parts = (
        logits[0].split([len(ids) for ids in examples]) if packed else [logits[n, : len(ids)] for n, ids in enumerate(examples)]
    )
    together = [log_probs(part, ids) for part, ids in zip(parts, examples, strict=True)]
    return max(float((own - right).abs().mean()) for own, right in zip(together, alone, strict=True))


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in NO_LOSS])
def test_the_kernel_gives_the_losses_of_plain_transformers_or_packing_is_refused(name):
    model = tiny(name)
    chosen = model.config._attn_implementation
    packed = check_attention(model, TEXTS, tuple(dict.fromkeys((PACKED_SDPA, chosen, "eager"))), packed=True, window=WINDOW)
    padded = check_attention(model, TEXTS, tuple(dict.fromkeys((chosen, "eager"))), packed=False, window=WINDOW)
    assert packed.kernel == PACKED.get(name, PACKED_SDPA)
    assert padded.kernel == PADDED.get(name, "sdpa")
    assert packed.tolerance == padded.tolerance == 1e-4
    for check in (packed, padded):
        if check.kernel is not None:
            assert nats_apart(model, check.kernel, check.packed) <= 1e-4


@pytest.mark.parametrize("name", [name for name, kernel in PACKED.items() if kernel is None])
def test_what_is_refused_does_mix_packed_examples_or_fails_on_them(name):
    model = tiny(name)
    chosen = model.config._attn_implementation
    if name in NEEDS_KERNELS:
        with pytest.raises(ValueError, match="can't keep packed sequences apart"):
            nats_apart(model, chosen, packed=True)
    else:
        assert nats_apart(model, chosen, packed=True) > 1e-2


@pytest.fixture(scope="module")
def faulty_kernels():
    """What the kernels of this package did once, or might do: no window; no separation."""
    register()

    def without_windows(module, query, key, value, attention_mask, cu_seq_lens_q=None, **arguments):
        return packed_sdpa(module, query, key, value, None, cu_seq_lens_q, **arguments)

    def together(module, query, key, value, attention_mask, **arguments):
        return sdpa_attention_forward(module, query, key, value, None, **arguments)

    for name, kernel in {"without_windows": without_windows, "together": together}.items():
        AttentionInterface.register(name, kernel)
        AttentionMaskInterface.register(name, lambda *_, **__: None)


@pytest.mark.parametrize(
    "name", [name for name in WINDOWED if PACKED.get(name, PACKED_SDPA) == PACKED_SDPA and name not in NO_LOSS]
)
@pytest.mark.parametrize("packed", [True, False])
def test_a_kernel_that_drops_the_window_is_found(name, packed, faulty_kernels):
    checked = check_attention(tiny(name), TEXTS, ("without_windows",), packed, WINDOW)
    assert checked.kernel is None
    assert checked.tried[0].long.mean > 1e-3


def test_a_kernel_that_does_not_keep_packed_examples_apart_is_found(faulty_kernels):
    checked = check_attention(tiny("Llama"), TEXTS, ("together", "eager"), packed=True, window=None)
    assert checked.kernel == "eager"
    assert checked.tried[0].together.mean > 1e-2
    assert checked.tried[0].long.mean < 1e-6


def test_bf16_is_told_apart_from_a_fault(faulty_kernels):
    model = tiny("Gemma 3").bfloat16()
    sound = check_attention(model, TEXTS, (PACKED_SDPA,), packed=True, window=WINDOW)
    assert sound.kernel == PACKED_SDPA
    assert sound.precision == "bf16"
    assert 0.02 <= sound.tolerance <= 0.5
    for kernel in ("without_windows", "together"):
        assert check_attention(model, TEXTS, (kernel,), packed=True, window=WINDOW).kernel is None


@pytest.mark.parametrize(("name", "reason"), NO_LOSS.items())
@pytest.mark.parametrize("packed", [True, False])
def test_an_architecture_whose_loss_the_trainer_does_not_compute_is_refused(name, reason, packed):
    with pytest.raises(ConfigError, match=reason) as raised:
        check_attention(tiny(name), TEXTS, ("sdpa",), packed, window=WINDOW)
    assert "\n" not in str(raised.value)


def test_a_text_beyond_the_models_positions_is_an_error_in_one_line():
    with pytest.raises(ConfigError, match="the model fails on a text of 600 tokens"):
        check_attention(tiny("GPT-2"), (IDS * 6 + IDS[:60], IDS[:16]), ("sdpa",), packed=True, window=None)


def test_nothing_of_the_model_changes():
    model = tiny("Gemma 3")
    model.train()
    model.model.layers[0].eval()
    model.config.use_cache = True
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()} | dict(model.named_buffers())
    modes, config, random = [module.training for module in model.modules()], model.config.to_json_string(), torch.get_rng_state()
    check_attention(model, TEXTS, (PACKED_SDPA, "eager"), packed=True, window=WINDOW)
    assert [module.training for module in model.modules()] == modes
    assert model.config.to_json_string() == config
    assert model.config._attn_implementation == "sdpa"
    assert torch.equal(torch.get_rng_state(), random)
    assert "forward" not in model.__dict__
    after = model.state_dict() | dict(model.named_buffers())
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_the_table_of_the_documentation_is_that_of_these_tests():
    text = (Path(__file__).parents[2] / "docs" / "finetuning.md").read_text(encoding="utf-8")
    rows = [
        line.strip("| ").split(" | ")
        for line in text.splitlines()
        if re.search(r"\| (`\w+`|refused) \| (`\w+`|refused) \|$", line)
    ]
    said = {name.strip(): (packed, padded) for names, packed, padded in rows for name in re.split("[,:;(]", names)}
    for name in ARCHITECTURES:
        packed = None if name in NO_LOSS else PACKED.get(name, PACKED_SDPA)
        padded = None if name in NO_LOSS else PADDED.get(name, "sdpa")
        given = tuple(f"`{kernel}`" if kernel else "refused" for kernel in (packed, padded))
        assert (name, said.get(name.partition(",")[0])) == (name, given)
