"""Options of a question without letters that a model gave them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARK = re.compile(r"\s*[(（]?(?:[A-Da-d]|[1-4])\s*[)）.．、:：]\s*(?=\S)")


def without_own_letters(options: Sequence[str]) -> tuple[str, ...]:
    """The options; where each begins with a letter or a number like "A." and all differ, without these."""
    marks = [_MARK.match(option) for option in options]
    if len({mark.group().strip().upper() for mark in marks if mark}) < len(options):
        return tuple(options)
    return tuple(option[mark.end() :] for option, mark in zip(options, marks, strict=True) if mark)
