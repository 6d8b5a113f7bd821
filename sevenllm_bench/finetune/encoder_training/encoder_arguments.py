"""The translation of an encoder run's configuration into the arguments of transformers' and sentence-transformers' trainers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoder_training.encoder_sections import EncoderConfig
from sevenllm_bench.finetune.runtime import Runtime


def encoder_arguments(arguments: type[Any], config: EncoderConfig, runtime: Runtime, folder: Path, **further: Any) -> Any:
    """The arguments of a trainer.

    Args:
        arguments: Their class.
        config: The run.
        runtime: What it is computed on.
        folder: Where checkpoints to resume from go.
        further: Arguments of this kind of run alone.

    Raises:
        ConfigError: The trainer refuses one.
    """
    training = config.training
    try:
        with warnings.catch_warnings():  # sentence-transformers and TRL go by this name themselves
            warnings.filterwarnings("ignore", message="`gradient_checkpointing` is deprecated", category=FutureWarning)
            return arguments(
                output_dir=str(folder),
                num_train_epochs=training.epochs,
                max_steps=training.max_steps or -1,
                learning_rate=training.learning_rate,
                lr_scheduler_type=training.scheduler,
                warmup_steps=_steps(training.warmup),
                weight_decay=training.weight_decay,
                max_grad_norm=training.max_grad_norm,
                per_device_train_batch_size=training.batch_size,
                per_device_eval_batch_size=config.evaluation.batch_size,
                gradient_accumulation_steps=training.accumulation,
                optim=training.optimizer,
                bf16=runtime.precision == "bf16",
                gradient_checkpointing=training.gradient_checkpointing,
                use_cpu=runtime.device == "cpu",
                seed=training.seed,
                data_seed=training.seed,
                logging_steps=training.log_every,
                logging_first_step=True,
                logging_nan_inf_filter=False,  # it would log 0.0 where the loss is NaN
                save_strategy="steps",
                save_steps=_steps(training.save_every),
                save_total_limit=training.keep_checkpoints,
                eval_strategy="no",  # `RunWatch` measures
                report_to="none",
                ddp_timeout=7200,
                **further,
            )
    except (TypeError, ValueError, ImportError, RuntimeError) as error:
        raise ConfigError(f"the trainer refuses its arguments: {error}") from None


def _steps(value: float) -> float:
    """A share below 1 as it is, else whole steps."""
    return value if value < 1 else int(value)
