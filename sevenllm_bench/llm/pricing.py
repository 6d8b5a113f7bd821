"""What calls cost at the price that the user gives, and a limit to it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.types import Request

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


def given_price(override: str | None = None) -> Price | None:
    """The price of the model, as the user gives it: providers change theirs too often for a list to be right.

    Args:
        override: "IN/OUT" in US dollars per million tokens, such as "0.15/0.6"; default: `$SEVENLLM_JUDGE_PRICE`.

    Returns:
        The price, or None where none is given.

    Raises:
        ConfigError: It is no pair of amounts.
    """
    given = override or os.environ.get(PRICE_VARIABLE)
    return _read(given) if given else None


def _read(given: str) -> Price:
    try:
        amounts = [float(part) for part in given.split("/")]
    except ValueError:
        amounts = []
    if len(amounts) != 2 or not all(math.isfinite(amount) and amount >= 0 for amount in amounts):
        raise ConfigError(f'price {given!r:.60}: expected "IN/OUT" in USD per million tokens, such as {PRICE_VARIABLE}=0.15/0.6')
    return Price(*amounts)


class Budget:
    """What is spent, and what the calls in flight may come to, in US dollars.

    The limit can be passed only by as much as the tokens of prompts are underestimated (see `count_tokens`), and only
    for the calls in flight: afterwards the server's own counts stand. This one holds for one process and one run;
    `llm.shared_budget.SharedBudget` has the same methods and holds for many.
    """

    def __init__(self, limit: float | None, price: Price | None) -> None:
        """Begin with nothing spent; no `limit` allows everything, no `price` counts nothing."""
        self.limit = limit
        self.reached = False
        self._price = price
        self._spent = 0.0
        self._reserved = 0.0

    def worst(self, request: Request) -> float:
        """The most that one call for `request` costs; 0 without a price."""
        return self._price.cost(request.tokens_in, request.most_tokens_out) if self._price else 0.0

    def reserve(self, usd: float) -> bool:
        """Set `usd` aside for a call about to start, if it stays within the limit whatever the calls in flight cost."""
        # The margin forgives rounding: ten calls at a tenth of the budget each are within it.
        if self.limit is not None and self._spent + self._reserved + usd > self.limit * (1 + 1e-9):
            return False
        self._reserved += usd
        return True

    def settle(self, reserved: float, spent: float, unknown: float = 0.0, tokens: tuple[int, int] = (0, 0)) -> None:
        """Replace what was set aside for a call by what it did cost.

        Args:
            reserved: What was set aside.
            spent: The cost of its tokens.
            unknown: The most that it may have cost, where that is unknown; it counts as spent.
            tokens: Tokens of the prompt and of the reply, for budgets that keep an account.
        """
        self._reserved -= reserved
        self._spent += spent + unknown

    @property
    def in_flight_elsewhere(self) -> bool:
        """Whether calls of other processes may still give back a part of what they set aside."""
        return False

    def renew(self) -> None:
        """Show other processes that this one is alive."""

    @property
    def message(self) -> str:
        """Why a request wasn't asked."""
        return f"budget of {self.limit or 0:g} USD reached"
