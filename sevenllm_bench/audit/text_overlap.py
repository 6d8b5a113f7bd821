"""Incident texts that come more than once, whole or in large part."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sevenllm_bench.audit.support import folded
from sevenllm_bench.data.rows import Row

#: Characters of a string that is compared, letters and digits only.
LENGTH = 10
#: Share of the shorter text's strings that must be in the other.
LEAST_SHARED = 0.8
#: One string of so many is looked up to find pairs; pairs are then compared whole.
_SAMPLED = 8


def overlap_codes(rows: Sequence[Row]) -> dict[int, list[str]]:
    """Codes of each row whose incident text comes again, by its id: "repeated-text" or "contained-text"."""
    texts = {row.id: folded(row.input) for row in rows}
    equal: dict[str, list[int]] = defaultdict(list)
    for row_id, text in texts.items():
        equal[text].append(row_id)
    found = {row_id: ["repeated-text"] for ids in equal.values() if len(ids) > 1 for row_id in ids}
    for pair in contained_pairs(texts):
        for row_id in pair:
            found.setdefault(row_id, ["contained-text"])
    return found


def contained_pairs(texts: Mapping[int, str]) -> list[tuple[int, int]]:
    """Pairs of ids of which the shorter text's strings of ten characters are to 80 % or more in the other, in order.

    A text of fewer than ten characters is in no pair.
    """
    strings = {row_id: _strings(text) for row_id, text in texts.items()}
    places: dict[str, list[int]] = defaultdict(list)
    for row_id, own in strings.items():
        for string in own:
            if zlib.crc32(string.encode()) % _SAMPLED == 0:
                places[string].append(row_id)
    pairs = {pair for ids in places.values() for pair in _pairs(sorted(ids))}
    return sorted(pair for pair in pairs if _shared(*(strings[row_id] for row_id in pair)) >= LEAST_SHARED)


def _strings(text: str) -> set[str]:
    return {text[start : start + LENGTH] for start in range(len(text) - LENGTH + 1)}


def _pairs(ids: Sequence[int]) -> Iterable[tuple[int, int]]:
    return ((first, second) for place, first in enumerate(ids) for second in ids[place + 1 :])


def _shared(first: set[str], second: set[str]) -> float:
    return len(first & second) / min(len(first), len(second))
