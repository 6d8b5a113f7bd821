"""Runs of encoders with answers made up here, written as `encoders run` writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs.results_writer import EncoderRun, write_run
from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.task_scoring import items_of

#: 2026-11-24T20:00:00Z.
BEGAN = 1_795_550_400.0
COST = {
    "parameters": 1_000,
    "texts": 50,
    "passes": 50,
    "long_texts": 2,
    "tokens": 900,
    "seconds": 2.0,
    "peak_memory_bytes": 1 << 20,
    "texts_per_second": 25.0,
}
NOTE = "2 texts are longer than <b>it</b> reads"


def right(item: Item) -> Any:
    """The right answer to an item of entities or vulnerable code, of which the document says it."""
    if "spans" in item.document:
        return [list(span) for span in item.document["spans"]]
    return {"vulnerable": float(item.document["target"])}


def half_right(item: Item) -> Any:
    """The right answer where the id is even, none elsewhere."""
    return right(item) if item.id % 2 == 0 else None


def write(
    folder: Path, answer: Callable[[Item], Any], tasks: Sequence[str], model: str = "an-org/an-encoder", limit: int | None = None
) -> Path:
    """A run over embedded rows; returns the results file."""
    benchmark = load_benchmark("embedded")
    outcomes, in_all = [], {}
    for name in tasks:
        task = encoder_task_by_name(name)
        items = items_of(task, benchmark)
        in_all[name] = len(items)
        answers = [answer(item) for item in items[:limit]]
        outcomes.append(TaskOutcome(task, items[:limit], answers, {"encoder": "token-classifier"}, COST, (NOTE,)))
    arguments = {"pretrained": model, "kind": "token-classifier", "long_texts": "max"}
    return write_run(EncoderRun(model, arguments, None, limit, outcomes, in_all, BEGAN), benchmark, folder)
