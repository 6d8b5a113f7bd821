"""Requests, a check of replies and settings for the tests of the client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from llm.server import FakeOpenAI, default_answer

from sevenllm_bench.llm.client import ConnectionSettings, Request

SECRET = "sk-test-0123456789abcdefSECRET"
FORMAT = {"type": "json_object"}


def questions(count: int, **parameters: Any) -> list[Request]:
    parameters = {"temperature": 0, "max_tokens": 50, **parameters}
    return [Request([{"role": "user", "content": f"question {number} 问题"}], parameters) for number in range(count)]


def answer_to(request: Request) -> str:
    """What the undisturbed server says."""
    return default_answer({"messages": list(request.messages)})


def check(text: str) -> str | None:
    score = json.loads(text)["score"]
    return None if score in range(1, 6) else f"score {score} is out of range"


def settings(server: FakeOpenAI, **changes: Any) -> ConnectionSettings:
    return ConnectionSettings(
        **{"model": "m", "base_url": server.url, "api_key": SECRET, "backoff_s": 0.005, "max_backoff_s": 0.02, **changes}
    )


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.005)
