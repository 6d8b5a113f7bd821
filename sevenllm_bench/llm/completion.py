"""What a reply says: its text and its token counts, sent whole or as a stream of events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.io.secrets import scrub, short_message
from sevenllm_bench.llm.call_error import CallError, of_status, words_of
from sevenllm_bench.llm.types import sendable

#: More than the context of any model, prompt or reply.
_MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply with a text.

    Attributes:
        text: The text, not blank.
        tokens_in: Tokens of the prompt as the server counts them, None where it doesn't.
        tokens_out: Tokens of the reply, likewise.
        cut: Whether it ends at the limit of its tokens.
    """

    text: str
    tokens_in: int | None
    tokens_out: int | None
    cut: bool = False


def read_completion(content: bytes, secret: str) -> Completion:
    """The text and the token counts in the body of a reply.

    Args:
        content: The body: a JSON object, or server-sent events, whether a stream was asked for or not.
        secret: The API key, taken out of the text where a server sends it back.

    Raises:
        CallError: It is neither, or holds no text.
    """
    start = content[:500].lstrip()
    if start[:1] == b"<":
        # Never a model's reply: JSON is all around it.
        words = short_message(words_of(content[:20_000].decode(errors="replace")), secret)
        raise CallError("web page", f"the address answers with a web page, not as an API ({words})", again=False)
    try:
        data = _joined(content) if start.startswith((b"data:", b"event:", b":")) else json.loads(content)
    except (ValueError, RecursionError):
        raise CallError("broken JSON", "the server's reply is broken JSON", billed=True, replied=True) from None
    return completion_of(data, secret)


def completion_of(data: Any, secret: str) -> Completion:
    """The same from the JSON value in the body.

    Raises:
        CallError: It holds no text.
    """
    data = data if isinstance(data, dict) else {}
    usage = data.get("usage") if isinstance(data.get("usage"), dict) else {}
    tokens_in, tokens_out = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    choice = _first(data.get("choices"))
    text = _text(choice.get("message"))
    cut = choice.get("finish_reason") == "length"
    error = data.get("error") or choice.get("error")
    if text.strip() and not error:
        return Completion(sendable(scrub(text, secret)), tokens_in, tokens_out, cut)
    if error or ("choices" not in data and words_of(data) != json.dumps(data, ensure_ascii=False)):
        raise _failure_inside(error or data, secret)
    reason, final = _why_empty(choice)
    raise CallError(
        "empty reply",
        f"empty reply ({short_message(reason, secret)})",
        again=not final,
        replied=True,
        cut=cut,
        tokens_in=tokens_in or 0,
        tokens_out=tokens_out or 0,
    )


def _failure_inside(error: Any, secret: str) -> CallError:
    """A failure that comes with status 200, as aggregators send it once a provider has begun to answer."""
    fields = error if isinstance(error, dict) else {}
    status = next((number for name in ("status", "code", "status_code") if (number := _status(fields.get(name)))), 0)
    if status:
        return of_status(status, error, secret)
    return CallError("empty reply", f"empty reply ({short_message(words_of(error), secret)})", replied=True)


def _status(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) == 3 else value
    return number if isinstance(number, int) and 400 <= number < 600 else 0


def _joined(content: bytes) -> dict[str, Any]:
    """Server-sent events as the one object that they would have been without a stream.

    Raises:
        ValueError: An event is broken, or the stream ends before the reply does.
    """
    texts: list[str] = []
    usage = error = finish = None
    ended = False
    for line in content.splitlines():
        name, _, value = line.partition(b":")
        if name.strip() != b"data" or not value.strip():
            continue
        if value.strip() == b"[DONE]":
            ended = True
            continue
        event = json.loads(value)
        event = event if isinstance(event, dict) else {}
        choice = _first(event.get("choices"))
        texts.append(_text(choice.get("delta") or choice.get("message")))
        usage, error = event.get("usage") or usage, event.get("error") or error
        finish = choice.get("finish_reason") or finish
    if not (ended or finish or error):
        raise ValueError("the stream ends before the reply does")
    return {"choices": [{"message": {"content": "".join(texts)}, "finish_reason": finish}], "usage": usage, "error": error}


def _first(items: Any) -> dict[str, Any]:
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


def _text(message: Any) -> str:
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):  # in parts, as some servers send it
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _why_empty(choice: dict[str, Any]) -> tuple[str, bool]:
    """The reason, and whether asking again would change nothing."""
    if not choice:
        return "no choices", False
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    if message.get("refusal"):
        return f"the model refuses: {message['refusal']}", True
    finish = choice.get("finish_reason")
    if finish == "length":
        return "finish_reason length: raise max_tokens", True
    if message.get("reasoning_content") or message.get("reasoning"):
        return f"reasoning and no answer, finish_reason {finish}", False
    return f"finish_reason {finish}", finish in ("content_filter", "sensitive", "safety", "SAFETY")


def _count(value: Any) -> int | None:
    """A number of tokens, None where it can't be one: no call has so many, and our own estimate is nearer."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS else None
