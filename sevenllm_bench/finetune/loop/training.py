"""The trainer of a run whose data are prepared, and its way through the steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from sevenllm_bench.errors import ConfigError, SEvenLLMError
from sevenllm_bench.finetune.base.adapters import with_adapters
from sevenllm_bench.finetune.base.sharded_loading import is_loaded_once
from sevenllm_bench.finetune.encoding.example_encoder import ExampleEncoder
from sevenllm_bench.finetune.encoding.preparation import answered_rows, held_out_rows, training_rows
from sevenllm_bench.finetune.libraries import require_packages
from sevenllm_bench.finetune.loop.arguments import trainer_arguments
from sevenllm_bench.finetune.loop.best_checkpoint import Best
from sevenllm_bench.finetune.loop.held_out_answers import HeldOutAnswers
from sevenllm_bench.finetune.loop.trackers import require_trackers
from sevenllm_bench.finetune.loop.trainer import HeldOutTrainer
from sevenllm_bench.finetune.output.run_folder import OutputFolder
from sevenllm_bench.finetune.processes import process_count
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.config import FinetuneConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase
    from trl import SFTConfig

#: What the libraries refuse a model or arguments with.
_REFUSALS = (ValueError, ImportError, RuntimeError)


def check_arguments(config: FinetuneConfig, runtime: Runtime, output: OutputFolder) -> SFTConfig:
    """The arguments of a trainer, as far as they are known before the data; bad ones are refused before any work is done.

    Raises:
        ConfigError: The trainer refuses its arguments, sharding has one process only, or a package is missing.
    """
    if config.training.sharding == "full" and process_count() == 1:
        raise ConfigError(
            "training.sharding=full shards over several processes, and this run has one: start it with torchrun or accelerate "
            "launch, or set training.sharding=none"
        )
    require_packages(config)
    require_trackers(config.training.report_to)
    return trainer_arguments(config, runtime, output.training, has_held_out=False)


def build_trainer(
    config: FinetuneConfig,
    runtime: Runtime,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    encoder: ExampleEncoder,
    output: OutputFolder,
) -> HeldOutTrainer:
    """The trainer of a run whose data are prepared.

    Args:
        config: The run.
        runtime: What it is computed on.
        model: The base model.
        tokenizer: The model's.
        encoder: Encodes the prompts of the rows that are answered while training.
        output: The run's folder.

    Raises:
        ConfigError: The trainer refuses its arguments or the model.
    """
    evaluation, held_out = config.evaluation, held_out_rows(output)
    loaded_once = is_loaded_once(config, model.config)
    arguments = trainer_arguments(config, runtime, output.training, held_out is not None, loaded_once)
    rows = answered_rows(output)
    answering = HeldOutAnswers(rows, encoder, tokenizer, evaluation.batch_size, evaluation.max_new_tokens) if rows else None
    model, adapters = with_adapters(config, model)
    try:
        trainer = HeldOutTrainer(
            model=model,
            args=arguments,
            train_dataset=training_rows(output),
            eval_dataset=held_out,
            processing_class=tokenizer,
            peft_config=adapters,
            cells=held_out["cell"] if held_out is not None else (),
            answering=answering,
            best=Best(evaluation.best if evaluation.best != "none" else None, evaluation.patience),
        )
    except Exception as error:
        # What training.trainer says fails in whatever way the libraries come upon it.
        if isinstance(error, SEvenLLMError) or not (config.training.trainer or isinstance(error, _REFUSALS)):
            raise
        raise ConfigError(f"the trainer can't be set up: {error}") from None
    if config.training.sharding == "full" and not trainer.is_fsdp_enabled:
        raise ConfigError(
            "training.sharding=full: the engine left sharding off here; accelerate shards over accelerators, not over CPUs"
        )
    return trainer


def train(trainer: HeldOutTrainer, resume_from: Path | None, say: Callable[[str], None]) -> int:
    """All steps, and an evaluation after the last one.

    Args:
        trainer: Of the run.
        resume_from: The checkpoint to go on from; None to begin.
        say: Takes lines about the progress.

    Returns:
        The step whose weights the model has then: the last one, or the best by `evaluation.best`.

    Raises:
        ConfigError: The checkpoint can't be read.
        DivergedError: Training went wrong.
    """
    say(f"training {_described(trainer)}")
    try:
        trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    except (ValueError, RuntimeError, EOFError, KeyError, UnpicklingError, SafetensorError) as error:
        if resume_from is None or trainer.has_stepped or type(error).__name__ == "OutOfMemoryError":
            raise
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"{resume_from}: can't be gone on with ({reason}). If it is damaged, remove this folder: resume=auto then takes the "
            "checkpoint before it"
        ) from None
    if _needs_evaluation(trainer):
        trainer.evaluate()
    return trainer.settle()


def _needs_evaluation(trainer: HeldOutTrainer) -> bool:
    """Whether there are held-out rows, and the last step was not evaluated."""
    steps = [entry["step"] for entry in trainer.state.log_history if "eval_loss" in entry]
    return trainer.eval_dataset is not None and (not steps or steps[-1] < trainer.state.global_step)


def _described(trainer: HeldOutTrainer) -> str:
    args, trainable = trainer.args, sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    kind = "packed sequences" if args.packing else "examples"
    empty = f" (and {trainer.empty_sequences:,} empty, to fill the last step)" if trainer.empty_sequences else ""
    return (
        f"{trainable:,} parameters on {len(trainer.train_dataset) - trainer.empty_sequences:,} {kind}{empty}, "
        f"{args.per_device_train_batch_size} x {args.gradient_accumulation_steps} x {args.world_size} per step "
        f"(batch x accumulation x processes), on {args.device}"
    )
