"""Reading the configuration of a fine-tuning run: a file or a shipped recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.data_section import SourceSection
from sevenllm_bench.finetune.settings.recipe_files import RECIPES, recipe_names
from sevenllm_bench.io.configuration import ConfigReader, Section

AnyConfig = TypeVar("AnyConfig", bound=Section)

#: Keys of transformers, TRL, peft, LLaMA-Factory and axolotl whose spelling doesn't show which of ours they are.
_ELSEWHERE = {
    "model.base": ("base_model", "model_name", "model_name_or_path"),
    "model.adapter": ("adapter_name_or_path", "lora_model_dir"),
    "model.attention": ("attn_implementation", "flash_attn", "flash_attention"),
    "data.sources": ("dataset", "datasets"),
    "data.max_length": ("cutoff_len", "max_seq_len", "max_seq_length", "sequence_len"),
    "data.packing": ("sample_packing",),
    "data.held_out": ("val_set_size", "val_size"),
    "training.method": ("finetuning_type", "load_in_4bit"),
    "training.epochs": ("num_epochs", "num_train_epochs"),
    "training.learning_rate": ("lr",),
    "training.scheduler": ("lr_scheduler", "lr_scheduler_type"),
    "training.warmup": ("warmup_ratio", "warmup_steps"),
    "training.batch_size": ("micro_batch_size", "per_device_train_batch_size"),
    "training.accumulation": ("gradient_accumulation_steps",),
    "training.optimizer": ("optim",),
    "training.precision": ("bf16", "fp16"),
    "training.save_every": ("save_steps",),
    "training.log_every": ("logging_steps",),
    "evaluation.every": ("eval_steps",),
    "evaluation.best": ("load_best_model_at_end", "metric_for_best_model"),
    "evaluation.patience": ("early_stopping_patience",),
    "lora.rank": ("r", "lora_r", "lora_rank"),
    "lora.targets": ("lora_target", "lora_target_modules", "target_modules"),
    "output": ("output_dir",),
    "resume": ("resume_from_checkpoint",),
}


def read_config(config: str | Path, changes: Sequence[str] = ()) -> FinetuneConfig:
    """Read a configuration file, or a shipped recipe by its name, and apply changes.

    Args:
        config: Path of a YAML file, or a name of `recipe_names()`.
        changes: Words like "training.epochs=1"; values are YAML.

    Raises:
        ConfigError: See `ConfigReader.read`.
    """
    return reader_of(FinetuneConfig).read(config, changes)


def reader_of(kind: type[AnyConfig]) -> ConfigReader[AnyConfig]:
    """The reader of one kind of runs, which knows the recipes by name.

    Args:
        kind: The class of their configurations, with the sections data and training.
    """
    known = set(ConfigReader(kind).key_names())
    shipped = {name: RECIPES / f"{name}.yaml" for name in recipe_names()}
    elsewhere = {key: names for key, names in _ELSEWHERE.items() if key in known}
    return ConfigReader(kind, shipped, elsewhere, {"data.sources": SourceSection}, "training.epochs=1")
