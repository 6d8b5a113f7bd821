"""What a robots.txt allows (RFC 9309), and how fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sevenllm_bench.select_instruct.collect.refusals import RefusedError
from sevenllm_bench.select_instruct.collect.web_address import WebAddress

#: The standard asks to read at least 500 kibibytes.
MOST_ROBOTS_BYTES = 600_000
#: The standard asks to follow at least five redirects.
MOST_ROBOTS_REDIRECTS = 5
#: Seconds after which it is asked for again, as the standard wants it.
ROBOTS_LAST = 24 * 3600
#: Hosts that ask for longer pauses (seconds) are left alone.
_LONGEST_DELAY = 300.0
#: What robots.txt names us by.
PRODUCT = "sevenllm-bench"

Found = Literal["rules", "none", "unreachable", "refused"]


@dataclass(frozen=True)
class RobotsRules:
    """The rules of one origin.

    Attributes:
        found: "rules"; "none" (the server says 4xx: all is allowed); "unreachable" (5xx, or no answer: nothing is); "refused"
            (the host itself is not asked).
        text: Of the robots.txt.
        reason: Why it is unreachable or refused.
    """

    found: Found
    text: str = ""
    reason: str = ""

    @property
    def decision(self) -> str:
        """In the words of `Origin.robots`."""
        return "allowed" if self.found == "rules" else "no robots.txt"

    def delay(self) -> float:
        """Seconds between two requests that it asks for; 0 for none.

        Raises:
            RefusedError: They are too many.
        """
        if self.found != "rules":
            return 0.0
        rules = _parsed(self.text)
        rate = rules.request_rate(PRODUCT)
        delay = max(rules.crawl_delay(PRODUCT) or 0.0, rate.seconds / rate.requests if rate and rate.requests else 0.0)
        if not delay <= _LONGEST_DELAY:
            raise RefusedError(f"robots.txt asks for {delay:g} seconds between two requests, more than {_LONGEST_DELAY:g}")
        return max(0.0, float(delay))

    def check(self, address: WebAddress) -> None:
        """Refuse what is not allowed.

        Raises:
            RefusedError: It isn't.
        """
        if self.found == "refused":
            raise RefusedError(self.reason)
        if self.found == "unreachable":
            raise RefusedError(f"robots.txt can't be read, so nothing of this host may be fetched: {self.reason}")
        if self.found == "rules" and not _parsed(self.text).can_fetch(address.url, PRODUCT):
            raise RefusedError("robots.txt disallows it")


_CACHE: dict[str, object] = {}


def _parsed(text: str):  # type: ignore[no-untyped-def]
    """The parsed rules; those of some hosts are kept."""
    from protego import Protego

    if text not in _CACHE:
        if len(_CACHE) >= 64:
            _CACHE.pop(next(iter(_CACHE)))
        _CACHE[text] = Protego.parse(text.removeprefix("\ufeff"))
    return _CACHE[text]
