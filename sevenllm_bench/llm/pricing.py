"""What judge models cost: a small table of list prices, which an override beats."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass

from sevenllm_bench.errors import ConfigError

PRICE_VARIABLE = "SEVENLLM_JUDGE_PRICE"


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens.

    Attributes:
        input: For tokens of the prompt.
        output: For tokens of the reply.
    """

    input: float
    output: float

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """US dollars for so many tokens."""
        return (tokens_in * self.input + tokens_out * self.output) / 1_000_000


#: List prices without discounts as litellm 1.109.1 gave them in November 2026 (model_prices_and_context_window.json).
_LIST = {
    "claude-haiku-4-5": Price(1.00, 5.00),
    "claude-opus-4-5": Price(5.00, 25.00),
    "claude-sonnet-4-5": Price(3.00, 15.00),
    "deepseek-chat": Price(0.28, 0.42),
    "gemini-2.5-flash": Price(0.30, 2.50),
    "gemini-2.5-pro": Price(1.25, 10.00),
    "gpt-4-turbo": Price(10.00, 30.00),
    "gpt-4.1": Price(2.00, 8.00),
    "gpt-4.1-mini": Price(0.40, 1.60),
    "gpt-4.1-nano": Price(0.10, 0.40),
    "gpt-4o": Price(2.50, 10.00),
    "gpt-4o-mini": Price(0.15, 0.60),
    "gpt-5": Price(1.25, 10.00),
    "gpt-5-mini": Price(0.25, 2.00),
    "gpt-5-nano": Price(0.05, 0.40),
    "gpt-5.4": Price(2.50, 15.00),
    "gpt-5.4-mini": Price(0.75, 4.50),
    "gpt-5.4-nano": Price(0.20, 1.25),
    "o3": Price(2.00, 8.00),
    "o4-mini": Price(1.10, 4.40),
}
#: Before the name with aggregators ("openai/gpt-4o"), and after it in dated snapshots ("gpt-4o-2024-11-20").
_VENDOR = re.compile(r"^(?:anthropic|deepseek|gemini|google|openai)/")
#: gpt-4o's first snapshot cost twice as much as the model does now; it stays unknown rather than wrong.
_OTHERWISE_PRICED = {"gpt-4o-2024-05-13"}
_SNAPSHOT = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8})$")


def price_of(model: str, override: str | None = None) -> Price | None:
    """The price of a model.

    Args:
        model: Its name, with or without the vendor before and the date of a snapshot behind.
        override: "IN/OUT" in US dollars per million tokens, such as "0.15/0.6"; default: `$SEVENLLM_JUDGE_PRICE`.

    Returns:
        The override where there is one, else the list price, else None (unknown, as for local models).

    Raises:
        ConfigError: The override is no pair of amounts.
    """
    given = override or os.environ.get(PRICE_VARIABLE)
    if given:
        return _read(given)
    name = _VENDOR.sub("", model)
    return None if name in _OTHERWISE_PRICED else _LIST.get(_SNAPSHOT.sub("", name))


def _read(given: str) -> Price:
    try:
        amounts = [float(part) for part in given.split("/")]
    except ValueError:
        amounts = []
    if len(amounts) != 2 or not all(math.isfinite(amount) and amount >= 0 for amount in amounts):
        raise ConfigError(f'price {given!r:.60}: expected "IN/OUT" in USD per million tokens, such as {PRICE_VARIABLE}=0.15/0.6')
    return Price(*amounts)
