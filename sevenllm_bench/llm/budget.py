"""A limit to what a client spends, kept even if every call in flight turns out as long as it may."""

from __future__ import annotations

from sevenllm_bench.llm.pricing import Price
from sevenllm_bench.llm.types import Request


class Budget:
    """What is spent, and what the calls in flight may come to, in US dollars.

    The limit can be passed only by as much as the tokens of prompts are underestimated (see `count_tokens`), and only
    for the calls in flight: afterwards the server's own counts stand.
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

    def fits(self, usd: float) -> bool:
        """Whether `usd` more stay within the limit, whatever the calls in flight cost."""
        # The margin forgives rounding: ten calls at a tenth of the budget each are within it.
        return self.limit is None or self._spent + self._reserved + usd <= self.limit * (1 + 1e-9)

    def reserve(self, usd: float) -> None:
        """Set `usd` aside for a call about to start."""
        self._reserved += usd

    def settle(self, reserved: float, spent: float) -> None:
        """Replace what was set aside for a call by what it did cost."""
        self._reserved -= reserved
        self._spent += spent

    @property
    def message(self) -> str:
        """Why a request wasn't asked."""
        return f"budget of {self.limit:g} USD reached"
