"""What a server doesn't take, learnt from its refusals: not every OpenAI-compatible server knows every parameter."""

from __future__ import annotations

import logging
import re
from typing import Any

from sevenllm_bench.llm.retry import CallError

logger = logging.getLogger("sevenllm_bench.llm")

#: Parameters that a call can do without, with the words by which refusals name them.
_OPTIONAL = {"response_format": ("response_format", "json_schema", "structured output"), "temperature": ("temperature",)}
#: OpenAI's reasoning models want the second name, many servers know the first only.
_LIMITS = ("max_tokens", "max_completion_tokens")
_REFUSAL = re.compile(
    r"unsupported|unavailable|unknown|unrecogni[sz]ed|unexpected|extra (?:inputs|fields)|not implemented|(?:not|n't) support"
    r"|not (?:supported|allowed|permitted|available|accepted|recogni[sz]ed)|invalid parameter",
    re.IGNORECASE,
)
#: A mistake in our own schema must come to light, not lead to calls without one.
_OUR_FAULT = re.compile(r"invalid schema", re.IGNORECASE)


class Dialect:
    """The parameters that a server takes, for the length of a run.

    Attributes:
        left_out: Parameters that are no longer sent.
    """

    def __init__(self) -> None:
        """Start with the belief that the server takes everything."""
        self.left_out: set[str] = set()
        self._renamed: dict[str, str] = {}

    def adapt(self, body: dict[str, Any]) -> dict[str, Any]:
        """`body` as this server wants it."""
        return {self._renamed.get(name, name): value for name, value in body.items() if name not in self.left_out}

    def learn(self, sent: dict[str, Any], failure: CallError) -> bool:
        """Learn from the refusal of `sent`; whether the same request, adapted anew, is worth another call at once.

        Each thing is learnt once, so that this comes to an end whatever the server says.
        """
        if (
            failure.kind not in ("HTTP 400", "HTTP 422")
            or not _REFUSAL.search(failure.reason)
            or _OUR_FAULT.search(failure.reason)
        ):
            return False
        named = (failure.parameter or failure.reason).lower()
        for name, words in _OPTIONAL.items():
            if name in sent and any(word in named for word in words):
                self._leave_out(name)
                return True
        return self._rename_limit(sent, named)

    def _leave_out(self, name: str) -> None:
        if name not in self.left_out:
            self.left_out.add(name)
            logger.warning("The server doesn't take %s; going on without it", name)

    def _rename_limit(self, sent: dict[str, Any], named: str) -> bool:
        for old, new in (_LIMITS, _LIMITS[::-1]):
            if old in sent and old in named and new not in sent and self._renamed.get(new) != old:
                self._renamed[old] = new
                return True
        return False
