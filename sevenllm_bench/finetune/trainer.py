"""TRL's SFTTrainer with our held-out evaluation, and the translation of a configuration into its arguments."""

from __future__ import annotations

import dataclasses
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from datasets import Dataset, concatenate_datasets
from tqdm.auto import tqdm  # type: ignore[import-untyped]
from transformers import ProgressCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer
from trl.trainer import utils

from sevenllm_bench.errors import ConfigError, nearest
from sevenllm_bench.finetune.config import FinetuneConfig
from sevenllm_bench.finetune.examples import IGNORED
from sevenllm_bench.finetune.run_folder import mark_complete
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.io.terminal import say

if TYPE_CHECKING:
    from transformers import EvalPrediction, TrainerControl, TrainerState, TrainingArguments

    from sevenllm_bench.finetune.held_out_answers import HeldOutAnswers


def trainer_arguments(
    config: FinetuneConfig, runtime: Runtime, folder: Path, has_held_out: bool, evaluate_first: bool
) -> SFTConfig:
    """The arguments of TRL's trainer.

    Args:
        config: The run.
        runtime: What it is computed on.
        folder: Where checkpoints to resume from go.
        has_held_out: Whether there are held-out rows.
        evaluate_first: Whether they are evaluated before the first step.

    Raises:
        ConfigError: `training.trainer` has a key that SFTConfig doesn't know, or one that is set elsewhere, or a value
            that doesn't fit.
    """
    ours = _ours(config, runtime, folder) | _evaluation(config, has_held_out, evaluate_first) | _sharding(config)
    further = config.training.trainer
    names = [field.name for field in dataclasses.fields(SFTConfig) if field.init]
    for key in further:
        if key not in names:
            near = nearest(key, names)
            hint = f"; did you mean {near}?" if near else ""
            raise ConfigError(f"training.trainer.{key}: not an argument of TRL's SFTConfig{hint}")
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


def _evaluation(config: FinetuneConfig, has_held_out: bool, evaluate_first: bool) -> dict[str, Any]:
    every = _steps(config.evaluation.every) if has_held_out else 0
    return {
        "eval_strategy": "steps" if every else "no",
        "eval_steps": every or None,
        "eval_on_start": has_held_out and evaluate_first,
    }


def _sharding(config: FinetuneConfig) -> dict[str, Any]:
    """FSDP2, full shard; layers are recomputed by FSDP itself, which spares a second gathering of their weights."""
    if config.training.sharding == "none":
        return {}
    recompute = config.training.gradient_checkpointing
    return {"fsdp": True, "fsdp_config": {"version": 2, "activation_checkpointing": recompute}, "gradient_checkpointing": False}


def _steps(value: float) -> float:
    """A share below 1 as it is, else whole steps."""
    return value if value < 1 else int(value)


class HeldOutTrainer(SFTTrainer):
    """Reports the held-out loss by language and task: the mean over label tokens, not over batches."""

    train_dataset: Dataset

    def __init__(self, *arguments: Any, cells: Sequence[str] = (), answering: HeldOutAnswers | None = None, **named: Any) -> None:
        """Set up.

        Args:
            arguments: Of SFTTrainer.
            cells: Cell of each held-out example (`corpus.selection.cell_of`), in order.
            answering: Answers held-out rows and scores them at each evaluation; None for the loss alone.
            named: Of SFTTrainer.
        """
        self._cells = list(cells)
        self._answering = answering
        score_labelled_positions_only()
        super().__init__(*arguments, **{**named, "compute_metrics": self._by_cell})
        given = len(self.train_dataset)
        self.train_dataset = filled_up(self.train_dataset, self._sequences_per_step(), self.processing_class.pad_token_id)
        self.empty_sequences = len(self.train_dataset) - given
        self.remove_callback(ProgressCallback)
        self.add_callback(Lines)

    def _sequences_per_step(self) -> int:
        return self.args.per_device_train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size

    def _send_telemetry(self) -> None:
        """Nothing: telemetry is disabled."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Nothing: the finished checkpoint has a card of its own."""

    def prediction_step(
        self, model: Any, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: list[str] | None = None
    ) -> tuple[None, torch.Tensor, torch.Tensor]:
        """Loss sums of a batch of B examples.

        Returns:
            None, a (B, 2) tensor of the summed negative log-likelihood in nats and the number of label tokens of each
            example, and that number again in the place of labels.
        """
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            outputs = model(**inputs, fused_lm_head=True)
        losses = -outputs.log_probs.float()  # (1 or B, L - 1), zero where no loss is taken
        counted = (inputs["labels"][:, 1:] != -100).to(losses.dtype)
        if "seq_idx" in inputs:  # padding-free: the examples lie one after the other in one sequence
            index = inputs["seq_idx"][0, 1:].long()
            zeros = losses.new_zeros(int(inputs["seq_idx"].max()) + 1)
            sums = torch.stack([zeros.index_add(0, index, losses[0]), zeros.index_add(0, index, counted[0])], dim=1)
        else:
            sums = torch.stack([losses.sum(1), counted.sum(1)], dim=1)
        return None, sums, sums[:, 1].contiguous()

    def _by_cell(self, prediction: EvalPrediction) -> dict[str, float]:
        return losses_by_cell(np.asarray(prediction.predictions), self._cells)

    def evaluate(self, *arguments: Any, **named: Any) -> dict[str, float]:
        """Held-out loss, and the metrics of answers where they are asked for."""
        result = dict(super().evaluate(*arguments, **named))
        if self._answering:
            scores = {f"eval_{name}": value for name, value in self._answering.score(self).items()}
            self.log(dict(scores))
            result |= scores
        return result


def score_labelled_positions_only() -> None:
    """Let TRL's fused LM head leave out positions without a label on CPUs too; the figures are the same.

    TRL 1.16 (`add_fused_lm_head` in trl/trainer/utils.py) does so only where Triton runs, since some accelerators compile
    again for every number of positions. A CPU doesn't, and four of five positions of our rows carry no loss.
    """
    use_triton = getattr(utils, "_use_triton", None)
    if use_triton is not None:
        utils._use_triton = lambda device: device.type == "cpu" or use_triton(device)


def filled_up(dataset: Dataset, per_step: int, pad_token_id: int) -> Dataset:
    """A dataset whose length is a multiple of `per_step`, by sequences that carry no loss.

    Without them the last step of an epoch would be short, and several processes would fill it up with sequences they saw
    already: the same run would come out differently on another number of processes.
    """
    missing = -len(dataset) % per_step
    if not missing:
        return dataset
    empty: dict[str, Any] = {"input_ids": [pad_token_id] * 2, "labels": [IGNORED] * 2, "seq_lengths": [2]}
    names = [name for name in dataset.column_names if name in empty]
    filling = Dataset.from_dict(
        {name: [empty[name]] * missing for name in names}, features=dataset.select_columns(names).features
    )
    return concatenate_datasets([dataset.select_columns(names), filling])


def losses_by_cell(sums: np.ndarray, cells: Sequence[str]) -> dict[str, float]:
    """Mean loss per label token, overall, by language and by cell.

    Args:
        sums: (n, 2): summed loss and number of label tokens of each example.
        cells: n cells, e.g. "en/Threat Analysis".

    Returns:
        "loss", "loss_en", "loss_en_threat_analysis", …, in nats per token.
    """
    groups: dict[str, list[int]] = {"loss": list(range(len(cells)))}
    for place, cell in enumerate(cells):
        language, _, task = cell.partition("/")
        for name in (f"loss_{language}", f"loss_{language}_{task.lower().replace(' ', '_').replace('-', '_')}"):
            groups.setdefault(name, []).append(place)
    totals = {name: sums[places].sum(axis=0) for name, places in sorted(groups.items())}
    return {name: float(loss / tokens) for name, (loss, tokens) in totals.items() if tokens}


class MarkComplete(TrainerCallback):
    """Marks each checkpoint as complete once all processes have written their part of it."""

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Write the mark."""
        if torch.distributed.is_initialized():
            torch.distributed.barrier()
        if state.is_world_process_zero:
            mark_complete(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}")


class Lines(ProgressCallback):
    """A progress bar, on a terminal, and one short line per logged step instead of a dictionary."""

    def __init__(self) -> None:
        """Start the clock."""
        super().__init__()
        self._start = time.monotonic()

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Begin the bar; a log file gets the lines alone."""
        if state.is_world_process_zero:
            self.training_bar = tqdm(total=state.max_steps, dynamic_ncols=True, disable=not sys.stderr.isatty())
        self.current_step = 0

    def on_prediction_step(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **named: Any) -> None:
        """Move the bar of an evaluation."""
        if sys.stderr.isatty():
            super().on_prediction_step(args, state, control, **named)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Print what a reader follows: loss, learning rate, held-out losses of each language, scores."""
        if not state.is_world_process_zero or self.training_bar is None or not logs:
            return
        parts = [f"{label} {logs[name]:.4g}" for name, label in _SHOWN.items() if isinstance(logs.get(name), (int, float))]
        parts += [f"{name.removeprefix('eval_metrics_')} {value:.4f}" for name, value in logs.items() if "eval_metrics_" in name]
        if parts:
            elapsed = tqdm.format_interval(time.monotonic() - self._start)
            with tqdm.external_write_mode():  # the bar steps aside
                say(f"step {state.global_step:,} of {state.max_steps:,} ({elapsed}): {', '.join(parts)}")


_SHOWN = {
    "loss": "loss",
    "learning_rate": "learning rate",
    "grad_norm": "gradient norm",
    "eval_loss": "held-out loss",
    "eval_loss_en": "English",
    "eval_loss_zh": "Chinese",
}
