"""Probes of an encoder, reported beside its scores: indicators, acronyms, Chinese, texts that are cut, ties."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sevenllm_bench.catalog import LANGUAGES, Language
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.acronym_probe import acronym_probe
from sevenllm_bench.encoder_runs.chinese_probe import chinese_probe
from sevenllm_bench.encoder_runs.indicator_probe import indicator_probe
from sevenllm_bench.encoder_runs.probed_encoder import ProbedEncoder, open_encoder
from sevenllm_bench.encoder_tasks.incidents import documents
from sevenllm_bench.encoders.encoder_choice import EncoderChoice

_NAMES: dict[Language, str] = {"en": "English", "zh": "Chinese"}
_BEST = 10
#: Queries and texts of the rankings in which ties are counted: a cross-encoder reads each pair of them.
_RANKED = {"bi-encoder": (50, 100), "cross-encoder": (10, 20)}


def probe_encoder(choice: EncoderChoice, benchmark: Benchmark) -> dict[str, Any]:
    """Run all probes that the kind of encoder allows.

    Bi-encoders have all of them, cross-encoders those that need no vectors, other kinds those of the tokenizer. The same
    encoder and benchmark give the same figures.

    Args:
        choice: The encoder.
        benchmark: Its distinct texts are read for lengths, Chinese and ties.

    Returns:
        A JSON object: `encoder` and `kind`; `probes`, by name a JSON object with figures and a `sentence`; `warnings`,
        sentences that belong beside the encoder's scores.

    Raises:
        ConfigError: The encoder can't be loaded.
    """
    encoder = open_encoder(choice)
    texts = {
        language: list(documents(row for row in benchmark.rows if row.language == language).values()) for language in LANGUAGES
    }
    probes: dict[str, Callable[[], dict[str, Any]]] = {
        "indicators": lambda: indicator_probe(encoder),
        "acronyms": lambda: acronym_probe(encoder),
        "chinese": lambda: chinese_probe(encoder, texts["zh"], texts["en"]),
        "lengths": lambda: length_probe(encoder, texts),
        "ties": lambda: tie_probe(encoder, texts, _questions(benchmark)),
    }
    found = {name: probe() for name, probe in probes.items()}
    return {"encoder": choice.label, "kind": encoder.kind, "probes": found, "warnings": list(_warnings(found))}


def _warnings(probes: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    for found in probes.values():
        if found.get("warning"):
            yield str(found["warning"])


def _questions(benchmark: Benchmark) -> dict[Language, list[str]]:
    """The benchmark's multiple-choice questions by language, each once."""
    found: dict[Language, dict[str, None]] = {language: {} for language in LANGUAGES}
    for row in benchmark.rows:
        if isinstance(row.instruction, dict):
            found[row.language][str(row.instruction["question"])] = None
    return {language: list(questions) for language, questions in found.items()}


def length_probe(encoder: ProbedEncoder, texts: Mapping[Language, Sequence[str]]) -> dict[str, Any]:
    """How many texts are longer than an encoder reads.

    Returns:
        A JSON object: `limit`, tokens that it reads; by language `texts`, `longer` (share of them that is longer than that),
        `median_tokens` and `most_tokens`, special ones included; and a `sentence`. What becomes of long texts is in the
        method of each task.
    """
    result: dict[str, Any] = {"limit": encoder.limit}
    for language, group in texts.items():
        lengths = [encoder.length(text) for text in group]
        longer = sum(length > encoder.limit for length in lengths)
        result[language] = {
            "texts": len(group),
            "longer": longer / len(group) if group else 0.0,
            "median_tokens": statistics.median(lengths) if lengths else 0,
            "most_tokens": max(lengths, default=0),
        }
    parts = [f"{result[language]['longer']:.1%} of {len(group)} {_NAMES[language]} texts" for language, group in texts.items()]
    how = "their end is not read" if encoder.choice.long_texts == "cut" else "they are read in windows"
    return {**result, "sentence": f"Longer than the {encoder.limit} tokens that the model reads: {', '.join(parts)}; {how}."}


def tie_probe(
    encoder: ProbedEncoder, texts: Mapping[Language, Sequence[str]], queries: Mapping[Language, Sequence[str]]
) -> dict[str, Any]:
    """Rankings in which distinct texts have exactly the same score, so that a rule and not the model orders them.

    Returns:
        A JSON object: by language the figures of `ties_in`, and a `sentence`.
    """
    if encoder.similarities is None:
        return {"sentence": f"A {encoder.kind} ranks no texts; ties are not counted."}
    most_queries, most_texts = _RANKED[encoder.kind]
    result: dict[str, Any] = {}
    for language, group in texts.items():
        scores = encoder.similarities(queries[language][:most_queries], group[:most_texts])
        result[language] = ties_in([sorted(row.tolist(), reverse=True) for row in scores])
    parts = [
        f"{result[language]['first']:.1%} of {result[language]['rankings']} {_NAMES[language]} rankings, and one of the best "
        f"{_BEST} in {result[language]['among_best']:.1%}"
        for language in texts
    ]
    return {**result, "sentence": f"Distinct texts share the best score in {'; '.join(parts)}."}


def ties_in(rankings: Iterable[Sequence[float]]) -> dict[str, Any]:
    """How often equal scores stand side by side.

    Args:
        rankings: Scores of each ranking, the best first.

    Returns:
        `rankings`; `first`, the share in which the best score comes at least twice; `among_best`, the share in which two of
        the best ten, or the tenth and the one after it, have the same.
    """
    all_scores = [list(scores) for scores in rankings]
    first = sum(len(scores) > 1 and scores[0] == scores[1] for scores in all_scores)
    among = sum(any(one == other for one, other in pairwise(scores[: _BEST + 1])) for scores in all_scores)
    n = len(all_scores)
    return {"rankings": n, "first": first / n if n else 0.0, "among_best": among / n if n else 0.0}
