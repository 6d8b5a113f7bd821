"""Fills the record of what reading texts costs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sevenllm_bench.encoders.encoding_cost import EncodingCost


@contextmanager
def measured(cost: EncodingCost, device: Any) -> Iterator[None]:
    """Add the seconds of what is done within, and note the peak of memory.

    Args:
        cost: Where it is added.
        device: torch's device of the model.
    """
    import torch

    on_gpu = str(device).startswith("cuda")
    begin = time.perf_counter()
    try:
        yield
    finally:
        if on_gpu:
            torch.cuda.synchronize(device)
        cost.seconds += time.perf_counter() - begin
        peak = torch.cuda.max_memory_allocated(device) if on_gpu else _peak_of_process()
        cost.peak_memory_bytes = max(cost.peak_memory_bytes, int(peak))


def _peak_of_process() -> int:
    """Bytes that the process held at most so far; 0 where the system doesn't say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
