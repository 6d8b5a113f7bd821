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
    "grounded": 1,
    "rouge_l_paper": 1,
    "rouge_l": 1,
    "invented_indicators": 1,
    "acc": 1,
    "answered": 1,
    "semantic": 1,
    "semantic_f1": 1,
    "judge": 1,
    "judge_scored": 1,
}

#: The metrics of a kind of row, the paper's own one first.
METRICS: dict[Kind, tuple[str, ...]] = {
    "understanding": ("value_f1", "value_f1_norm", "json_valid", "grounded"),
    "generation": ("rouge_l_paper", "rouge_l", "invented_indicators"),
    "mcq": ("acc", "answered"),
}

#: Metrics that runs made before them lack: there they are absent, never 0, and nothing is said against the run.
ADDED_LATER = frozenset({"grounded", "invented_indicators"})
#: Metrics of which less is better; of all others, more.
LOWER_IS_BETTER = frozenset({"invented_indicators"})

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


def higher_is_better(metric: str) -> bool:
    """Whether more of a metric is better; asked wherever figures are ordered, marked or called better."""
    return metric not in LOWER_IS_BETTER


def gain(metric: str, difference: float) -> float:
    """A difference of two figures as a gain: positive where the first is the better one."""
    return difference if higher_is_better(metric) else -difference


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


#: Metrics of the tasks that encoders can run (see `encoder_tasks`); a version moves when the metric's figures do.
ENCODER_METRIC_VERSIONS = {
    "ndcg_at_10": 1,
    "recall_at_1": 1,
    "recall_at_5": 1,
    "recall_at_10": 1,
    "mrr_at_10": 1,
    "ranking_acc": 1,
    "ranking_mrr": 1,
    "span_f1": 1,
    "span_f1_partial": 1,
    "top_1": 1,
    "top_5": 1,
    "top_10": 1,
    "pseudo_log_likelihood": 1,
    "code_acc": 1,
    "circular_acc": 1,
    "stress_score": 1,
}
#: Of both, since some tasks for encoders and the tasks beside the benchmark have metrics of the benchmark too.
ITEM_METRIC_VERSIONS = METRIC_VERSIONS | ENCODER_METRIC_VERSIONS
#: Those whose value for an item is 0 or 1. Recall is none of them: a query may have several right texts.
ENCODER_SHARES = frozenset({"ranking_acc", "top_1", "top_5", "top_10", "code_acc", "circular_acc"})
#: The main metric of each kind of encoder task.
ENCODER_MAIN_METRICS = {
    "retrieval": "ndcg_at_10",
    "answer-ranking": "ranking_acc",
    "entities": "span_f1",
    "masked-terms": "top_1",
    "vulnerable-code": "code_acc",
    "mcq-circular": "circular_acc",
    "mcq-circular-logprob": "circular_acc",
    "stress": "stress_score",
}
#: The least pseudo-log-likelihood of a masked term (natural logarithm, summed over its tokens). A lower one counts as this,
#: and so does a missing one.
LEAST_PSEUDO_LOG_LIKELIHOOD = -100.0

_BOUNDS = {"judge": (1.0, 5.0), "pseudo_log_likelihood": (LEAST_PSEUDO_LOG_LIKELIHOOD, 0.0)}


def bounds(metric: str) -> tuple[float, float]:
    """Least and greatest possible value: 1 and 5 for `judge`, -100 and 0 for `pseudo_log_likelihood`, else 0 and 1."""
    return _BOUNDS.get(metric, (0.0, 1.0))


#: How far apart two figures may be that come from the same values: sums of floating-point numbers in another order.
ROUNDING = 1e-9
