"""Which judge is asked, and how: what a user can choose about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.settings import ConnectionSettings

MODEL_VARIABLE = "SEVENLLM_JUDGE"
#: Room for a short reason; a judge that reasons gets more, see `llm.call_forms`.
MAX_TOKENS = 600
#: What an extra body can't set: it is what is asked.
_NOT_EXTRA = ("model", "messages")


@dataclass(frozen=True, slots=True)
class JudgeChoice:
    """Which judge, how it is asked, and how much it may cost.

    Attributes:
        model: The judge's name on its server.
        budget_usd: Most US dollars to spend; None for no limit.
        concurrency: Most calls in flight.
        timeout_s: Seconds that one call may take.
        max_attempts: Most calls for one verdict, when calls fail.
        max_tokens: Most tokens of a reply; raised once where replies end there.
        extra_body: What else goes into each call, as the text of a JSON object (see `extra_body_text`); what is null in it
            is left out of the call.

    Raises:
        ConfigError: `max_tokens` is less than 1; `settings` checks the others.
    """

    model: str
    budget_usd: float | None = None
    concurrency: int = 16
    timeout_s: float = 60
    max_attempts: int = 6
    max_tokens: int = MAX_TOKENS
    extra_body: str = ""

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ConfigError(f"max_tokens={self.max_tokens}: must be at least 1")

    def settings(self) -> ConnectionSettings:
        """Settings for the client; server and key come from OPENAI_BASE_URL and OPENAI_API_KEY."""
        return ConnectionSettings(
            self.model,
            budget_usd=self.budget_usd,
            concurrency=self.concurrency,
            timeout_s=self.timeout_s,
            max_attempts=self.max_attempts,
        )

    def parameters(self, response_format: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a call: greedy, in a format, with the extra body; part of what a cached verdict is keyed by."""
        limit = {} if "max_completion_tokens" in self.extra else {"max_tokens": self.max_tokens}
        given = {"temperature": 0, **limit, "response_format": response_format, **self.extra}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def extra(self) -> dict[str, Any]:
        """The extra body as an object."""
        return dict(json.loads(self.extra_body)) if self.extra_body else {}


def extra_body_text(given: Any) -> str:
    """An extra body as the text that `JudgeChoice` wants.

    Args:
        given: A JSON object, or its text; empty or None for none.

    Raises:
        ConfigError: It is no JSON object, sets the model or the messages, or has a limit of tokens that is no whole number.
    """
    if given is None or given == "":
        return ""
    try:
        found = json.loads(given) if isinstance(given, str) else given
        text = json.dumps(found, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ConfigError('the extra body of the judge must be a JSON object, such as {"chat_template_kwargs": {"x": true}}')
    wrong = [name for name in _NOT_EXTRA if name in found]
    if wrong:
        raise ConfigError(f"the extra body of the judge can't set {' and '.join(wrong)}")
    limits = [name for name in ("max_tokens", "max_completion_tokens") if not isinstance(found.get(name), int | None)]
    if limits:
        raise ConfigError(f"the extra body of the judge has a {limits[0]} that is no whole number")
    return text if found else ""
