"""How much a model loses where the incident text has noise: the same rows without and with it, paired by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.comparison.stress_pairs import RowPair, pair_rows, refusals
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.figures.vocabulary import KIND_NAMES, LANGUAGE_NAMES
from sevenllm_bench.metrics.registry import OPTIONAL_FOR
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.family import decide
from sevenllm_bench.stats.paired import Paired, compare_paired
from sevenllm_bench.stats.resampling import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 10_000
DropLevel = Literal["total", "kind", "noise"]
_LEVELS: tuple[DropLevel, ...] = ("total", "kind", "noise")


@dataclass(frozen=True, slots=True)
class Drop:
    """The drop over some rows.

    Attributes:
        level: "total" (a language, or both), "kind" (what rows ask for) or "noise".
        name: In words, e.g. "English", "English, understanding", "ocr".
        rows: Number of rows.
        clean: Mean without noise: of a language or both, the unweighted mean of extraction (value_f1) and analysis (rouge_l).
        noisy: The same with noise.
        paired: The drop, `clean` less `noisy`, with its 95 % interval and test by rows.
        p: p-value after Holm's correction over the tests of the same level; None where there is no test.
    """

    level: DropLevel
    name: str
    rows: int
    clean: float
    noisy: float
    paired: Paired
    p: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The drop as a JSON object."""
        interval = self.paired.interval
        return {
            "level": self.level,
            "name": self.name,
            "rows": self.rows,
            "clean": self.clean,
            "noisy": self.noisy,
            "drop": self.paired.difference,
            "low": interval.low,
            "high": interval.high,
            "why_no_interval": interval.why_not or None,
            "p_holm": self.p,
            "why_no_test": self.paired.why_not or None,
        }


@dataclass(frozen=True, slots=True)
class StressDrop:
    """What the rows say of a model under noise.

    Attributes:
        clean: Label of the run without noise.
        stressed: Label of the run with noise.
        noise: Version and seed of the noise.
        drops: Total, by kind, by noise.
        rows: Number of rows in both runs.
        unpaired: Rows with noise for which the run without noise has no answer.
        forced: Why the two can't be compared; not empty only where it was forced.
    """

    clean: str
    stressed: str
    noise: Mapping[str, Any]
    drops: tuple[Drop, ...]
    rows: int
    unpaired: tuple[int, ...]
    forced: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it as a JSON object."""
        return {
            "clean": self.clean,
            "stressed": self.stressed,
            "noise": dict(self.noise),
            "rows": self.rows,
            "unpaired": list(self.unpaired),
            "forced": list(self.forced),
            "drops": [drop.as_json() for drop in self.drops],
        }


def stress_drop(clean: Run, stressed: Run, seed: int = 0, resamples: int = RESAMPLES, force: bool = False) -> StressDrop:
    """Compare a run with noise with one without, over the rows that both have.

    Args:
        clean: The run without noise: leaves of the benchmark.
        stressed: The run with stress tasks; it may be the same run.
        seed: Seed of every random choice of the statistics; it has nothing to do with the noise.
        resamples: Number of bootstrap means and of sign patterns.
        force: Go on although the runs differ in more than the noise; the reasons are in the result.

    Raises:
        ResultsError: They share no row, or differ in more than the noise.
    """
    pairs, unpaired = pair_rows(clean, stressed)
    reasons = refusals(clean, stressed, pairs)
    if reasons and not force:
        lines = "\n".join(f"  - {reason}" for reason in reasons)
        raise ResultsError(
            f"{clean.label} and {stressed.label} differ in more than the noise:\n{lines}\n"
            "Run both alike, or let --force compare the rows that they share."
        )
    draws, found = Draws(seed, resamples), []
    for level, name, groups in _groups(pairs):
        first, second = [_values(group, "noisy") for group in groups], [_values(group, "clean") for group in groups]
        means = [sum(float(values.mean()) for values in strata) / len(strata) for strata in (second, first)]
        paired = compare_paired(first, second, draws)
        found.append(
            (Drop(level, name, paired.rows, means[0], means[1], paired), [b - a for a, b in zip(first, second, strict=True)])
        )
    task = next(task for task in stressed.encoder_tasks.values() if task.entry.kind == "stress")
    noise = task.signature.get("stress")
    return StressDrop(
        clean=clean.label,
        stressed=stressed.label,
        noise=noise if isinstance(noise, Mapping) else {},
        drops=tuple(_corrected(found, seed, resamples)),
        rows=len(pairs),
        unpaired=tuple(unpaired),
        forced=tuple(reasons),
    )


def _groups(pairs: Sequence[RowPair]) -> Iterable[tuple[DropLevel, str, list[list[RowPair]]]]:
    """Level, name and strata of everything that a drop is given of."""
    languages = [language for language in LANGUAGES if any(pair.language == language for pair in pairs)]
    strata = {
        (language, kind): [pair for pair in pairs if (pair.language, pair.kind) == (language, kind)]
        for language in languages
        for kind in OPTIONAL_FOR
    }
    whole = {key: own for key, own in strata.items() if own}
    if len(languages) > 1:
        yield "total", "both languages", list(whole.values())
    for language in languages:
        yield "total", LANGUAGE_NAMES[language], [own for key, own in whole.items() if key[0] == language]
    for (language, kind), own in whole.items():
        yield "kind", f"{LANGUAGE_NAMES[language]}, {KIND_NAMES[kind]}", [own]
    for noise in sorted({pair.noise for pair in pairs}):
        yield "noise", noise, [[pair for pair in pairs if pair.noise == noise]]


def _values(pairs: Sequence[RowPair], which: Literal["clean", "noisy"]) -> NDArray[Any]:
    import numpy as np

    return np.array([getattr(pair, which) for pair in pairs], dtype=float)


def _corrected(found: Sequence[tuple[Drop, list[NDArray[Any]]]], seed: int, resamples: int) -> Iterable[Drop]:
    """The drops with p-values corrected within each level."""
    for level in _LEVELS:
        own = [entry for entry in found if entry[0].level == level]
        if own:
            tests, corrected, _ = decide([drop.paired for drop, _ in own], [values for _, values in own], seed, resamples)
            for (drop, _), paired, p in zip(own, tests, corrected, strict=True):
                yield replace(drop, paired=paired, p=p)
