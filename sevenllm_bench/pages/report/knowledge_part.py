"""Multiple choice beside programs that know nothing, for the section "Can it be trusted?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sevenllm_bench.figures.mcq_baselines import McqBaselines, baselines_by_language
from sevenllm_bench.figures.rounding import shown
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.pages.report.with_interval import with_interval
from sevenllm_bench.pages.trust.trust_part import TrustPart
from sevenllm_bench.pages.trust.trust_words import KNOWLEDGE_SENTENCES
from sevenllm_bench.runs.records import Run
from sevenllm_bench.stats.intervals import mean_interval
from sevenllm_bench.stats.resampling import Draws


def knowledge_parts(runs: Sequence[Run], draws: Draws) -> list[TrustPart]:
    """The accuracy of each run in multiple choice below that of programs without knowledge; no part without such rows.

    Args:
        runs: The runs of the report, in the order in which they are shown.
        draws: Source of chance of the intervals; those of shares need none.
    """
    baselines = without_knowledge(runs)
    if not baselines:
        return []
    columns = ("Answered by", *(LANGUAGE_NAMES[own.language] for own in baselines if own.language))
    rows = [*_programs(baselines), *(_line(run, baselines, draws) for run in runs)]
    return [TrustPart("Multiple choice without knowledge", KNOWLEDGE_SENTENCES, columns, tuple(rows))]


def without_knowledge(runs: Sequence[Run]) -> list[McqBaselines]:
    """What programs without knowledge score, by language, over the benchmark's questions that any run has."""
    questions = {sample.row.id: sample.row for run in runs for sample in run.samples if _counts(sample.kind, sample.is_default)}
    return baselines_by_language(list(questions.values()))


def levels_without_knowledge(runs: Sequence[Run]) -> dict[str, McqBaselines]:
    """The same by section, for tables of figures: only where all runs that have questions of a language have the same ones."""
    found = {}
    for own in without_knowledge(runs):
        asked = [
            frozenset(s.id for s in run.samples if _counts(s.kind, s.is_default) and s.language == own.language) for run in runs
        ]
        if len({ids for ids in asked if ids}) == 1:
            found[f"{own.language}_mcq"] = own
    return found


def _counts(kind: str, is_default: bool) -> bool:
    return kind == "mcq" and is_default


def _programs(baselines: Sequence[McqBaselines]) -> list[tuple[str, ...]]:
    """A line per program; the letter is the best of each language, so it is in the cells."""
    return [
        ("one letter, always", *(f"{shown(own.constant[own.best_letter])} ({own.best_letter})" for own in baselines)),
        ("the longest option", *(shown(own.longest) for own in baselines)),
        ("chance", *(shown(own.random) for own in baselines)),
    ]


def _line(run: Run, baselines: Sequence[McqBaselines], draws: Draws) -> tuple[str, ...]:
    values: Mapping[str, list[float]] = {str(own.language): [] for own in baselines}
    for sample in run.samples:
        if _counts(sample.kind, sample.is_default) and "acc" in sample.metrics:
            values[sample.language].append(sample.metrics["acc"])
    return run.label, *(_accuracy(own, draws) for own in values.values())


def _accuracy(values: Sequence[float], draws: Draws) -> str:
    import numpy as np

    mean = sum(values) / len(values) if values else None
    return with_interval(mean, mean_interval([np.array(values, dtype=float)], draws, shares=True))
