"""How far two independent readings of the same rows agree: python examples/audit/agreement.py.

Compares second_reading.jsonl with readings.jsonl, both beside this script: percent agreement and Cohen's kappa with a 95 %
bootstrap interval over rows, for the three verdicts and for sound against the rest, and the table of verdicts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sevenllm_bench.data.audit_records import VERDICTS
from sevenllm_bench.stats.resampling import generator

HERE = Path(__file__).parent
_DRAWS = 2_000


def verdicts(path: Path) -> dict[int, str]:
    """Row id to verdict."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {line["id"]: line["verdict"] for line in lines}


def both_readings() -> list[tuple[str, str]]:
    """The verdicts of both readings, of the rows that both have."""
    first, second = verdicts(HERE / "readings.jsonl"), verdicts(HERE / "second_reading.jsonl")
    return [(first[row_id], verdict) for row_id, verdict in second.items()]


def agreement(pairs: Sequence[tuple[str, str]]) -> float:
    """Share of rows with the same verdict, 0 to 1."""
    return sum(a == b for a, b in pairs) / len(pairs)


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa, unweighted: 1 for full agreement, 0 for that of chance; 1 where both readings have one verdict only."""
    first, second = (Counter(reading) for reading in zip(*pairs, strict=True))
    chance = sum(first[verdict] * second[verdict] for verdict in first) / len(pairs) ** 2
    return 1.0 if chance == 1 else (agreement(pairs) - chance) / (1 - chance)


def kappa_interval(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """95 % percentile interval of kappa over bootstrap samples of the rows."""
    rng = generator(0, "kappa")
    draws = rng.integers(0, len(pairs), size=(_DRAWS, len(pairs)))
    found = [cohen_kappa([pairs[place] for place in draw]) for draw in draws.tolist()]
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def as_in_all(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Agreement and kappa where each row counts as many times as there are rows with its first verdict for each one chosen.

    The rows were chosen twenty by verdict, so that rare verdicts count more above than among all rows that were read.
    """
    every = Counter(verdicts(HERE / "readings.jsonl").values())
    chosen = Counter(first for first, _ in pairs)
    weights = [every[first] / chosen[first] for first, _ in pairs]
    total = sum(weights)
    same = sum(weight for weight, (a, b) in zip(weights, pairs, strict=True) if a == b) / total
    shares: list[Counter[str]] = [Counter(), Counter()]
    for weight, pair in zip(weights, pairs, strict=True):
        for share, verdict in zip(shares, pair, strict=True):
            share[verdict] += weight / total  # type: ignore[assignment]
    chance = sum(shares[0][verdict] * shares[1][verdict] for verdict in VERDICTS)
    return same, (same - chance) / (1 - chance)


def lines() -> Iterable[str]:
    """The tables in Markdown."""
    pairs = both_readings()
    two = [tuple("sound" if verdict == "sound" else "not" for verdict in pair) for pair in pairs]
    yield "| verdicts | rows | agreement | Cohen's kappa (95 %) |"
    yield "|---|---|---|---|"
    for name, own in (("sound, questionable, unsound", pairs), ("sound or not", two)):
        low, high = kappa_interval(own)
        yield f"| {name} | {len(own)} | {agreement(own):.0%} | {cohen_kappa(own):.2f} ({low:.2f} to {high:.2f}) |"
    weighted, kappa = as_in_all(pairs)
    yield f"| the same three, weighted by their shares in all readings | {len(pairs)} | {weighted:.0%} | {kappa:.2f} |"
    yield ""
    counts = Counter(pairs)
    yield "| first reading | " + " | ".join(f"second: {verdict}" for verdict in VERDICTS) + " |"
    yield "|---|---|---|---|"
    for first in VERDICTS:
        yield f"| {first} | " + " | ".join(str(counts[first, second]) for second in VERDICTS) + " |"


if __name__ == "__main__":
    print("\n".join(lines()))
