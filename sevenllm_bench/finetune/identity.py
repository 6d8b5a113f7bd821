"""What makes two runs the same: only such a run is gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from sevenllm_bench.finetune.config import FinetuneConfig
from sevenllm_bench.finetune.processes import process_count
from sevenllm_bench.finetune.run_folder import fingerprint

#: What may differ between a run and its resumption: it has no bearing on the weights.
_RESUME_IGNORES = {"output", "resume", "training.log_every", "training.keep_checkpoints", "training.report_to", "data.data_dir"}


def identity(config: FinetuneConfig, report: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two runs the same, by the names of the configuration's keys."""
    content = config.model_dump(mode="json")
    keys = {
        f"{section}.{key}": value
        for section, values in content.items()
        for key, value in (values.items() if isinstance(values, dict) else [("", values)])
    }
    keys = {key.rstrip("."): value for key, value in keys.items() if key.rstrip(".") not in _RESUME_IGNORES}
    packages = {f"version of {name}": version(name) for name in ("torch", "transformers", "trl")}
    return {**keys, **packages, "processes": process_count(), "training data": fingerprint(report)}
