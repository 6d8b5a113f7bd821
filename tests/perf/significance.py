"""Do the intervals hold what they promise, and how often does chance alone look like a difference?

python tests/perf/significance.py [SIMULATIONS] [--bands]
    (default: 2000; about twelve minutes; prints the tables of docs/comparing.md; --bands: only those of rank bands)

Models are simulated, so that the truth is known. A row's values for two models hang together (its difficulty): correlation
0.6 under a normal copula. Shapes are like those of published models: `f1` is 0 in a quarter of the rows and Beta(2, 3)
elsewhere, `rouge` is Beta(8, 18), `letters` are right with probability 0.92, `mostly 0` is 0 in 60 % and Beta(1, 2) elsewhere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ranked_boards import board_tables
from scipy import special, stats

from sevenllm_bench.catalog import LANGUAGES, LEAVES
from sevenllm_bench.stats.family import decide
from sevenllm_bench.stats.intervals import Interval, bootstrap_interval, mean_interval
from sevenllm_bench.stats.paired import ALPHA, Paired, compare_paired, paired_p
from sevenllm_bench.stats.resampling import Draws

CORRELATION = 0.6
RESAMPLES = 2_000
SIZES = (10, 15, 22, 33, 50, 81, 300)


def zeros_and_beta(zeros: float, a: float, b: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Quantiles of a mixture of 0 and a beta distribution, read off a fine table."""
    grid = np.linspace(0, 1, 4_001)
    table = np.where(grid <= zeros, 0.0, stats.beta.ppf(np.clip((grid - zeros) / (1 - zeros), 0, 1), a, b))
    return lambda u: np.where(u <= zeros, 0.0, np.interp(u, grid, table))


#: Name to (quantile function, true mean, whether a share).
SHAPES: dict[str, tuple[Callable[[NDArray[Any]], NDArray[Any]], float, bool]] = {
    "f1": (zeros_and_beta(0.25, 2, 3), 0.75 * 2 / 5, False),
    "rouge": (zeros_and_beta(0.0, 8, 18), 8 / 26, False),
    "letters": (lambda u: (u > 0.08).astype(float), 0.92, True),
    "mostly 0": (zeros_and_beta(0.6, 1, 2), 0.4 / 3, False),
}
KIND_SHAPES = {"understanding": "f1", "generation": "rouge", "mcq": "letters"}


def pair(shape: str, n: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """Values of two models that are equally good, in the same n rows."""
    shared, own = rng.standard_normal(n), rng.standard_normal((2, n))
    uniform = special.ndtr(np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own)
    return SHAPES[shape][0](uniform[0]), SHAPES[shape][0](uniform[1])


def draws_of(rng: np.random.Generator) -> Draws:
    """Draws of their own for each simulated sample."""
    return Draws(int(rng.integers(1 << 30)), RESAMPLES)


def coverage_of_means(simulations: int) -> None:
    """How often the interval of a mean holds the true mean, and the interval of a difference 0."""
    print("| values | what | " + " | ".join(f"n = {n}" for n in SIZES) + " |")
    print("|---|---|" + "---|" * len(SIZES))
    for shape, (_, truth, shares) in SHAPES.items():
        means, differences = [], []
        for n in SIZES:
            rng = np.random.default_rng([1, n])
            held = [0, 0]
            seen = 0
            for _ in range(simulations):
                first, second = pair(shape, n, rng)
                draws = draws_of(rng)
                of_mean = mean_interval([first], draws, shares=shares)
                of_difference = (
                    compare_paired([first], [second], draws, shares=True).interval
                    if shares
                    else bootstrap_interval([second - first], draws, (-1, 1))
                )
                if of_mean.low is not None and of_mean.high is not None:  # all rows equal: no interval, nothing promised
                    seen += 1
                    held[0] += of_mean.low <= truth <= of_mean.high
                held[1] += of_difference.low is not None and of_difference.low <= 0 <= (of_difference.high or 0)
            means.append(held[0] / max(seen, 1))
            differences.append(held[1] / simulations)
        for what, row in (("mean", means), ("difference", differences)):
            print(f"| {shape} | {what} | " + " | ".join(f"{100 * share:.1f}" for share in row) + " |", flush=True)


def coverage_of_the_headline(simulations: int) -> None:
    """The same for the mean over six sections of 300, 300 and 50 rows."""
    rng = np.random.default_rng(2)
    sections = [(KIND_SHAPES[kind], 50 if kind == "mcq" else 300) for _ in LANGUAGES for kind in KIND_SHAPES]
    truth = float(np.mean([SHAPES[shape][1] for shape, _ in sections]))
    held = [0, 0]
    for _ in range(simulations):
        pairs = [pair(shape, n, rng) for shape, n in sections]
        one = mean_interval([first for first, _ in pairs], draws_of(rng))
        two = bootstrap_interval([second - first for first, second in pairs], draws_of(rng), (-1, 1))
        held[0] += one.low is not None and one.low <= truth <= (one.high or 0)
        held[1] += two.low is not None and two.low <= 0 <= (two.high or 0)
    print(f"\nheadline: mean {100 * held[0] / simulations:.1f} %, difference {100 * held[1] / simulations:.1f} %", flush=True)


def false_positives_of_one_test(simulations: int) -> None:
    """How often one test calls equal models different; also where only their means are equal."""
    print("\n| values | " + " | ".join(f"n = {n}" for n in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for shape, (_, _truth, shares) in SHAPES.items():
        rates = []
        for n in SIZES:
            rng = np.random.default_rng([3, n])
            found = 0
            for _ in range(simulations):
                first, second = pair(shape, n, rng)
                p, _why = paired_p([second - first], shares, draws_of(rng))
                found += p is not None and p <= ALPHA
            rates.append(found / simulations)
        print(f"| {shape} | " + " | ".join(f"{100 * rate:.1f}" for rate in rates) + " |", flush=True)
    rates = []
    for n in SIZES:
        rng = np.random.default_rng([4, n])
        found = 0
        for _ in range(simulations):
            first, _ = pair("f1", n, rng)
            second = stats.beta.rvs(12, 28, size=n, random_state=rng)  # mean 0.3 as well, without zeros
            p, _why = paired_p([second - first], False, draws_of(rng))
            found += p is not None and p <= ALPHA
        rates.append(found / simulations)
    print("| f1 against another shape of the same mean | " + " | ".join(f"{100 * rate:.1f}" for rate in rates) + " |", flush=True)


def official_rows() -> dict[str, tuple[str, str, int]]:
    """Task to (section, shape, rows) as in the official file."""
    return {
        leaf.name: (
            f"{leaf.language}_{leaf.kind}",
            KIND_SHAPES[leaf.kind],
            leaf.task.official_count(leaf.language) if leaf.task else 50,
        )
        for leaf in LEAVES
        if leaf.is_official
    }


def whole_comparisons(simulations: int, models: int = 1) -> dict[str, float]:
    """Share of whole comparisons of equal models in which at least one line of a level calls them different.

    Args:
        simulations: How many comparisons.
        models: Models compared with the baseline in each.
    """
    tasks = official_rows()
    false: dict[str, int] = dict.fromkeys(("overall", "language", "kind", "section", "task"), 0)
    for number in range(simulations):
        rng = np.random.default_rng([5, models, number])
        draws = draws_of(rng)
        families: dict[str, list[tuple[Paired, Sequence[NDArray[Any]]]]] = {level: [] for level in false}
        for _ in range(models):
            differences = {task: np.subtract(*pair(shape, n, rng)) for task, (_, shape, n) in tasks.items()}
            for level, cells in _cells(differences, tasks).items():
                for strata, binary in cells:
                    families[level].append((tested(strata, binary, draws), strata))
        for level, tests in families.items():
            _, corrected, _ = decide([test for test, _ in tests], [strata for _, strata in tests], number, RESAMPLES)
            false[level] += any(p is not None and p <= ALPHA for p in corrected)
    return {level: count / simulations for level, count in false.items()}


def tested(strata: Sequence[NDArray[Any]], binary: bool, draws: Draws) -> Paired:
    """The test of `compare_paired` without the interval, which takes most of the time."""
    p, why_not = paired_p(strata, binary, draws)
    rows, wins, losses = (sum(int(of(values).sum()) for values in strata) for of in (np.isfinite, _above, _below))
    test = "" if why_not else "mcnemar" if binary else "permutation"
    return Paired(rows, 0.0, Interval(None, None), wins, rows - wins - losses, losses, None, p, test, why_not)


def _above(values: NDArray[Any]) -> NDArray[Any]:
    return values > 0


def _below(values: NDArray[Any]) -> NDArray[Any]:
    return values < 0


_Cells = dict[str, list[tuple[Sequence[NDArray[Any]], bool]]]


def _cells(differences: dict[str, NDArray[Any]], tasks: dict[str, tuple[str, str, int]]) -> _Cells:
    """The cells of each level, put together as `comparison.cells` does."""
    parts: dict[str, list[NDArray[Any]]] = {}
    for task, values in differences.items():
        parts.setdefault(tasks[task][0], []).append(values)
    sections = {name: np.concatenate(values) for name, values in parts.items()}
    kinds = [[values for name, values in sections.items() if name.endswith(kind)] for kind in KIND_SHAPES]
    languages = [[values for name, values in sections.items() if name.startswith(language)] for language in LANGUAGES]
    return {
        "overall": [(list(sections.values()), False)],
        "language": [(strata, False) for strata in languages],
        "kind": [(strata, False) for strata in kinds],
        "section": [([values], name.endswith("mcq")) for name, values in sections.items()],
        "task": [([values], tasks[task][1] == "letters") for task, values in differences.items()],
    }


def main() -> None:
    """Print all tables."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    simulations = numbers[0] if numbers else 2_000
    start = time.perf_counter()
    print(f"rank bands, {simulations // 2:,} boards each (wanted: at most 5 % of boards with a band that is wrong)\n")
    board_tables(simulations // 2)
    if "--bands" in sys.argv:
        return
    print(f"\ncoverage of the 95 % interval in %, {simulations:,} samples each (wanted: 93 to 97)\n")
    coverage_of_means(simulations)
    coverage_of_the_headline(simulations)
    # Five times as many: with 35 figures, 2,000 comparisons each would put some beyond 5.5 by chance alone.
    print(f"\nfalse positives of one test in %, {5 * simulations:,} comparisons each (wanted: at most 5.5)")
    false_positives_of_one_test(5 * simulations)
    print(f"\nfalse findings after Holm's correction in %, {simulations:,} whole comparisons each (wanted: at most 5.5)\n")
    for models in (1, 3):
        rates = whole_comparisons(simulations, models)
        shown = ", ".join(f"{level} {100 * rate:.1f}" for level, rate in rates.items())
        print(f"{models} model(s) against a baseline, any line of a level: {shown}", flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
