"""Packed attention against each example alone, and against SDPA with a mask of tokens by tokens."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from sevenllm_bench.finetune.attention import PACKED_SDPA, register

SIZES = (7, 1, 12, 5)


def model(kernel):
    register()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
    )
    made = LlamaForCausalLM(config)
    made.set_attn_implementation(kernel)
    return made


@pytest.fixture
def packed():
    ids = torch.randint(0, 64, (sum(SIZES),), generator=torch.Generator().manual_seed(1)).tolist()
    collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    return collate([{"input_ids": ids, "labels": ids, "seq_lengths": list(SIZES)}])


def logits_and_gradient(made, batch):
    logits = made(**{name: value for name, value in batch.items() if name != "labels"}, use_cache=False).logits
    logits.logsumexp(-1).sum().backward()
    return logits.detach(), made.model.layers[0].self_attn.k_proj.weight.grad


def test_each_example_is_attended_to_alone(packed):
    logits, gradient = logits_and_gradient(model(PACKED_SDPA), packed)
    alone = model("eager")
    parts = [alone(input_ids=ids, use_cache=False).logits for ids in packed["input_ids"].split(SIZES, dim=1)]
    torch.cat(parts, dim=1).logsumexp(-1).sum().backward()
    assert torch.allclose(logits, torch.cat(parts, dim=1), atol=1e-5)
    assert torch.allclose(gradient, alone.model.layers[0].self_attn.k_proj.weight.grad, atol=1e-4)


def test_it_is_what_sdpa_gives_with_a_mask(packed):
    ours, theirs = (logits_and_gradient(model(kernel), packed) for kernel in (PACKED_SDPA, "sdpa"))
    assert torch.allclose(ours[0], theirs[0], atol=1e-5)
    assert torch.allclose(ours[1], theirs[1], atol=1e-4)


def test_padded_batches_and_generation_are_those_of_sdpa():
    ids = torch.tensor([[0, 0, 0, 5, 6], [1, 2, 3, 4, 5]])
    mask = (torch.arange(5) >= torch.tensor([[3], [0]])).long()
    ours, theirs = (model(kernel).eval() for kernel in (PACKED_SDPA, "sdpa"))
    with torch.no_grad():
        given = ours(input_ids=ids, attention_mask=mask).logits[mask.bool()]
        assert torch.allclose(given, theirs(input_ids=ids, attention_mask=mask).logits[mask.bool()], atol=1e-5)
    said = [made.generate(input_ids=ids, attention_mask=mask, max_new_tokens=6, do_sample=False) for made in (ours, theirs)]
    assert torch.equal(*said)
