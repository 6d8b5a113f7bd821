"""Names that people tell apart by looking at them: labels of runs, models, submissions."""

from __future__ import annotations

import re

from sevenllm_bench.text.display import hidden_character
from sevenllm_bench.text.unicode import nfkc

#: What changes nothing that a reader sees, or only how a character before it is drawn: joiners, variation selectors, and
#: characters without shape.
_NO_SHAPE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
_BLANK = re.compile(r"\s+")


def appearance(name: str) -> str:
    """What a reader sees of a name: the same for names that look alike though their characters differ.

    Composed and decomposed letters, wide and narrow ones, joiners, variation selectors, characters without shape and kinds of
    blank make no difference. Capitals do, and so do letters of other scripts ("a" in Latin and in Cyrillic).

    Args:
        name: The name; of any length and characters.
    """
    return _BLANK.sub(" ", _NO_SHAPE.sub("", nfkc(_NO_SHAPE.sub("", name)))).strip()


def why_no_name(name: str) -> str:
    """Why a text can't be a name that is shown; empty where it can.

    Args:
        name: The text.
    """
    if hidden := hidden_character(name):
        return f"{hidden} can't be seen"
    return "" if appearance(name) else "nothing of it can be seen"
