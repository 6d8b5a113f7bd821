"""What a probe asks of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class ProbedModel(Protocol):
    """A model under test. Whatever it answers is data: a value that is not finite is left out and counted.

    Attributes:
        identity: What identifies it, as JSON values without secrets.
        window: Its context window in tokens; None where that is not known.
        has_logits: Whether `token_scores` works.
        has_log_likelihoods: Whether `log_likelihoods` works.
        truncated: Texts cut so far because they are longer than the window.
    """

    identity: dict[str, Any]
    window: int | None
    has_logits: bool
    has_log_likelihoods: bool
    truncated: int

    def token_scores(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Min-K%++ of the second text of each pair after the first, which may be empty; NaN where there is none."""
        ...

    def log_likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Log-likelihood (natural logarithm) of the second text of each pair after the first; NaN where there is none."""
        ...

    def completions(self, prompts: Sequence[tuple[str, str]], max_tokens: int) -> list[str]:
        """What the model writes after each prompt.

        Args:
            prompts: An instruction, for models with a chat template, and the text to go on from.
            max_tokens: Most tokens of an answer.
        """
        ...
