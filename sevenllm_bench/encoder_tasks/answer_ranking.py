"""Answer ranking: a row's reference among nine hard negatives, which are references of other incidents.

The same ten candidates go to every kind of model: encoders score question and candidate, causal models the log-likelihood of
the candidate after the row's prompt. An extraction reference is the JSON text that a model would write for it.

Questions with options are no part of it: they have candidates of their own, and are run as `sevenllm-en-mcq-logprob`.

Document of an item: {"question", "text", "task", "candidates" (10 texts), "candidate_rows" (the ids of their rows), "answer"
(place of the reference among them)}. Answer: ten scores in the order of the candidates.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.negative_mining import NEGATIVES, is_rankable

#: How a model's values become scores, as signatures say it: log-likelihoods are divided by the bytes of the candidate.
PER_BYTE, AS_GIVEN = "log-likelihood per byte", "as given"
#: Accuracy of a guess.
CHANCE = 1 / (NEGATIVES + 1)


def items(task: EncoderTask, benchmark: Benchmark) -> tuple[Item, ...]:
    """One item for each row of the language with a reference in prose or JSON; its id is the row's, its group the kind.

    A row of a modified file is left out where it has no negatives in the package, or one of their rows is missing.
    """
    fixed, rows = fixed_negatives(benchmark.source), benchmark.by_id
    wanted = sorted((row for row in benchmark.rows if row.language == task.language and is_rankable(row)), key=lambda row: row.id)
    return tuple(
        _item(row, [rows[other] for other in fixed[row.id]])
        for row in wanted
        if row.id in fixed and all(other in rows for other in fixed[row.id])
    )


@functools.cache
def fixed_negatives(source: str) -> Mapping[int, tuple[int, ...]]:
    """Row's id to the ids of its nine negatives, for "official" or "embedded" rows; see `negative_mining`."""
    content = (files("sevenllm_bench.encoder_tasks") / "negatives" / f"{source}.json").read_text(encoding="utf-8")
    return {int(row): tuple(others) for row, others in json.loads(content)["negatives"].items()}


def _item(row: Row, negatives: Sequence[Row]) -> Item:
    candidates = shuffled(row, negatives)
    document = {
        "question": row.instruction,
        "text": row.input,
        "task": row.category,
        "candidates": [candidate.reference_text for candidate in candidates],
        "candidate_rows": [candidate.id for candidate in candidates],
        "answer": candidates.index(row),
    }
    return Item(row.id, row.kind, row.source, document)


def shuffled(row: Row, negatives: Sequence[Row]) -> list[Row]:
    """The row and its negatives in an order that a hash of the row's id sets; every place is as likely for the reference."""
    place = int.from_bytes(hashlib.sha256(f"place:{row.id}".encode()).digest()[:8], "big") % (len(negatives) + 1)

    def key(other: Row) -> bytes:
        return hashlib.sha256(f"{row.id}:{other.id}".encode()).digest()

    others = sorted(negatives, key=key)
    return [*others[:place], row, *others[place:]]


def query_of(document: Mapping[str, Any]) -> str:
    """What an encoder compares with the candidates: the question and the incident text."""
    return f"{document['question']}\n{document['text']}"


def answer_from_responses(item: Item, values: Any, per_byte: bool) -> list[float]:
    """Scores of the candidates from what a model of the harness gave for each: the answer that `score` takes.

    Args:
        item: The item.
        values: A value for each candidate: a log-likelihood or an encoder's score, as number or text, alone or with lm-eval's
            second value (whether it is what the model would write), as in memory or in a samples file.
        per_byte: Whether the values are log-likelihoods, and so divided by the UTF-8 bytes of the candidate: a sum over
            tokens is lower the longer a text is. Scores of encoders are taken as they are.

    Returns:
        A score for each value, NaN for what is no number.
    """
    texts = item.document.get("candidates")
    if not isinstance(values, (list, tuple)) or not isinstance(texts, (list, tuple)) or len(values) != len(texts):
        return []
    numbers = [_number(value[0] if isinstance(value, (list, tuple)) and value else value, read_text=True) for value in values]
    if not per_byte:
        return numbers
    return [number / max(1, _bytes(text)) for number, text in zip(numbers, texts, strict=True)]


def score(items: Sequence[Item], answers: Sequence[Any]) -> list[dict[str, float]]:
    """Accuracy and reciprocal rank of each item.

    The rank of the reference is the number of candidates with a score of at least its own, so a tie counts against the model.
    What is no list of as many numbers as there are candidates ranks the reference last.
    """
    return [_values(item, _scores(item, answer)) for item, answer in zip(items, answers, strict=True)]


def figures(items: Sequence[Item], answers: Sequence[Any]) -> dict[str, Any]:
    """Counts, and metrics by kind of row and by task.

    Returns:
        {"chance", "ties": items where another candidate has the reference's score, "unusable": answers that are no ten
        numbers, "chosen": {"longest", "shortest"}: items whose best candidate is the longest or shortest in bytes (a tenth each
        where length plays no part), "groups" and "tasks": name to {"items", "ranking_acc", "ranking_mrr", "ties"}}.
    """
    scores = [_scores(item, answer) for item, answer in zip(items, answers, strict=True)]
    values = score(items, answers)
    tied = [_is_tied(item, found) for item, found in zip(items, scores, strict=True)]
    return {
        "chance": CHANCE,
        "ties": sum(tied),
        "unusable": scores.count(None),
        "chosen": _chosen_lengths(items, scores),
        "groups": _by([item.group for item in items], values, tied),
        "tasks": _by([str(item.document.get("task")) for item in items], values, tied),
    }


def _by(names: Sequence[str], values: Sequence[Mapping[str, float]], tied: Sequence[bool]) -> dict[str, dict[str, float]]:
    found = {}
    for name in sorted(set(names)):
        places = [place for place, other in enumerate(names) if other == name]
        means = {metric: sum(values[place][metric] for place in places) / len(places) for metric in values[places[0]]}
        found[name] = {"items": len(places), **means, "ties": sum(tied[place] for place in places)}
    return found


def _chosen_lengths(items: Sequence[Item], scores: Sequence[list[float] | None]) -> dict[str, int]:
    counts = Counter({"longest": 0, "shortest": 0})
    for item, found in zip(items, scores, strict=True):
        if found is not None and found.count(max(found)) == 1:
            lengths = [_bytes(text) for text in item.document["candidates"]]
            length = lengths[found.index(max(found))]
            counts["longest"] += length == max(lengths)
            counts["shortest"] += length == min(lengths)
    return dict(counts)


def _values(item: Item, scores: list[float] | None) -> dict[str, float]:
    if scores is None:
        last = len(_candidates(item))
        return {"ranking_acc": 0.0, "ranking_mrr": 1 / last if last > 1 else 0.0}
    own = scores[item.document["answer"]]
    rank = sum(other >= own for other in scores)
    return {"ranking_acc": float(rank == 1), "ranking_mrr": 1 / rank}


def _is_tied(item: Item, scores: list[float] | None) -> bool:
    return scores is not None and scores.count(scores[item.document["answer"]]) > 1


def _scores(item: Item, answer: Any) -> list[float] | None:
    """An answer as numbers, none of them NaN; None for what is none."""
    place, texts = item.document.get("answer"), _candidates(item)
    if not isinstance(answer, (list, tuple)) or len(answer) != len(texts):
        return None
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(texts):
        return None
    numbers = [_number(value) for value in answer]
    return None if any(math.isnan(number) for number in numbers) else numbers


def _candidates(item: Item) -> Sequence[Any]:
    found = item.document.get("candidates")
    return found if isinstance(found, (list, tuple)) else ()


def _number(value: Any, read_text: bool = False) -> float:
    """A number, or NaN."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str) if read_text else (int, float)):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _bytes(text: Any) -> int:
    return len(str(text).encode("utf-8", "surrogatepass"))
