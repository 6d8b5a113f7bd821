"""Retrieval: what a row asks or answers finds the text of its incident among all texts of the language.

Queries are of three kinds: the question of an MCQ, the reference analysis, the extracted values. An MCQ's options are left
out: a searcher has a question, and three options of four are false. All texts of the row's incident are hits.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sevenllm_bench.catalog import KINDS
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.incidents import documents, incidents
from sevenllm_bench.metrics.ranking import hit_at, ndcg_at, ranking, recall_at, reciprocal_rank_at, score_of
from sevenllm_bench.text.leaf_values import leaf_values

#: Documents of an answer at most.
DEPTH = 100
#: Documents of an answer that are looked at, where a file of others has more.
_MOST_PAIRS = 10 * DEPTH


def corpus(task: EncoderTask, benchmark: Benchmark) -> tuple[tuple[int, str], ...]:
    """The documents that are searched: (id, text), in the order of ids.

    The distinct texts of the language's rows; texts that differ only in white space and Unicode form are one. A document's
    id is the least row id that has the text.
    """
    return tuple(documents(_rows(task, benchmark)).items())


def items(task: EncoderTask, benchmark: Benchmark) -> tuple[Item, ...]:
    """One item per row whose query isn't empty; its document is {"query": text, "relevant": [document ids], "row": row id}."""
    rows = _rows(task, benchmark)
    incident = incidents(rows)
    hits: dict[int, list[int]] = {}
    for document in documents(rows):
        hits.setdefault(incident[document], []).append(document)
    return tuple(
        Item(row.id, row.kind, row.source, {"query": query, "relevant": hits[incident[row.id]], "row": row.id})
        for row in rows
        if (query := query_of(row)).strip()
    )


def left_out(task: EncoderTask, benchmark: Benchmark) -> dict[str, int]:
    """Kind of query to the number of rows whose query is empty."""
    return dict(Counter(row.kind for row in _rows(task, benchmark) if not query_of(row).strip()))


def query_of(row: Row) -> str:
    """What a row searches for: the question, the reference analysis, or the values of the extraction joined by commas."""
    if row.kind == "mcq":
        return str(row.instruction["question"]) if isinstance(row.instruction, dict) else ""
    if row.kind == "generation":
        return str(row.output)
    return ", ".join(value for value in leaf_values(row.output) if value.strip())


def _rows(task: EncoderTask, benchmark: Benchmark) -> list[Row]:
    return sorted((row for row in benchmark.rows if row.language == task.language), key=lambda row: row.id)


def scored_documents(answer: Any) -> dict[int, float]:
    """Document id to score from `{"ranked": [[id, score], …]}`; what is no such pair is left out, of equal ids the first counts.

    Our answers have at most `DEPTH` pairs; of one with more than ten times as many, the rest is not looked at.

    Args:
        answer: Any JSON value.
    """
    pairs = answer.get("ranked") if isinstance(answer, dict) else None
    found: dict[int, float] = {}
    for pair in pairs[:_MOST_PAIRS] if isinstance(pairs, list) else ():
        if isinstance(pair, list | tuple) and len(pair) == 2 and type(pair[0]) is int and (score := _finite(pair[1])) is not None:
            found.setdefault(pair[0], score)
    return found


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        score = score_of(value)
    except OverflowError:  # a whole number beyond every float
        return None
    return score if math.isfinite(score) else None


def score(items: Sequence[Item], answers: Sequence[Any]) -> list[dict[str, float]]:
    """nDCG@10, recall@1, 5 and 10, and MRR@10 of each item, all from 0 to 1.

    The order in the file doesn't matter: documents are ranked by score, see `metrics.ranking.ranking`.

    Args:
        items: n items.
        answers: n answers `{"ranked": [[document id, score], …]}`; anything else scores 0.
    """
    return [values_of(ranking(scored_documents(answer)), _relevant(item)) for item, answer in zip(items, answers, strict=True)]


def values_of(ranked: Sequence[int], relevant: Sequence[int]) -> dict[str, float]:
    """The metrics of one ranked list."""
    wanted = set(relevant)
    return {
        "ndcg_at_10": ndcg_at(ranked, wanted, 10),
        **{f"recall_at_{k}": recall_at(ranked, wanted, k) for k in (1, 5, 10)},
        "mrr_at_10": reciprocal_rank_at(ranked, wanted, 10),
    }


def _relevant(item: Item) -> list[int]:
    value = item.document.get("relevant")
    return [document for document in value if type(document) is int] if isinstance(value, list | tuple) else []


def figures(items: Sequence[Item], answers: Sequence[Any]) -> dict[str, Any]:
    """Figures by kind of query, and ties.

    Returns:
        "by_group": kind of query to the number of queries, the means of the metrics, `hit_at_k`, the share of queries with a
        relevant document among the first k, and `recall_at_1_ceiling`, the most that recall at 1 can be, since an incident
        may have two texts. "ties": in how many queries a relevant document has the score of one that isn't, and what nDCG@10
        would be if every tie were broken the worst and the best way.
    """
    ranked = [scored_documents(answer) for answer in answers]
    groups = {name: [i for i, item in enumerate(items) if item.group == name] for name in KINDS}
    return {
        "by_group": {
            name: _means([_further_values(_relevant(items[i]), ranked[i]) for i in places])
            for name, places in groups.items()
            if places
        },
        "ties": _ties([(_relevant(item), scores) for item, scores in zip(items, ranked, strict=True)]),
    }


def _further_values(relevant: Sequence[int], scores: Mapping[int, float]) -> dict[str, float]:
    order = ranking(scores)
    hits = {f"hit_at_{k}": hit_at(order, relevant, k) for k in (1, 5, 10)}
    return {**values_of(order, relevant), **hits, "recall_at_1_ceiling": 1 / len(relevant) if relevant else 0.0}


def _means(values: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {"queries": len(values), **{name: math.fsum(v[name] for v in values) / len(values) for name in values[0]}}


def _ties(queries: Sequence[tuple[Sequence[int], Mapping[int, float]]]) -> dict[str, float]:
    """Queries with ties at a relevant document, and the range of nDCG@10 over the orders of tied documents."""
    tied = 0
    least: list[float] = []
    most: list[float] = []
    for relevant, scores in queries:
        wanted = set(relevant)
        of_hits = {s for document, s in scores.items() if document in wanted}
        tied += any(s in of_hits for document, s in scores.items() if document not in wanted)
        for values, sign in ((least, -1), (most, 1)):
            order = sorted(scores, key=lambda document: (scores[document], sign * (document in wanted)), reverse=True)
            values.append(ndcg_at(order, wanted, 10))
    count = max(1, len(queries))
    return {
        "queries": tied,
        "ndcg_at_10_least": math.fsum(least) / count,
        "ndcg_at_10_most": math.fsum(most) / count,
    }
