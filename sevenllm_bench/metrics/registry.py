"""The metrics: their names, versions, kinds of row and ranges."""

from __future__ import annotations

from sevenllm_bench.catalog import Kind

#: Moves when what counts as the answer in a model's text does (see `answers`), and with it any metric's figures.
READING_VERSION = 2
#: Moves when a metric's figures do.
METRIC_VERSIONS = {
    "value_f1": 1,
    "value_f1_norm": 2,
    "json_valid": 2,
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


#: The metrics that can be computed again from an answer alone.
LEXICAL: frozenset[str] = frozenset(name for names in METRICS.values() for name in names)


def kinds_of(metric: str) -> tuple[Kind, ...]:
    """The kinds of row that a metric applies to."""
    if metric in (*SEMANTIC_METRICS, *JUDGE_METRICS):
        return OPTIONAL_FOR
    return tuple(kind for kind, names in METRICS.items() if metric in names)


def bounds(metric: str) -> tuple[float, float]:
    """Least and greatest possible value: 1 and 5 for `judge`, else 0 and 1."""
    return (1.0, 5.0) if metric == "judge" else (0.0, 1.0)


#: How far apart two figures may be that come from the same values: sums of floating-point numbers in another order.
ROUNDING = 1e-9
