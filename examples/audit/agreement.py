"""How far two independent readings of the same rows agree: python examples/audit/agreement.py.

Compares second_reading.jsonl with readings.jsonl, both beside this script. Rows were chosen for a second reading in several
ways, see `DRAWN` and `drawn`; each way has its own lines: percent agreement and Cohen's kappa with a 95 % bootstrap interval
over rows, for the three verdicts and for sound against the rest, and the table of verdicts. Then the share of sound rows in each
pass.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sevenllm_bench.data.audit_records import VERDICTS
from sevenllm_bench.stats.intervals import wilson
from sevenllm_bench.stats.resampling import generator

HERE = Path(__file__).parent
_DRAWS = 2_000


def _generation(line: Mapping[str, Any]) -> bool:
    """Whether a row, by its id, is one of generation."""
    return 300 < line["id"] <= 600 or 900 < line["id"] <= 1200


#: How rows were chosen for a second reading: in words, and which rows they stand for.
DRAWN: dict[str, tuple[str, Callable[[Mapping[str, Any]], bool]]] = {
    "verdicts": ("first pass, twenty rows of each verdict", lambda line: line["pass"] == 1),
    "generation": ("first pass, generation, sound rows and others", lambda line: line["pass"] == 1 and _generation(line)),
    "batches": ("second pass, whole batches", lambda line: line["pass"] == 2),
}
_SEED, _BATCHES, _OF_EACH = 116, 8, 20
#: Batches of the second pass that a second reader read, of 0 to 7.
READ_TWICE = (0, 1, 2, 3, 4, 5, 7)
#: Two rows that stood as examples in what the readers were given.
_EXAMPLES = {306, 341}

Pairs = Sequence[tuple[str, str]]


def lines_of(name: str) -> list[dict[str, Any]]:
    """The lines of a file beside this script."""
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def drawn() -> dict[str, set[int]]:
    """Which rows were to be read twice by `DRAWN`, but for the sixty of "verdicts", which were chosen before.

    The second pass was divided into batches at random, each with a reader. The batches whose rows somebody else had read before
    are those read twice. Rows that are among the sixty too are "again": a third reading.
    """
    lines, rng = lines_of("readings.jsonl"), random.Random(_SEED)
    second = [line["id"] for line in lines if line["pass"] == 2]
    rng.shuffle(second)
    parts = [
        [line["id"] for line in lines if line["pass"] == 1 and _generation(line) and (line["verdict"] == "sound") == sound]
        for sound in (False, True)
    ]
    chosen = {row_id for part in parts for row_id in rng.sample(part, _OF_EACH)} - _EXAMPLES
    sixty = {line["id"] for line in lines_of("second_reading.jsonl") if line["drawn"] == "verdicts"}
    batches = {row_id for number in READ_TWICE for row_id in second[number::_BATCHES]} - _EXAMPLES
    return {"generation": chosen - sixty, "again": chosen & sixty, "batches": batches}


def both_readings(drawn: str) -> list[tuple[str, str]]:
    """The verdicts of both readings, of the rows that were chosen in this way."""
    first = {line["id"]: line["verdict"] for line in lines_of("readings.jsonl")}
    return [(first[line["id"]], line["verdict"]) for line in lines_of("second_reading.jsonl") if line["drawn"] == drawn]


def agreement(pairs: Pairs) -> float:
    """Share of rows with the same verdict, 0 to 1."""
    return sum(a == b for a, b in pairs) / len(pairs)


def cohen_kappa(pairs: Pairs) -> float:
    """Cohen's kappa, unweighted: 1 for full agreement, 0 for that of chance; 1 where both readings have one verdict only."""
    first, second = (Counter(reading) for reading in zip(*pairs, strict=True))
    chance = sum(first[verdict] * second[verdict] for verdict in first) / len(pairs) ** 2
    return 1.0 if chance == 1 else (agreement(pairs) - chance) / (1 - chance)


def kappa_interval(pairs: Pairs) -> tuple[float, float]:
    """95 % percentile interval of kappa over bootstrap samples of the rows."""
    rng = generator(0, "kappa")
    draws = rng.integers(0, len(pairs), size=(_DRAWS, len(pairs)))
    found = [cohen_kappa([pairs[place] for place in draw]) for draw in draws.tolist()]
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def as_in_all(pairs: Pairs, every: Counter[str]) -> tuple[float, float]:
    """Agreement and kappa where each row counts as many times as there are rows with its first verdict for each one chosen.

    Args:
        pairs: Both verdicts of each row; the rows were chosen by the first.
        every: The first verdicts of all rows that these stand for.
    """
    chosen = Counter(first for first, _ in pairs)
    weights = [every[first] / chosen[first] for first, _ in pairs]
    total = sum(weights)
    same = sum(weight for weight, (a, b) in zip(weights, pairs, strict=True) if a == b) / total
    shares: list[dict[str, float]] = [dict.fromkeys(VERDICTS, 0.0), dict.fromkeys(VERDICTS, 0.0)]
    for weight, pair in zip(weights, pairs, strict=True):
        for share, verdict in zip(shares, pair, strict=True):
            share[verdict] += weight / total
    chance = sum(shares[0][verdict] * shares[1][verdict] for verdict in VERDICTS)
    return same, (same - chance) / (1 - chance)


def third_line() -> str:
    """How many of the rows that were read a third time have the verdict of the second reading again."""
    lines = lines_of("second_reading.jsonl")
    second = {line["id"]: line["verdict"] for line in lines if line["drawn"] == "verdicts"}
    third = {line["id"]: line["verdict"] for line in lines if line["drawn"] == "again"}
    same = sum(second[row_id] == verdict for row_id, verdict in third.items())
    return f"Of {len(third)} rows that were read a third time, {same} have the verdict of the second reading again."


def agreement_lines() -> Iterable[str]:
    """The table of agreement, in Markdown."""
    yield "| rows read twice | verdicts | rows | agreement | Cohen's kappa (95 %) |"
    yield "|---|---|---|---|---|"
    for drawn, (words, stands_for) in DRAWN.items():
        pairs = both_readings(drawn)
        two = [tuple("sound" if verdict == "sound" else "not" for verdict in pair) for pair in pairs]
        for name, own in (("sound, questionable, unsound", pairs), ("sound or not", two)):
            low, high = kappa_interval(own)
            yield f"| {words} | {name} | {len(own)} | {agreement(own):.0%} | {cohen_kappa(own):.2f} ({low:.2f} to {high:.2f}) |"
        if drawn == "batches":
            continue
        every = Counter(line["verdict"] for line in lines_of("readings.jsonl") if stands_for(line))
        weighted, kappa = as_in_all(pairs, every)
        yield f"| {words} | the three, weighted as in what was chosen from | {len(pairs)} | {weighted:.0%} | {kappa:.2f} |"


def verdict_lines() -> Iterable[str]:
    """Which verdict became which, in Markdown."""
    yield "| rows read twice | first reading | " + " | ".join(f"second: {verdict}" for verdict in VERDICTS) + " |"
    yield "|---" * (2 + len(VERDICTS)) + "|"
    for drawn, (words, _) in DRAWN.items():
        counts = Counter(both_readings(drawn))
        for first in VERDICTS:
            yield f"| {words} | {first} | " + " | ".join(str(counts[first, second]) for second in VERDICTS) + " |"


def pass_lines() -> Iterable[str]:
    """The share of sound rows of generation in each pass, with Wilson's interval, in Markdown."""
    yield "| generation | rows | sound (95 %) |"
    yield "|---|---|---|"
    for number, name in ((1, "first pass"), (2, "second pass")):
        sound = [
            line["verdict"] == "sound" for line in lines_of("readings.jsonl") if line["pass"] == number and _generation(line)
        ]
        found = wilson(sum(sound), len(sound))
        yield f"| {name} | {len(sound)} | {sum(sound) / len(sound):.0%} ({found.low:.0%} to {found.high:.0%}) |"


if __name__ == "__main__":
    print("\n".join([*agreement_lines(), "", *verdict_lines(), "", third_line(), "", *pass_lines()]))
