"""The signature beside every score: what has to be known to compare it with another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.catalog import Kind, Language
from sevenllm_bench.metrics.registry import (
    ITEM_METRIC_VERSIONS,
    JUDGE_METRICS,
    METRIC_VERSIONS,
    METRICS,
    OPTIONAL_FOR,
    READING_VERSION,
    SEMANTIC_METRICS,
)
from sevenllm_bench.text.segment import jieba_version


def signature(
    kind: Kind, language: Language, data: dict[str, Any], reasoning_end: str = "", **parts: dict[str, Any] | None
) -> dict[str, Any]:
    """What identifies the figures of one kind and language.

    Args:
        kind: Kind of row.
        language: "en" or "zh".
        data: What identifies the rows, see `data.describe`.
        reasoning_end: What ends reasoning, where a form that isn't known was named.
        **parts: What identifies further parts, such as `embedding` and `judge`; None for those that are absent.

    Returns:
        A JSON object: package version, metric versions, version of how answers are read, language, segmenter (for
        generation), data, further parts.
    """
    return {
        "sevenllm_bench": __version__,
        "metrics": {name: METRIC_VERSIONS[name] for name in (*METRICS[kind], *_optional(kind, parts))},
        "reading": READING_VERSION,
        **({"reasoning_end": reasoning_end} if reasoning_end else {}),
        "language": language,
        **(segmenter_of() if kind == "generation" else {}),
        "data": data,
        **{name: part for name, part in parts.items() if part and kind in OPTIONAL_FOR},
    }


def segmenter_of() -> dict[str, str]:
    """What identifies the words of ROUGE-L, and the longest common subsequence."""
    words, common = _installed()
    return {"segmenter": f"sevenllm-bench words 1 + jieba {words}", "lcs": f"rapidfuzz {common}"}


@lru_cache(1)
def _installed() -> tuple[str, str]:
    """Versions of jieba and rapidfuzz, which are read from files and stay the same in a process."""
    return jieba_version(), version("rapidfuzz")


def encoder_signature(
    metrics: Sequence[str], language: Language | None, data: Mapping[str, Any], **parts: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What identifies the figures of a task that encoders can run.

    Args:
        metrics: Names of its metrics.
        language: "en" or "zh"; None for code.
        data: What identifies the rows.
        **parts: What identifies further parts, such as `method`, how the answers were made; None for those that are absent.
    """
    return {
        "sevenllm_bench": __version__,
        "metrics": {name: ITEM_METRIC_VERSIONS[name] for name in metrics},
        "language": language or "code",
        "data": dict(data),
        **{name: dict(part) for name, part in parts.items() if part},
    }


def _optional(kind: Kind, parts: dict[str, dict[str, Any] | None]) -> tuple[str, ...]:
    if kind not in OPTIONAL_FOR:
        return ()
    return (SEMANTIC_METRICS if parts.get("embedding") else ()) + (JUDGE_METRICS if parts.get("judge") else ())


def signature_line(fields: dict[str, Any]) -> str:
    """A signature on one line, `name:value` parts joined by "|"."""

    def part(name: str, value: Any) -> str:
        if isinstance(value, dict):
            return "|".join(part(f"{name}.{key}", item) for key, item in value.items())
        return f"{name}:{value}"

    return "|".join(part(name, value) for name, value in fields.items())
