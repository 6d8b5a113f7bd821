"""What a searcher answers to a retrieval task, through MTEB, and what a reader of the results must know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_runs.chinese_probe import chinese_warning
from sevenllm_bench.encoder_runs.exact_search import Searcher
from sevenllm_bench.encoder_runs.mteb_search import evaluate, model_meta
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.retrieval import DEPTH, corpus, figures, left_out
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoding_cost import EncodingCost

#: Documents from which on chance finds little among the first ten.
_MANY = 200


class Reader(Protocol):
    """What all encoders have that read texts."""

    choice: EncoderChoice
    limit: int
    cost: EncodingCost


@dataclass(frozen=True, slots=True)
class Searched:
    """The answers of a searcher.

    Attributes:
        answers: n answers as samples files hold them.
        method: What all searchers have in common, for the signature.
        notes: Rows without a query, ties.
    """

    answers: list[dict[str, Any]]
    method: Mapping[str, Any]
    notes: tuple[str, ...]


def answers_of(task: EncoderTask, items: Sequence[Item], benchmark: Benchmark, searcher: Searcher) -> Searched:
    """Ask a searcher all items, through `mteb.evaluate`.

    Args:
        task: A retrieval task.
        items: n of its items.
        benchmark: The rows that they are of.
        searcher: What finds documents.

    Raises:
        ConfigError: MTEB is not installed.
        DataError: There are no items.
    """
    _, lists = evaluate(task, items, benchmark, searcher, model_meta("sevenllm-bench/searcher", None))
    answers: list[dict[str, Any]] = [{"ranked": [[document, score] for document, score in ranked]} for ranked in lists]
    method = {
        "depth": DEPTH,
        "ties": "32-bit scores, then document id as text, descending",
        "documents": len(corpus(task, benchmark)),
        "mteb": version("mteb"),
    }
    notes = (*_few_note(len(corpus(task, benchmark))), *_left_out_note(task, benchmark), *_tie_note(items, answers))
    return Searched(answers, method, notes)


def encoder_notes(reader: Reader, task: EncoderTask, texts: Sequence[str], unit: str = "texts", read: int = 0) -> list[str]:
    """Texts that are longer than an encoder reads, and Chinese that it doesn't read.

    Args:
        reader: The encoder, after it has read.
        task: The task.
        texts: What it has read, or a sample of it.
        unit: What it read: "texts" or "pairs".
        read: How many distinct ones; 0 for what its cost counts.
    """
    cost, notes = reader.cost, []
    if cost.long_texts:
        what = "their ends were cut off" if reader.choice.long_texts == "cut" else "they were read in windows"
        of = max(1, read or cost.texts)
        share = f"{cost.long_texts:,} of {of:,} {unit} ({cost.long_texts / of:.0%})"
        notes.append(f"{share} are longer than the {reader.limit} tokens that {reader.choice.label} reads; {what}.")
    warning = chinese_warning(reader.choice, texts) if task.language == "zh" else None
    return [*notes, warning] if warning else notes


def _few_note(documents: int) -> tuple[str, ...]:
    """What chance finds, where there are so few documents that it finds much."""
    if documents >= _MANY:
        return ()
    chance = min(1, 10 / documents)
    return (
        f"There are {documents} documents only: a random order has a given one among the first ten in {chance:.0%} of cases.",
    )


def _left_out_note(task: EncoderTask, benchmark: Benchmark) -> tuple[str, ...]:
    counts = left_out(task, benchmark)
    listed = ", ".join(f"{kind}: {count}" for kind, count in counts.items())
    return (f"Rows whose query is empty are left out ({listed}).",) if counts else ()


def _tie_note(items: Sequence[Item], answers: Sequence[Any]) -> tuple[str, ...]:
    ties = figures(items, answers)["ties"]
    if not ties["queries"]:
        return ()
    least, most = ties["ndcg_at_10_least"], ties["ndcg_at_10_most"]
    return (
        f"For {ties['queries']:,} of {len(items):,} queries a relevant document has the score of another; nDCG@10 would be "
        f"{least:.4f} to {most:.4f} by the order of such documents.",
    )
