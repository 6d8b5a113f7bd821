"""Reading the configuration of a corpus build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sevenllm_bench.io.configuration import ConfigReader
from sevenllm_bench.select_instruct.settings.build_config import CollectConfig, CorpusConfig, CorpusSource

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


def read_collect_config(
    sources: Sequence[Mapping[str, str]], output: str, contact: str, changes: Sequence[str] = ()
) -> CollectConfig:
    """The configuration of collecting alone, from the words of a command line.

    Args:
        sources: Mappings with the keys of `CorpusSource`.
        output: The folder of the texts.
        contact: Address for the user agent, "" for none.
        changes: Words like "collect.delay=2"; values are YAML.

    Raises:
        ConfigError: A value doesn't fit.
    """
    content = {"sources": [dict(source) for source in sources], "output": output, "collect": {"contact": contact}}
    return ConfigReader(CollectConfig, example="collect.delay=2").validated(content, changes, "of the command line")
