"""Where two JSON values differ: what a bundle says, and what it should say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sevenllm_bench.runs.untrusted import finite
from sevenllm_bench.submission.verify.findings import TOLERANCE
from sevenllm_bench.text.display import printable

_DEEPEST = 60


def differences(wanted: Any, found: Any, where: str, depth: int = 0) -> Iterator[str]:
    """Each place where two JSON values differ, in words; numbers may differ by rounding.

    Args:
        wanted: What it should be.
        found: What it is.
        where: Name of the place; keys and indices are added to it.
        depth: How deep it lies; nothing deeper than 60 levels is compared, which is a difference, too.
    """
    if depth > _DEEPEST:
        yield f"{where}: too deep"
    elif isinstance(wanted, Mapping) and isinstance(found, dict):
        for key in sorted({*wanted, *found}):
            if key not in found:
                yield f"{where}.{printable(key, 80)}: missing"
            elif key not in wanted:
                yield f"{where}.{printable(key, 80)}: unexpected"
            else:
                yield from differences(wanted[key], found[key], f"{where}.{printable(key, 80)}", depth + 1)
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            yield f"{where}: {len(found)} entries, expected {len(wanted)}"
        for index, (one, other) in enumerate(zip(wanted, found, strict=False)):
            yield from differences(one, other, f"{where}[{index}]", depth + 1)
    elif not _same(wanted, found):
        yield f"{where}: {_shown(found)}, expected {_shown(wanted)}"


def _same(wanted: Any, found: Any) -> bool:
    number, other = finite(wanted), finite(found)
    if number is not None and other is not None:
        return abs(number - other) <= TOLERANCE
    return type(wanted) is type(found) and wanted == found


def _shown(value: Any) -> str:
    return type(value).__name__ if isinstance(value, dict | list) else printable(json.dumps(value, default=str), 60)
