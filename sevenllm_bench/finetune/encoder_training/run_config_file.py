"""Reading the configuration of a run of any kind: the key `kind` says which; without it, a causal model is tuned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.finetune.encoder_training.encoder_sections import ENCODER_RUN_KINDS, EncoderConfig
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.config_file import read_config, reader_of


def read_run_config(config: str | Path, changes: Sequence[str] = ()) -> FinetuneConfig | EncoderConfig:
    """Read a configuration file, or a shipped recipe by its name, and apply changes.

    Args:
        config: Path of a YAML file, or a name of `recipe_names()`.
        changes: Words like "training.epochs=1"; values are YAML.

    Raises:
        ConfigError: The kind is unknown, or see `ConfigReader.read`.
    """
    kind = _kind(reader_of(FinetuneConfig).content(config), changes)
    if kind is None:
        return read_config(config, changes)
    if not isinstance(kind, str) or kind not in ENCODER_RUN_KINDS:
        raise ConfigError(
            f"the configuration {config}: {unknown_name('kind', str(kind), ENCODER_RUN_KINDS)}; without this key, a causal model "
            "is tuned"
        )
    return reader_of(ENCODER_RUN_KINDS[kind]).read(config, changes)


def _kind(content: dict[str, Any], changes: Sequence[str]) -> Any:
    given = [change.partition("=")[2].strip() for change in changes if change.partition("=")[0].strip() == "kind"]
    return given[-1] if given else content.get("kind")
