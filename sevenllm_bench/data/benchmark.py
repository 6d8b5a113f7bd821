"""What identifies the rows behind a figure, for signatures."""

from __future__ import annotations

from typing import Any

from sevenllm_bench.data.embedded import embedded_sha256
from sevenllm_bench.data.hub import REVISION
from sevenllm_bench.data.official import OfficialData


def describe_official(data: OfficialData) -> dict[str, Any]:
    """Name, revision and hash of the official file, and whether it was modified."""
    return {"name": "SEvenLLM-Bench", "revision": REVISION, "sha256": data.sha256, "modified": data.modified}


def describe_embedded() -> dict[str, Any]:
    """Name and hash of the embedded rows."""
    return {"name": "sevenllm-bench embedded", "sha256": embedded_sha256()}
