"""What our tasks write into a log of Inspect beside its own fields: the names of the keys, and the block of each task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenllm_bench.runs.run_block import RunBlock

#: Key of the record in a task's metadata (`eval.metadata` of a log).
RECORD_KEY = "sevenllm_bench"
#: Keys of a sample's metadata: name of its leaf; place of its row in the leaf, from 0; the row as lm-eval's document.
TASK_KEY, PLACE_KEY, DOCUMENT_KEY = "task", "place", "doc"
#: What the type of model is called in the results of a log: the harness has "hf", "vllm" and others here.
SOURCE = "inspect_ai"
#: Tokens that a model may write, as in the harness.
MOST_TOKENS = 2000


def record_of(tasks: Mapping[str, tuple[RunBlock, int]]) -> dict[str, Any]:
    """The record.

    Args:
        tasks: Leaf's name to its block and its number of rows.
    """
    return {name: {"block": block.as_json(), "rows": rows} for name, (block, rows) in tasks.items()}
