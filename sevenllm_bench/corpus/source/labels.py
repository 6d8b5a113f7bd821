"""The category labels of the training corpus, mapped to the 28 tasks: they were written by a model and are not clean."""

from __future__ import annotations

import functools
import re

from sevenllm_bench.catalog import TASKS, nearest_name, task_by_name
from sevenllm_bench.errors import nearest
from sevenllm_bench.text.unicode import nfkc

#: Category of a row whose label is none of the 28 tasks. Such a row has no leaf of the harness; it can still be trained on.
OTHER = "Other"

#: How much of two labels must agree for a misspelling: "Threat Analyss" is one, "Threat Intelligence" (0.71) another task,
#: "Attack Method Analysis" (0.84) is none of "Attack Means Analysis" for sure.
_CUTOFF = 0.88
#: Longer labels are no labels; comparing them would be slow.
_LONGEST = 100


@functools.lru_cache(maxsize=100_000)
def category_of(label: str) -> str:
    """The English task name that a label means, or `OTHER`.

    Case, spaces, hyphens, underscores, plural s, Chinese names and slight misspellings are seen through.
    """
    if task_by_name(label):
        return label
    folded = _folded(label) if len(label) <= _LONGEST else ""
    return _by_folded_name().get(folded) or _misspelt(label, folded) or OTHER


@functools.cache
def _by_folded_name() -> dict[str, str]:
    return {_folded(name): task.name for task in TASKS for name in (task.name, task.name_zh)}


def _misspelt(label: str, folded: str) -> str | None:
    near = nearest_name(label) if folded else None
    close = nearest(folded, _by_folded_name(), _CUTOFF) if near or not folded.isascii() else None
    return _by_folded_name()[close] if close else None


def _folded(label: str) -> str:
    words = re.sub(r"[\W_]+", " ", nfkc(label).casefold()).split()
    joined = " ".join(word[:-1] if word.isascii() and len(word) > 3 and word.endswith("s") else word for word in words)
    return joined if joined.isascii() else joined.replace(" ", "")
