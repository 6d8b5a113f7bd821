"""Reading the configuration of a corpus build."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sevenllm_bench.io.configuration import ConfigReader
from sevenllm_bench.select_instruct.settings.build_config import CorpusConfig, CorpusSource

#: Our keys, with names that other tools and people use for them.
_ELSEWHERE = {
    "model.name": ("model_name", "model_name_or_path"),
    "model.base_url": ("api_base", "endpoint", "server"),
    "model.budget_usd": ("budget", "max_cost"),
    "collect.contact": ("email", "user_agent"),
    "collect.delay": ("crawl_delay", "download_delay"),
    "executor.workers": ("num_workers", "n_jobs"),
    "executor.shards": ("tasks", "num_shards"),
    "output": ("output_dir", "out"),
    "sources": ("inputs", "urls", "input"),
}


def read_build_config(config: str | Path, changes: Sequence[str] = ()) -> CorpusConfig:
    """Read a configuration file and apply changes.

    Args:
        config: Path of a YAML file.
        changes: Words like "model.budget_usd=5"; values are YAML.

    Raises:
        ConfigError: See `ConfigReader.read`.
    """
    reader = ConfigReader(CorpusConfig, {}, _ELSEWHERE, {"sources": CorpusSource}, "model.budget_usd=5")
    return reader.read(config, changes)
