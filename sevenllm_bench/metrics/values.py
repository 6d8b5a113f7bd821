"""Agreement of extracted values: the paper's extraction score, strict (`value_f1`) and normalised (`value_f1_norm`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sevenllm_bench.text.indicators import refang
from sevenllm_bench.text.unicode import nfkc


def value_f1(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> list[float]:
    """F1 of the multiset intersection of leaf values: 2·common / (predicted + wanted).

    Source: SEvenLLM's extraction score. A value given twice counts twice, so [x, x, x] against [x] scores 0.5; keys and
    order don't count, so attacker and victim swapped score 1.

    Args:
        predictions: n lists of leaf values.
        references: n lists of leaf values.

    Returns:
        n values in [0, 1]; 1 where both lists are empty, 0 where one is.
    """
    return [_f1(prediction, reference) for prediction, reference in zip(predictions, references, strict=True)]


def value_f1_norm(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> list[float]:
    """`value_f1` after `normalise` on both sides; same arguments and range."""
    normalised = ([[normalise(value) for value in values] for values in side] for side in (predictions, references))
    return value_f1(*normalised)


def normalise(value: str) -> str:
    """NFKC, case folded, refanged, white space folded and trimmed; whole decimals as integers ("6.0" is "6")."""
    folded = " ".join(refang(nfkc(value).casefold()).split())
    number = folded.removesuffix(".0")
    return number if number.isdecimal() and len(number) < 20 else folded


def _f1(prediction: Sequence[str], reference: Sequence[str]) -> float:
    if not prediction and not reference:
        return 1.0
    common = (Counter(prediction) & Counter(reference)).total()
    return 2 * common / (len(prediction) + len(reference))
