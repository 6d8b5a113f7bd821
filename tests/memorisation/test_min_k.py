"""Min-K%++ against arithmetic by hand, and distributions that are none."""

import math

import pytest

torch = pytest.importorskip("torch")

from sevenllm_bench.memorisation.min_k import min_k_plus_plus  # noqa: E402


def test_two_tokens_by_hand():
    # p = (0.75, 0.25): mean of log p = 0.75 ln 0.75 + 0.25 ln 0.25; spread = sqrt(0.75 * 0.25) * ln 3.
    logits = torch.tensor([[0.75, 0.25], [0.75, 0.25]]).log()
    mean, spread = 0.75 * math.log(0.75) + 0.25 * math.log(0.25), math.sqrt(0.1875) * math.log(3)
    likely, unlikely = (math.log(0.75) - mean) / spread, (math.log(0.25) - mean) / spread
    assert min_k_plus_plus(logits, torch.tensor([0, 1]), share=1.0) == pytest.approx((likely + unlikely) / 2, rel=1e-5)
    assert min_k_plus_plus(logits, torch.tensor([0, 1]), share=0.5) == pytest.approx(unlikely, rel=1e-5)
    assert (likely, unlikely) == pytest.approx((3**-0.5, -(3**0.5)))  # a two-point distribution, standardised


def test_long_texts_are_computed_in_pieces_with_the_same_result():
    logits, tokens = torch.randn(300, 11, generator=torch.Generator().manual_seed(0)), torch.arange(300) % 11
    log_p = torch.log_softmax(logits.double(), -1)
    mean = (log_p.exp() * log_p).sum(-1)
    spread = ((log_p.exp() * log_p**2).sum(-1) - mean**2).sqrt()  # the formula of the paper's own scripts
    scores = (log_p.gather(1, tokens[:, None])[:, 0] - mean) / spread
    assert min_k_plus_plus(logits, tokens) == pytest.approx(float(scores.sort().values[:60].mean()), rel=1e-4)


def test_uniform_distributions_say_nothing():
    assert min_k_plus_plus(torch.full((5, 7), 3.0), torch.tensor([0, 1, 2, 3, 4])) == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_is_not_finite(bad):
    logits = torch.zeros(4, 5)
    logits[1, 2] = bad
    assert not math.isfinite(min_k_plus_plus(logits, torch.tensor([0, 1, 2, 3])))


def test_tokens_ruled_out_by_the_model():
    logits = torch.tensor([[0.0, 1.0, -math.inf]])
    assert math.isfinite(min_k_plus_plus(logits, torch.tensor([0])))
    assert not math.isfinite(min_k_plus_plus(logits, torch.tensor([2])))
    assert math.isnan(min_k_plus_plus(torch.zeros(0, 3), torch.tensor([], dtype=torch.long)))
