"""The translation of a configuration into the arguments of TRL's trainer."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path
from typing import Any

from trl import SFTConfig

from sevenllm_bench.errors import ConfigError, nearest
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.config import FinetuneConfig

_PUSHED = "nothing is pushed while training; push the finished folder"
_FROM_BASE = "the tokenizer is the base's, by which the rows are encoded and evaluated"
_PER_ROW = "the held-out loss is taken of every row"
#: Of SFTConfig: what would break a promise of a run in silence (what is published, how it goes on, what is measured), and why
#: it is refused or which key is meant.
_REFUSED = {
    **dict.fromkeys(("push_to_hub", "hub_model_id", "hub_strategy", "hub_token", "hub_always_push", "hub_revision"), _PUSHED),
    **dict.fromkeys(("eos_token", "pad_token", "chat_template_path"), _FROM_BASE),
    **dict.fromkeys(("dataloader_drop_last", "eval_do_concat_batches", "batch_eval_metrics"), _PER_ROW),
    **dict.fromkeys(("fsdp", "fsdp_config", "parallelism_config"), "see training.sharding and training.deepspeed"),
    **dict.fromkeys(("load_best_model_at_end", "metric_for_best_model", "greater_is_better"), "see evaluation.best"),
    "save_only_model": "a run goes on from the optimizer's state too",
    "ignore_data_skip": "a run that goes on takes the rows that it has not seen yet",
    "auto_find_batch_size": "it would begin again in the middle of a run; see training.batch_size",
    "logging_strategy": "see training.log_every",
    "model_init_kwargs": "see the section model",
}


def trainer_arguments(
    config: FinetuneConfig, runtime: Runtime, folder: Path, has_held_out: bool, loaded_once: bool = False
) -> SFTConfig:
    """The arguments of TRL's trainer.

    Args:
        config: The run.
        runtime: What it is computed on.
        folder: Where checkpoints to resume from go.
        has_held_out: Whether there are held-out rows.
        loaded_once: Whether the main process alone has loaded the weights, and hands them out as they are sharded.

    Raises:
        ConfigError: `training.trainer` has a key that SFTConfig doesn't know, or one that is set elsewhere, or a value
            that doesn't fit.
    """
    ours = _ours(config, runtime, folder) | _evaluation(config, has_held_out) | _sharding(config, loaded_once)
    further = config.training.trainer
    names = [field.name for field in dataclasses.fields(SFTConfig) if field.init]
    for key in further:
        if key not in names:
            near = nearest(key, names)
            hint = f"; did you mean {near}?" if near else ""
            raise ConfigError(f"training.trainer.{key}: not an argument of TRL's SFTConfig{hint}")
        if key in _REFUSED:
            raise ConfigError(f"training.trainer.{key}: {_REFUSED[key]}")
        if key in ours or key == "resume_from_checkpoint":
            raise ConfigError(f"training.trainer.{key}: set by this package; see its other keys, such as training and resume")
    try:
        with warnings.catch_warnings():  # TRL 1.16 itself goes by this name
            warnings.filterwarnings("ignore", message="`gradient_checkpointing` is deprecated", category=FutureWarning)
            return SFTConfig(**ours, **further)
    except (TypeError, ValueError, ImportError, RuntimeError) as error:
        raise ConfigError(f"the trainer refuses its arguments: {error}") from None


def _ours(config: FinetuneConfig, runtime: Runtime, folder: Path) -> dict[str, Any]:
    training, data, evaluation = config.training, config.data, config.evaluation
    return {
        "output_dir": str(folder),
        "num_train_epochs": training.epochs,
        "max_steps": training.max_steps or -1,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": training.scheduler,
        "warmup_steps": _steps(training.warmup),
        "weight_decay": training.weight_decay,
        "max_grad_norm": training.max_grad_norm,
        "per_device_train_batch_size": training.batch_size,
        "per_device_eval_batch_size": evaluation.batch_size,
        "gradient_accumulation_steps": training.accumulation,
        "optim": training.optimizer,
        "bf16": runtime.precision == "bf16",
        "gradient_checkpointing": training.gradient_checkpointing,
        "deepspeed": training.deepspeed,
        "use_cpu": runtime.device == "cpu",
        "seed": training.seed,
        "data_seed": training.seed,
        "logging_steps": training.log_every,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,  # it would log 0.0 where the loss is NaN
        "save_strategy": "steps",
        "save_steps": _steps(training.save_every),
        "save_total_limit": training.keep_checkpoints,
        "report_to": list(training.report_to) or "none",
        "max_length": data.max_length,
        "packing": data.packing,
        "packing_strategy": "bfd",
        "eval_packing": False,
        "average_tokens_across_devices": True,
        "ddp_timeout": 7200,
        "disable_tqdm": False,
    }


def _evaluation(config: FinetuneConfig, has_held_out: bool) -> dict[str, Any]:
    every = _steps(config.evaluation.every) if has_held_out else 0
    return {
        "eval_strategy": "steps" if every else "no",
        "eval_steps": every or None,
        "eval_on_start": has_held_out,
    }


def _sharding(config: FinetuneConfig, loaded_once: bool) -> dict[str, Any]:
    """FSDP2, full shard; layers are recomputed by FSDP itself, which spares a second gathering of their weights."""
    if config.training.sharding == "none":
        return {}
    recompute = config.training.gradient_checkpointing
    settings = {"version": 2, "activation_checkpointing": recompute, "cpu_ram_efficient_loading": loaded_once}
    return {"fsdp": True, "fsdp_config": settings, "gradient_checkpointing": False}


def _steps(value: float) -> float:
    """A share below 1 as it is, else whole steps."""
    return value if value < 1 else int(value)
