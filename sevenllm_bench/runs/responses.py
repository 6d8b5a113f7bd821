"""What lm-eval writes under `resps`: the responses to one row."""

from __future__ import annotations

from typing import Any


def texts_of(responses: Any) -> list[str | None] | None:
    """The texts that a model wrote for one row, in order; several where the task was run with `repeats`.

    Args:
        responses: The value of `resps`: [[text, …]], with null where a server gave no text.

    Returns:
        At least one text; None for log-likelihoods and for whatever else holds no texts.
    """
    found = responses
    while isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    if isinstance(found, list) and found and all(text is None or isinstance(text, str) for text in found):
        return found
    return None
