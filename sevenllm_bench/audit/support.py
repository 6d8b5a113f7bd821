"""Whether a value of a reference is in the incident text. One function, so that another rule can take its place."""

from __future__ import annotations

import re

from sevenllm_bench.data.rows import Row
from sevenllm_bench.text.indicators import refang
from sevenllm_bench.text.leaf_values import leaf_values
from sevenllm_bench.text.unicode import nfkc

_NO_LETTER = re.compile(r"[\W_]+")


def folded(text: str) -> str:
    """`text` for comparison: refanged, in NFKC, case folded, and only its letters and digits."""
    return _NO_LETTER.sub("", refang(nfkc(text)).casefold())


def support(values: list[str], text: str) -> list[bool]:
    """For each value, whether its letters and digits are in the text's, in order and without a gap.

    A value without a letter or digit is not supported.
    """
    haystack = folded(text)
    return [bool(needle) and needle in haystack for needle in map(folded, values)]


def support_share(row: Row) -> float | None:
    """Share of an extraction reference's values that its incident text supports, 0 to 1; None for other rows.

    A reference without a value has 0.
    """
    if row.kind != "understanding":
        return None
    found = support(leaf_values(row.output), row.input)
    return sum(found) / len(found) if found else 0.0
