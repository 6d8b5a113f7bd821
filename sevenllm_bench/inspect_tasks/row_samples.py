"""Rows as samples of Inspect."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai.dataset import MemoryDataset, Sample

from sevenllm_bench.catalog import Leaf
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.document import to_document
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError
from sevenllm_bench.prompts import PromptStyle, render, target
from sevenllm_bench.runs.inspect_record import DOCUMENT_KEY, PLACE_KEY, TASK_KEY


def samples_of(benchmark: Benchmark, leaves: Sequence[Leaf], style: PromptStyle) -> MemoryDataset:
    """The rows of some tasks as a dataset of Inspect, in the catalogue's order of tasks.

    Args:
        benchmark: The rows.
        leaves: The tasks.
        style: How rows are put to the model.

    Returns:
        One sample per row: its id, the prompt as one user message, what a model should write as target, and in
        the metadata the task, the row's place in it, its section and the row itself.

    Raises:
        DataError: The rows hold none of these tasks.
    """
    samples = [_sample(row, leaf, style, place) for leaf in leaves for place, row in enumerate(benchmark.of_leaf(leaf))]
    if not samples:
        raise DataError("the data file has no row for these tasks")
    return MemoryDataset(samples, name=benchmark.description["name"], location=benchmark.description["name"])


def _sample(row: Row, leaf: Leaf, style: PromptStyle, place: int) -> Sample:
    metadata = {TASK_KEY: leaf.name, PLACE_KEY: place, "section": row.section, DOCUMENT_KEY: to_document(row)}
    return Sample(id=row.id, input=render(row, style), target=target(row, style), metadata=metadata)
