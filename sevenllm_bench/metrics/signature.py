"""The signature beside every score: what has to be known to compare it with another."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.catalog import Kind, Language
from sevenllm_bench.text.segment import jieba_version

#: Moves when a metric's figures do.
METRIC_VERSIONS = {
    "value_f1": 1,
    "value_f1_norm": 1,
    "json_valid": 1,
    "rouge_l_paper": 1,
    "rouge_l": 1,
    "acc": 1,
    "answered": 1,
    "semantic": 1,
    "semantic_f1": 1,
    "judge": 1,
    "judge_scored": 1,
}

#: The metrics of a kind of row, the paper's own one first.
METRICS: dict[Kind, tuple[str, ...]] = {
    "understanding": ("value_f1", "value_f1_norm", "json_valid"),
    "generation": ("rouge_l_paper", "rouge_l"),
    "mcq": ("acc", "answered"),
}

#: Metrics that need an embedding model, and a judge: present only where there is one.
SEMANTIC_METRICS = ("semantic", "semantic_f1")
JUDGE_METRICS = ("judge", "judge_scored")
#: The kinds of row that these apply to.
OPTIONAL_FOR: tuple[Kind, ...] = ("understanding", "generation")


#: Metrics that are never averaged over the two languages, because they are defined differently in each.
BY_LANGUAGE_ONLY = frozenset({"rouge_l_paper"})
#: Metrics whose value for a row is 0 or 1.
SHARES = frozenset({"json_valid", "acc", "answered", "judge_scored"})
#: The metric of each kind that the headline score is made of: the unweighted mean over language × these three.
HEADLINE: dict[Kind, str] = {"understanding": "value_f1", "generation": "rouge_l", "mcq": "acc"}


def paper_metric(kind: Kind) -> str:
    """The metric that the paper reports for a kind of row."""
    return METRICS[kind][0]


def signature(kind: Kind, language: Language, data: dict[str, Any], **parts: dict[str, Any] | None) -> dict[str, Any]:
    """What identifies the figures of one kind and language.

    Args:
        kind: Kind of row.
        language: "en" or "zh".
        data: What identifies the rows, see `data.describe`.
        **parts: What identifies further parts, such as `embedding` and `judge`; None for those that are absent.

    Returns:
        A JSON object: package version, metric versions, language, segmenter (for generation), data, further parts.
    """
    segmenter = {"segmenter": f"sevenllm-bench words 1 + jieba {jieba_version()}", "lcs": f"rapidfuzz {version('rapidfuzz')}"}
    return {
        "sevenllm_bench": __version__,
        "metrics": {name: METRIC_VERSIONS[name] for name in (*METRICS[kind], *_optional(kind, parts))},
        "language": language,
        **(segmenter if kind == "generation" else {}),
        "data": data,
        **{name: part for name, part in parts.items() if part and kind in OPTIONAL_FOR},
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
