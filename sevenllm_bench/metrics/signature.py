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
}

#: The metrics of a kind of row, the paper's own one first.
METRICS: dict[Kind, tuple[str, ...]] = {
    "understanding": ("value_f1", "value_f1_norm", "json_valid"),
    "generation": ("rouge_l_paper", "rouge_l"),
    "mcq": ("acc", "answered"),
}


def paper_metric(kind: Kind) -> str:
    """The metric that the paper reports for a kind of row."""
    return METRICS[kind][0]


def signature(kind: Kind, language: Language, data: dict[str, Any]) -> dict[str, Any]:
    """What identifies the figures of one kind and language.

    Args:
        kind: Kind of row.
        language: "en" or "zh".
        data: What identifies the rows, e.g. `scoring.describe_data`.

    Returns:
        A flat JSON object: package version, metric versions, language, segmenter (for generation), data.
    """
    segmenter = {"segmenter": f"sevenllm-bench words 1 + jieba {jieba_version()}", "lcs": f"rapidfuzz {version('rapidfuzz')}"}
    return {
        "sevenllm_bench": __version__,
        "metrics": {name: METRIC_VERSIONS[name] for name in METRICS[kind]},
        "language": language,
        **(segmenter if kind == "generation" else {}),
        "data": data,
    }


def signature_line(fields: dict[str, Any]) -> str:
    """A signature on one line, `name:value` parts joined by "|"."""

    def part(name: str, value: Any) -> str:
        if isinstance(value, dict):
            return "|".join(part(f"{name}.{key}", item) for key, item in value.items())
        return f"{name}:{value}"

    return "|".join(part(name, value) for name, value in fields.items())
