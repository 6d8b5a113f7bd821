"""Acronyms with two meanings: does the context move a sentence towards the right one?"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.catalog import LANGUAGES, Language
from sevenllm_bench.encoder_runs.probed_encoder import ProbedEncoder
from sevenllm_bench.stats.intervals import mean_interval, only_zeros_and_ones, wilson
from sevenllm_bench.stats.resampling import Draws

if TYPE_CHECKING:
    import numpy as np

_FILE = Path(__file__).parent / "probe_texts" / "acronyms.jsonl"
_RESAMPLES = 10_000
_NAMES: dict[Language, str] = {"en": "English", "zh": "Chinese"}


@dataclass(frozen=True, slots=True)
class Acronym:
    """An acronym, or a Chinese word, with two meanings.

    Attributes:
        language: Of its sentences.
        acronym: How it is written.
        expansions: Its meanings, the one of security first.
        sentences: A sentence for each meaning; none of an expansion's longer words is in them.
    """

    language: Language
    acronym: str
    expansions: tuple[str, str]
    sentences: tuple[str, str]


@functools.cache
def acronyms() -> tuple[Acronym, ...]:
    """All of them, written by hand."""
    rows = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
    return tuple(Acronym(row["language"], row["acronym"], tuple(row["expansions"]), tuple(row["sentences"])) for row in rows)


def acronym_probe(encoder: ProbedEncoder) -> dict[str, Any]:
    """How often a sentence with an acronym is nearer to the meaning that it has there than to the other one.

    Returns:
        A JSON object by language. `pairs`: acronyms, each with two sentences. `accuracy`: share of sentences that are nearer
        to the right expansion (a tie counts half, by chance 0.5), with `interval` (95 %, bootstrap over acronyms; Wilson where
        both or none of each one's sentences are right; None where all acronyms have the same share between).
        `moved`: share of acronyms for which the difference of both similarities is larger in the sentence of the first meaning
        than in that of the second, whatever the model prefers without context; with `moved_interval` (95 %, Wilson). And a
        `sentence`. Kinds of encoders without similarities have the sentence only.
    """
    if encoder.similarities is None:
        return {"sentence": f"A {encoder.kind} doesn't compare texts; meanings of acronyms are not probed."}
    result: dict[str, Any] = {}
    for language in LANGUAGES:
        group = [acronym for acronym in acronyms() if acronym.language == language]
        similar = [encoder.similarities(acronym.sentences, acronym.expansions) for acronym in group]
        result[language] = _figures(similar, language)
    return {**result, "sentence": _sentence(result)}


def _figures(similar: list[np.ndarray], language: Language) -> dict[str, Any]:
    """Figures from arrays (2, 2), one for each acronym: sentences by expansions."""
    import numpy as np

    margins = np.array([[array[0, 0] - array[0, 1], array[1, 1] - array[1, 0]] for array in similar])
    right = ((np.sign(margins) + 1) / 2).mean(axis=1)
    interval = mean_interval([right], Draws(0, _RESAMPLES, "acronyms", language), shares=only_zeros_and_ones(right))
    moved = int((margins.sum(axis=1) > 0).sum())
    share = wilson(moved, len(similar))
    return {
        "pairs": len(similar),
        "accuracy": float(right.mean()),
        "interval": [interval.low, interval.high],
        "moved": moved / len(similar),
        "moved_interval": [share.low, share.high],
    }


def _sentence(result: dict[str, Any]) -> str:
    parts = [
        f"{_NAMES[language]} {result[language]['accuracy']:.0%} of sentences and {result[language]['moved']:.0%} of "
        f"{result[language]['pairs']} acronyms"
        for language in LANGUAGES
    ]
    return f"The context moves an acronym with two meanings to the right one: {'; '.join(parts)} (by chance 50%)."
