"""Boards of simulated systems whose true ranks are known: how often is a rank band wrong, and how wide is it?

Part of `significance.py`, which see. The rows of the systems come from the twelve published models where their answers are at
hand (SEVENLLM_DATA_DIR and SEVENLLM_PREDICTIONS_DIR), and else from twelve models with values of the same shapes. Four boards:

- equal: in every row, every system takes the value of one of the twelve models by chance, so all are equally good;
- one best: the same, but the first system takes the better of two values in four rows of ten;
- steps: each system takes its rows from two of the models, in a mixture of its own, so that the true figures lie close together
  as the published ones do; the rows of a board are drawn with replacement, as a bootstrap sample, and the truth is over all;
- long: as equal, but the systems lose 0 to 50 % of their rows, in even steps.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenllm_bench.stats.paired import ALPHA, holm
from sevenllm_bench.stats.rank_bands import Band, Ranked, rank_bands
from sevenllm_bench.stats.sign_flip_tail import tail_p

SIZES = (300, 300, 300, 300, 50, 50)
Strata = list[NDArray[Any]]


def published_rows() -> Strata | None:
    """The values of twelve published models, models x rows for each section; None where they aren't at hand."""
    folder = os.environ.get("SEVENLLM_PREDICTIONS_DIR", "")
    if not (folder and os.environ.get("SEVENLLM_DATA_DIR")):
        return None
    from sevenllm_bench.data.benchmark import load_benchmark
    from sevenllm_bench.figures.cells import RowValues, headline_cell
    from sevenllm_bench.runs.reader import read_runs

    paths = sorted(path for path in Path(folder).glob("*.jsonl") if "judged" not in path.name)
    runs = read_runs(paths, load_benchmark)
    return [np.stack(section) for section in zip(*(RowValues(run).strata(headline_cell()) for run in runs), strict=True)]


def invented_rows() -> Strata:
    """Values of twelve models that hang together by row: 0 to 1 in four sections, letters in two."""
    rng = np.random.default_rng(7)
    found = []
    for rows in SIZES:
        values = rng.normal(0.35, 0.2, rows) + rng.normal(0, 0.15, (12, rows)) - np.linspace(0, 0.03, 12)[:, None]
        found.append((values > 0.02).astype(float) if rows == 50 else np.clip(values, 0, 1))
    return found


def exchanged(models: Strata, n: int, rng: np.random.Generator) -> Strata:
    """In every row, every system has the value of one of the models by chance."""
    return [np.take_along_axis(values, rng.integers(0, len(values), (n, values.shape[1])), axis=0) for values in models]


def equal_board(models: Strata, n: int, rng: np.random.Generator) -> tuple[Strata, NDArray[Any]]:
    """All systems equally good: their rows, and the truth up to a constant."""
    return exchanged(models, n, rng), np.zeros(n)


def one_best_board(models: Strata, n: int, rng: np.random.Generator) -> tuple[Strata, NDArray[Any]]:
    """The first is better, the others are equally good."""
    rows, again = exchanged(models, n, rng), exchanged(models, 1, rng)
    for values, second in zip(rows, again, strict=True):
        chosen = rng.random(values.shape[1]) < 0.4
        values[0] = np.where(chosen, np.maximum(values[0], second[0]), values[0])
    return rows, np.array([1.0] + [0.0] * (n - 1))


def steps_board(models: Strata, n: int, rng: np.random.Generator) -> tuple[Strata, NDArray[Any]]:
    """Mixtures of two models each; rows drawn with replacement from a population whose means are the truth."""
    pairs = np.stack([rng.choice(len(models[0]), 2, replace=False) for _ in range(n)])
    share = rng.random((n, 1))
    population = [
        np.where(rng.random((n, values.shape[1])) < share, values[pairs[:, 0]], values[pairs[:, 1]]) for values in models
    ]
    truth = np.mean([values.mean(axis=1) for values in population], axis=0)
    return [values[:, rng.integers(0, values.shape[1], values.shape[1])] for values in population], truth


def long_board(models: Strata, n: int, rng: np.random.Generator) -> tuple[Strata, NDArray[Any]]:
    """From good to half as good, in even steps."""
    lost = np.linspace(0, 0.5, n)[:, None]
    return [np.where(rng.random(values.shape) < lost, 0.0, values) for values in exchanged(models, n, rng)], -lost[:, 0]


BOARDS: dict[str, Callable[[Strata, int, np.random.Generator], tuple[Strata, NDArray[Any]]]] = {
    "equal": equal_board,
    "one best": one_best_board,
    "steps": steps_board,
    "long": long_board,
}


def ranked(rows: Strata) -> list[Ranked]:
    """The systems of a board."""
    found = []
    for place in range(len(rows[0])):
        own = [values[place] for values in rows]
        error = math.sqrt(sum(values.var(ddof=1) / len(values) for values in own)) / len(own)
        found.append(Ranked(float(np.mean([values.mean() for values in own])), error, own))
    return found


def by_neighbours(systems: Sequence[Ranked]) -> list[Band]:
    """The other way: groups that end where a system differs from the next one, by Holm over the neighbours alone."""
    order = sorted(range(len(systems)), key=lambda place: -systems[place].mean)
    shares = [np.concatenate([v / len(v) for v in systems[place].strata]) / len(systems[place].strata) for place in order]
    p_values = [float(p) for p in tail_p(np.stack([above - below for above, below in itertools.pairwise(shares)]))]
    ends = [place + 1 for place, p in enumerate(holm(p_values)) if p is not None and p <= ALPHA]
    groups = list(zip([0, *ends], [*ends, len(order)], strict=True))
    bands: dict[int, Band] = {}
    for start, end in groups:
        bands |= {order[place]: Band(place + 1, start + 1, end) for place in range(start, end)}
    return [bands[place] for place in range(len(order))]


def without_rows(systems: Sequence[Ranked]) -> list[Band]:
    """Bands by intervals alone."""
    return rank_bands([Ranked(system.mean, system.error) for system in systems])


METHODS: dict[str, Callable[[Sequence[Ranked]], list[Band]]] = {
    "all pairs, by rows": rank_bands,
    "all pairs, without rows": without_rows,
    "neighbours, by rows": by_neighbours,
}


def judged(bands: Sequence[Band], truth: NDArray[Any]) -> tuple[bool, bool, float]:
    """Whether the true best is outside the first band, whether any band leaves out a true rank, and the mean width.

    Systems that are truly equal may each have any of the ranks that they share.
    """
    better = (truth[None, :] > truth[:, None]).sum(axis=1)
    worse = (truth[None, :] < truth[:, None]).sum(axis=1)
    wrong = [
        band.best > 1 + above or band.worst < len(truth) - below for band, above, below in zip(bands, better, worse, strict=True)
    ]
    return bands[int(truth.argmax())].best > 1, any(wrong), float(np.mean([band.worst - band.best + 1 for band in bands]))


def rates(models: Strata, board: str, n: int, simulations: int) -> Iterator[tuple[str, float, float, float]]:
    """For each method: share of boards with the true best outside the first band, with any wrong band, and mean width."""
    found: dict[str, list[tuple[bool, bool, float]]] = {name: [] for name in METHODS}
    for number in range(simulations):
        rows, truth = BOARDS[board](models, n, np.random.default_rng([6, n, number]))
        systems = ranked(rows)
        for name, method in METHODS.items():
            found[name].append(judged(method(systems), truth))
    for name, results in found.items():
        outside, wrong, width = np.mean(np.array(results, dtype=float), axis=0)
        yield name, float(outside), float(wrong), float(width)


def board_tables(simulations: int, sizes: Sequence[int] = (5, 12, 30)) -> None:
    """Print how often bands are wrong, and how wide they are."""
    models = published_rows()
    print(f"rows of {'the twelve published models' if models else 'twelve invented models'}\n")
    print("| board | systems | bands from | true best outside the first band, % | any band wrong, % | mean width |")
    print("|---|---|---|---|---|---|")
    for board in BOARDS:
        for n in sizes:
            for name, outside, wrong, width in rates(models or invented_rows(), board, n, simulations):
                print(f"| {board} | {n} | {name} | {100 * outside:.1f} | {100 * wrong:.1f} | {width:.1f} |", flush=True)
