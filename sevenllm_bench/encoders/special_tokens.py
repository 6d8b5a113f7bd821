"""The special tokens that a tokenizer puts around a text."""

from __future__ import annotations

from typing import Any


def special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The special tokens before and after a text.

    Args:
        tokenizer: A tokenizer of transformers.
    """
    inner = list(tokenizer("a", add_special_tokens=False)["input_ids"])
    whole = list(tokenizer("a", add_special_tokens=True)["input_ids"])
    place = next((at for at in range(len(whole)) if whole[at : at + len(inner)] == inner), 0)
    return whole[:place], whole[place + len(inner) :]
