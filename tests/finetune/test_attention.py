"""Packed attention against each example alone, and against SDPA with a mask of tokens by tokens."""

import pytest
import torch
from tiny_architectures import VOCABULARY, WINDOW, tiny
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from sevenllm_bench.finetune.kernels.packed_attention import PACKED_SDPA, packed_mask, register

#: One of one token, and some longer than the window.
SIZES = (7, 1, WINDOW + 13, 5, WINDOW + 1)
KINDS = ["Llama", "Mistral, window", "Gemma 3", "Qwen3-MoE"]


def model(name, kernel):
    register()
    made = tiny(name)
    made.set_attn_implementation(kernel)
    return made


@pytest.fixture
def packed():
    ids = torch.randint(3, VOCABULARY, (sum(SIZES),), generator=torch.Generator().manual_seed(1)).tolist()
    collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    return collate([{"input_ids": ids, "labels": ids, "seq_lengths": list(SIZES)}])


def gradients(made):
    return torch.cat([parameter.grad.flatten() for parameter in made.parameters() if parameter.grad is not None])


def logits_and_gradients(made, batch):
    logits = made(**{name: value for name, value in batch.items() if name != "labels"}, use_cache=False).logits
    logits.logsumexp(-1).sum().backward()
    return logits.detach(), gradients(made)


def assert_near(given, expected):
    """Up to rounding in fp32: gradients are sums over all tokens."""
    for ours, theirs in zip(given, expected, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5 * float(theirs.abs().max()))


@pytest.mark.parametrize("name", KINDS)
def test_each_example_is_attended_to_alone(name, packed):
    alone = model(name, "eager")
    parts = [alone(input_ids=ids, use_cache=False).logits for ids in packed["input_ids"].split(SIZES, dim=1)]
    torch.cat(parts, dim=1).logsumexp(-1).sum().backward()
    expected = torch.cat(parts, dim=1).detach(), gradients(alone)
    assert_near(logits_and_gradients(model(name, PACKED_SDPA), packed), expected)


@pytest.mark.parametrize("name", KINDS)
def test_it_is_what_sdpa_gives_with_a_mask(name, packed):
    ours, theirs = (logits_and_gradients(model(name, kernel), packed) for kernel in (PACKED_SDPA, "sdpa"))
    assert_near(ours, theirs)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_padded_batches_and_generation_are_those_of_plain_attention(name, side):
    lengths, longest = (WINDOW // 2, WINDOW + 14), WINDOW + 14
    ids = torch.randint(3, VOCABULARY, (2, longest), generator=torch.Generator().manual_seed(2))
    places = torch.arange(longest) if side == "right" else torch.arange(longest).flip(0)
    mask = (places < torch.tensor(lengths)[:, None]).long()
    ours, theirs = (model(name, kernel) for kernel in (PACKED_SDPA, "eager"))
    with torch.no_grad():
        given, expected = (made(input_ids=ids, attention_mask=mask).logits[mask.bool()] for made in (ours, theirs))
    assert torch.allclose(given, expected, rtol=1e-4, atol=1e-4)
    if side == "left":  # with a cache that outgrows the window
        settings = {"max_new_tokens": WINDOW, "do_sample": False, "eos_token_id": None, "output_logits": True}
        said, right = (
            made.generate(input_ids=ids, attention_mask=mask, return_dict_in_generate=True, **settings) for made in (ours, theirs)
        )
        assert torch.equal(said.sequences, right.sequences)
        assert torch.allclose(torch.stack(said.logits), torch.stack(right.logits), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", KINDS)
def test_a_text_in_pieces_over_a_cache_is_that_text(name):
    """As when a long prompt is read in pieces: queries that are fewer than the keys."""
    ids = torch.randint(3, VOCABULARY, (1, 2 * WINDOW), generator=torch.Generator().manual_seed(3))
    ours, theirs = model(name, PACKED_SDPA), model(name, "eager")
    with torch.no_grad():
        first = ours(input_ids=ids[:, :WINDOW], use_cache=True)
        second = ours(input_ids=ids[:, WINDOW:], past_key_values=first.past_key_values, use_cache=True)
        expected = theirs(input_ids=ids, use_cache=False).logits
    assert torch.allclose(torch.cat([first.logits, second.logits], dim=1), expected, rtol=1e-4, atol=1e-4)


def test_a_mask_is_made_only_where_it_says_something():
    assert packed_mask(1, 9, 9) is None
    assert packed_mask(1, 9, 9, local_size=9) is None
    seen = packed_mask(1, 3, 9, 6)  # three queries at the end of nine keys
    assert seen[0, 0].tolist() == [[key <= query for key in range(9)] for query in (6, 7, 8)]


def test_what_sdpa_would_leave_out_is_refused():
    """Attention sinks: scores that no token has."""
    from sevenllm_bench.finetune.kernels.packed_attention import packed_sdpa

    part = torch.zeros(1, 2, 3, 4)
    with pytest.raises(ValueError, match="packed_sdpa has no s_aux"):
        packed_sdpa(torch.nn.Module(), part, part, part, None, s_aux=torch.zeros(2))
