"""The published models on all official rows and on the audited ones: python examples/audit/order.py.

Prints, as Markdown, each model's headline and rank on all rows, on all rows without those found unsound, and on the rows found
sound, with the difference to the best model on all rows and its paired 95 % interval; then Kendall's tau of the orders, and how
many pairs of models are told apart. Needs neither the official file nor the models' answers: the package has the scores.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.figures.cells import RowValues, headline_cell, mean_over
from sevenllm_bench.published.published_runs import published_runs
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.paired import ALPHA, Paired, compare_paired, holm
from sevenllm_bench.stats.resampling import Draws, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Random choices of rows for the control.
_CONTROLS = 500


@dataclass(frozen=True)
class Ranking:
    """The models on some of the rows.

    Attributes:
        name: Which rows.
        rows: Number of rows.
        scores: Model to headline, in the models' own order.
        pairs: Each pair of models, compared on the same rows.
        found: For each pair whether it is told apart (p at most 0.05 after Holm's correction over all pairs), and the sign.
        strata: Model to values, an array per section.
    """

    name: str
    rows: int
    scores: dict[str, float]
    pairs: dict[tuple[str, str], Paired]
    found: dict[tuple[str, str], int]
    strata: dict[str, list[NDArray[Any]]]

    @property
    def ranks(self) -> dict[str, int]:
        """Model to rank, 1 for the best."""
        order = sorted(self.scores, key=lambda name: -self.scores[name])
        return {name: place for place, name in enumerate(order, 1)}


def rank(name: str, runs: Sequence[Run], keep: Callable[[int], bool], resamples: int) -> Ranking:
    """The models on the rows that `keep` keeps, by the headline."""
    cell, draws = headline_cell(), Draws(0, resamples)
    strata = {}
    for run in runs:
        values = RowValues(run, [sample for sample in run.samples if keep(sample.id)])
        strata[run.label.removesuffix(" (published)")] = values.strata(cell)
    pairs = {pair: compare_paired(*(strata[model] for model in pair), draws) for pair in combinations(strata, 2)}
    corrected = holm([paired.p for paired in pairs.values()])
    signs = (
        0 if p is None or p > ALPHA else 1 if paired.difference > 0 else -1
        for p, paired in zip(corrected, pairs.values(), strict=True)
    )
    scores = {model: mean_over(values) for model, values in strata.items()}
    rows = sum(map(len, next(iter(strata.values()))))
    return Ranking(name, rows, scores, pairs, dict(zip(pairs, signs, strict=True)), strata)


def kendall_tau(first: dict[str, float], second: dict[str, float]) -> float:
    """Kendall's tau-a: pairs in the same order less pairs in the other order, over all pairs; from -1 to 1."""
    pairs = list(combinations(first, 2))
    signs = [_sign(first[a] - first[b]) * _sign(second[a] - second[b]) for a, b in pairs]
    return sum(signs) / len(pairs)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def control_taus(whole: Ranking, part: Ranking) -> tuple[float, float, float]:
    """Kendall's tau with the order on all rows, for random rows, as many per section as `part` has: mean, 5 %, 95 %."""
    rng = generator(0, "control")
    sizes = [len(values) for values in next(iter(part.strata.values()))]
    taus = []
    for _ in range(_CONTROLS):
        chosen = [rng.choice(len(values), size, replace=False) for values, size in zip(_first(whole), sizes, strict=True)]
        scores = {
            model: mean_over([values[rows] for values, rows in zip(strata, chosen, strict=True)])
            for model, strata in whole.strata.items()
        }
        taus.append(kendall_tau(whole.scores, scores))
    low, high = np.quantile(taus, (0.05, 0.95))
    return float(np.mean(taus)), float(low), float(high)


def _first(ranking: Ranking) -> list[NDArray[Any]]:
    return next(iter(ranking.strata.values()))


def rankings(resamples: int = 5_000) -> list[Ranking]:
    """On all rows, without the unsound ones, on the sound ones."""
    runs, audit = published_runs(), load_audit()
    unsound = {record.id for record in audit.records if record.verdict == "unsound"}
    kinds: list[tuple[str, Callable[[int], bool]]] = [
        ("all", lambda row_id: True),
        ("without unsound", lambda row_id: row_id not in unsound),
        ("audited", lambda row_id: row_id in audit.sound),
    ]
    return [rank(name, runs, keep, resamples) for name, keep in kinds]


def lines(found: Sequence[Ranking]) -> Iterable[str]:
    """The tables in Markdown."""
    first = found[0]
    best = min(first.ranks, key=lambda name: first.ranks[name])
    heads = [f"{ranking.name}, {ranking.rows:,} rows | rank" for ranking in found]
    heads += [f"less {best}, {ranking.name}" for ranking in (found[0], found[-1])]
    yield f"| model | {' | '.join(heads)} |"
    yield "|---" * (2 * len(found) + 3) + "|"
    for model in sorted(first.scores, key=lambda name: first.ranks[name]):
        cells = [part for ranking in found for part in (f"{ranking.scores[model]:.4f}", str(ranking.ranks[model]))]
        cells += [_difference(ranking, best, model) for ranking in (found[0], found[-1])]
        yield f"| {model} | " + " | ".join(cells) + " |"
    yield ""
    yield "| rows | Kendall's tau with the order on all | largest change of rank | pairs told apart, of 66 | in the other order |"
    yield "|---|---|---|---|---|"
    for ranking in found:
        change = max(abs(ranking.ranks[model] - first.ranks[model]) for model in first.ranks)
        apart = sum(map(abs, ranking.found.values()))
        reversed_ = sum(first.found[pair] * sign == -1 for pair, sign in ranking.found.items())
        tau = kendall_tau(first.scores, ranking.scores)
        yield f"| {ranking.name} | {tau:.2f} | {change} | {apart} | {reversed_} |"
    mean, low, high = control_taus(first, found[-1])
    yield f"| random rows, as many per section as audited | {mean:.2f} ({low:.2f} to {high:.2f}) | | | |"


def _difference(ranking: Ranking, best: str, model: str) -> str:
    if model == best:
        return "-"
    pair = (best, model) if (best, model) in ranking.pairs else (model, best)
    paired = ranking.pairs[pair]
    sign = 1 if pair[0] == best else -1
    low, high = paired.interval.low, paired.interval.high
    assert low is not None
    assert high is not None
    low, high = sorted((sign * low, sign * high))
    return f"{sign * paired.difference:+.4f} ({low:+.4f} to {high:+.4f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resamples", type=int, default=5_000, help="random draws (default: 5000)")
    print("\n".join(lines(rankings(parser.parse_args().resamples))))
