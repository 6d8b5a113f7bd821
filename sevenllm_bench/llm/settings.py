"""Settings of a connection: the model, its address, and the limits of retries and costs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.pricing import PRICE_VARIABLE, Price, given_price

#: Local servers want some key but don't check it.
_NO_KEY = "none"


@dataclass(frozen=True)
class ConnectionSettings:
    """How to reach a model.

    Attributes:
        model: Its name, as the server knows it.
        base_url: Where the server's API begins (mostly ends in /v1); default: `$OPENAI_BASE_URL`, else OpenAI's own.
        api_key: Default: `$OPENAI_API_KEY`; not needed where a base URL is given. Never shown nor logged.
        concurrency: Most calls in flight at once.
        timeout_s: Seconds that one call may take in all.
        max_attempts: Most calls for one reply, when calls fail.
        validation_retries: How often to ask again after a reply that the caller's check refuses.
        budget_usd: Most US dollars to spend; default: no limit.
        price: "IN/OUT" in US dollars per million tokens; default: `$SEVENLLM_JUDGE_PRICE`.
        backoff_s: Seconds before the second attempt, doubled with each one.
        max_backoff_s: Most seconds between two attempts, unless the server asks for more.

    Raises:
        ConfigError: A value is out of range.
    """

    model: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    concurrency: int = 16
    timeout_s: float = 60
    max_attempts: int = 6
    validation_retries: int = 2
    budget_usd: float | None = None
    price: str | None = None
    backoff_s: float = 0.5
    max_backoff_s: float = 30

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise ConfigError("no model named; give the name that the server knows it by")
        for name, least in (("concurrency", 1), ("max_attempts", 1), ("validation_retries", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name}={getattr(self, name)}: must be at least {least}")
        for name in ("backoff_s", "max_backoff_s", "budget_usd"):
            # `not >=` instead of `<` catches NaN too.
            if getattr(self, name) is not None and not getattr(self, name) >= 0:
                raise ConfigError(f"{name}={getattr(self, name)}: must not be negative")
        if not self.timeout_s > 0:
            raise ConfigError(f"timeout_s={self.timeout_s}: must be more than 0")

    @cached_property
    def endpoint(self) -> str | None:
        """The base URL in force, None for OpenAI's own.

        Raises:
            ConfigError: It is no http(s) URL.
        """
        url = (self.base_url or os.environ.get("OPENAI_BASE_URL") or "").strip()
        try:
            valid = not url or (urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname))
        except ValueError:
            valid = False
        if not valid:
            # Not shown: URLs may hold passwords.
            raise ConfigError(
                "the base URL is no http(s) URL; expected something like http://localhost:8000/v1 (OPENAI_BASE_URL)"
            )
        return url or None

    @cached_property
    def key(self) -> str:
        """The API key in force; "none" where a server is named and no key given.

        Raises:
            ConfigError: There is none, or it can't be sent in a header.
        """
        key = (self.api_key or os.environ.get("OPENAI_API_KEY") or "").strip()
        if not key and not self.endpoint:
            raise ConfigError("no API key: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs none")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ConfigError("the API key holds blanks or characters that no key has; check OPENAI_API_KEY")
        return key or _NO_KEY

    @property
    def secret(self) -> str:
        """What must never be shown: the key, or "" where there is none."""
        return "" if self.key == _NO_KEY else self.key

    @cached_property
    def tariff(self) -> Price | None:
        """The price in force, None when unknown.

        Raises:
            ConfigError: The price given is no price, or a budget is set without any.
        """
        price = given_price(self.price)
        if price is None and self.budget_usd is not None:
            raise ConfigError(
                f"a budget needs a price, and none is given for {self.model}; "
                f"set {PRICE_VARIABLE}=IN/OUT, in USD per million tokens (0/0 for a model that costs nothing)"
            )
        return price
