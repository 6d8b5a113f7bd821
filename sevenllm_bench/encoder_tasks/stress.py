"""Rows with the noise of real reports in their incident text: the same questions and references, scored as ever.

An item is a row; its group is the kind of noise. Its document holds "row" (the row's document, with the noisy text), "asks"
(what the row asks for: "understanding" or "generation") and "noise". An answer is a model's text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.document import from_document, to_document
from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.encoder_task import STRESS_METRICS, EncoderTask, Item
from sevenllm_bench.errors import DataError
from sevenllm_bench.metrics.registry import HEADLINE, OPTIONAL_FOR
from sevenllm_bench.noise.noisy_text import MOST_SEED, describe_noise, noisy_row
from sevenllm_bench.scoring import score_rows


def items(task: EncoderTask, benchmark: Benchmark, seed: int = 0) -> tuple[Item, ...]:
    """The rows of the task's language that have an incident text to answer from: extraction and analysis, no multiple choice.

    Args:
        task: The task.
        benchmark: The rows.
        seed: Seed of the noise.
    """
    rows = [row for row in benchmark.rows if row.language == task.language and row.kind in OPTIONAL_FOR]
    return tuple(item_of(row, seed) for row in sorted(rows, key=lambda row: row.id))


def item_of(row: Row, seed: int) -> Item:
    """The item of a row."""
    noisy = noisy_row(row, seed)
    document = {"row": to_document(noisy.row), "asks": row.kind, "noise": noisy.noise}
    return Item(row.id, noisy.noise, row.source, document)


def row_of(item: Item) -> Row | None:
    """The row of an item, with its noisy text; None for an item of a damaged file."""
    try:
        return from_document(item.document.get("row"), f"item {item.id}")
    except DataError:
        return None


def seed_of(signature: Mapping[str, Any]) -> int:
    """The seed of the noise that a signature names; 0 where it names none that is possible."""
    found = signature.get("stress")
    seed = found.get("seed") if isinstance(found, dict) else None
    return seed if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= MOST_SEED else 0


def noise_of(signature: Mapping[str, Any]) -> dict[str, int]:
    """What a signature must say of the noise: this package's version of it, and the seed that it names."""
    return describe_noise(seed_of(signature))


def score(items: Sequence[Item], answers: Sequence[Any]) -> list[dict[str, float]]:
    """The metrics of each row, for what it asks for.

    Args:
        items: n items.
        answers: n texts; None, and anything else that is no text, counts as an empty answer.

    Returns:
        `stress_score`, which is the row's metric in the headline (`value_f1` or `rouge_l`), and the row's metrics. 0 in all
        for an item of a damaged file.
    """
    rows = [row_of(item) for item in items]
    texts = [answer if isinstance(answer, str) else None for answer in answers]
    known = [(row, text) for row, text in zip(rows, texts, strict=True) if row is not None and row.kind in OPTIONAL_FOR]
    scores = iter(score_rows([row for row, _ in known], [text for _, text in known]))
    found = []
    for item, row in zip(items, rows, strict=True):
        if row is None or row.kind not in OPTIONAL_FOR:
            asks = item.document.get("asks")
            found.append(
                dict.fromkeys(STRESS_METRICS.get(asks, ("stress_score",)) if isinstance(asks, str) else ("stress_score",), 0.0)
            )
        else:
            metrics = next(scores).metrics
            kept = {name: metrics[name] for name in STRESS_METRICS[row.kind] if name in metrics}
            found.append({"stress_score": metrics[HEADLINE[row.kind]], **kept})
    return found


def figures(items: Sequence[Item], answers: Sequence[Any]) -> dict[str, Any]:
    """How many rows each kind of noise has, and how many ask for what."""
    return {
        "noise": _counts([item.group for item in items]),
        "asks": _counts([str(item.document.get("asks")) for item in items]),
    }


def _counts(names: Sequence[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
