"""Min-K%++ (Zhang et al., arXiv 2404.02936): how high a text's least likely tokens are among all tokens of the vocabulary."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

#: The share of the tokens that count. The paper tries 10 to 100 %, and reports 20 % as a setting that holds over models.
SHARE = 0.2
#: Positions whose distribution over the vocabulary is held in memory at once.
_POSITIONS = 128
#: With less spread over the vocabulary, a distribution is uniform up to rounding: no token is above another.
_LEAST_SPREAD = 1e-3


def min_k_plus_plus(logits: Tensor, tokens: Tensor, share: float = SHARE) -> float:
    """The mean of the lowest standardised log-probabilities.

    For each token: (log p(token) - mean) / standard deviation, both of log p over the vocabulary under p.

    Args:
        logits: Positions x vocabulary; row i predicts token i.
        tokens: The tokens that came.
        share: Share of the tokens that count, in (0, 1]; at least one counts.

    Returns:
        Higher for texts that a model has seen; not finite where a logit is no number or the model rules a token out.
    """
    import torch

    if not len(tokens):
        return math.nan
    starts = range(0, len(tokens), _POSITIONS)
    scores = torch.cat([_standardised(logits[at : at + _POSITIONS], tokens[at : at + _POSITIONS]) for at in starts])
    if bool(torch.isnan(scores).any()):
        return math.nan
    return float(torch.sort(scores).values[: max(1, int(len(scores) * share))].mean())


def _standardised(logits: Tensor, tokens: Tensor) -> Tensor:
    import torch

    log_p = torch.log_softmax(logits.float(), dim=-1)
    p = log_p.exp()
    weighed = torch.where(p > 0, log_p, torch.zeros_like(log_p))  # a token that is ruled out has no share in the mean
    mean = (p * weighed).sum(-1)
    spread = (p * (weighed - mean[:, None]) ** 2).sum(-1).sqrt()
    distance = log_p.gather(1, tokens[:, None]).squeeze(1) - mean
    return torch.where(spread < _LEAST_SPREAD, torch.zeros_like(distance) * distance, distance / spread)
