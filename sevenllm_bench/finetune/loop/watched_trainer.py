"""TRL's SFTTrainer, watched: it stops when training goes wrong, and logs what it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from transformers import TrainerCallback
from trl import SFTTrainer

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.loop.divergence import (
    DivergedError,
    GradientWatch,
    Sample,
    diverged,
    not_finite,
    nothing_trained,
    sample,
    unchanged,
)
from sevenllm_bench.finetune.loop.learning_rate import without_idle_step
from sevenllm_bench.finetune.loop.throughput import Throughput, peak_memory, to_come
from sevenllm_bench.finetune.output.run_folder import mark_complete
from sevenllm_bench.io.termination import raise_if_terminated

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

Value = TypeVar("Value")


class WatchedTrainer(SFTTrainer):
    """Stops at the first value that is not finite, in all processes at the same step; logs tokens, speed and memory."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Set up, with the arguments of SFTTrainer."""
        self.throughput = Throughput()
        self._gradients = GradientWatch(self._diverged)
        self._before: dict[str, Sample] = {}
        self._begun_at = 0
        self._label_tokens: Any = None  # since the last log entry; None where they aren't counted
        self.idle_adapters: list[str] = []
        super().__init__(*arguments, **named)
        self.add_callback(_Watch(self))

    @property
    def has_stepped(self) -> bool:
        """Whether this process has come as far as a gradient."""
        return self._gradients.steps > 0

    @property
    def tokens(self) -> int:
        """Tokens of all steps and processes until now."""
        return int(self._total_train_tokens)

    def begin(self) -> None:
        """The first step of this process is next; it is evaluated before if it is the first of all."""
        self.args.eval_on_start &= self.state.global_step == 0
        counted = [entry["num_tokens"] for entry in self.state.log_history if "num_tokens" in entry]
        self._total_train_tokens = int(max(counted, default=0))  # TRL counts from 0 again after resuming
        self._begun_at, self._before = self.state.global_step, sample(self.model)
        self.throughput.begin(self.state.global_step, self.tokens)

    def step_done(self) -> None:
        """A step was made, and is not yet logged."""
        self.throughput.step_done(self.state.global_step, self.tokens)

    def _diverged(self, what: str) -> DivergedError:
        return diverged(what, self.state.global_step + 1, self.args)

    def create_optimizer(self, *arguments: Any, **named: Any) -> Any:
        """The optimizer of the configuration.

        Raises:
            ConfigError: It refuses its arguments.
        """
        with _refusals("training.optimizer", "optim_args, adam_beta1, …", self.args.optim):
            return super().create_optimizer(*arguments, **named)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The schedule of the configuration, whose first step trains.

        Raises:
            ConfigError: It refuses its arguments.
        """
        is_new = self.lr_scheduler is None
        with _refusals("training.scheduler", "lr_scheduler_kwargs", self.args.lr_scheduler_type):
            scheduler = super().create_scheduler(num_training_steps, optimizer)
        return without_idle_step(scheduler, self.args.get_warmup_steps(num_training_steps)) if is_new else scheduler

    def get_batch_samples(self, *arguments: Any, **named: Any) -> Any:
        """The batches of a step, and the number of their label tokens over all processes, which is added up."""
        raise_if_terminated()  # SIGTERM has come and a library has lost it
        batches, label_tokens = super().get_batch_samples(*arguments, **named)
        if label_tokens is not None:
            self._label_tokens = label_tokens if self._label_tokens is None else self._label_tokens + label_tokens
        return batches, label_tokens

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """The gradient norm, looked at before the step; the one wait for the GPU here replaces the trainer's own NaN filter's."""
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        whole = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
        if whole is not None and getattr(self.accelerator, "scaler", None) is None:  # a scaler leaves out such steps itself
            self._gradients.look(float(whole))
        return norm

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log a step's figures together with label tokens, speed, time left and memory.

        Raises:
            DivergedError: The loss is not finite.
        """
        if "loss" in logs:
            if not math.isfinite(logs["loss"]):
                raise diverged(f"the loss is {logs['loss']}", self.state.global_step, self.args)
            logs |= self._measured()
        super().log(logs, start_time)

    def _measured(self) -> dict[str, float]:
        step, steps, tokens = self.state.global_step, self.state.max_steps, self.tokens
        counted = {} if self._label_tokens is None else {"label_tokens": int(self._label_tokens)}
        self._label_tokens = None
        every = self.state.eval_steps if self.args.eval_strategy == "steps" else 0
        evaluations = to_come(step, steps, every) if every else int(self.eval_dataset is not None)
        checkpoints = to_come(step, steps, self.state.save_steps)
        return {
            **counted,
            "tokens_per_second": self.throughput.since_last(tokens),
            "seconds_left": self.throughput.left(step, steps, evaluations, checkpoints),
            "peak_memory_gib": peak_memory(self.args.device.type) / 2**30,
        }

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint, whose weights are finite, and mark it once all processes have written their part of it."""
        self.require_finite_weights()
        if self.state.global_step >= self.state.max_steps:
            self.require_training()
        with self.throughput.pause("checkpoint"):
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()
            if self.is_world_process_zero():
                mark_complete(Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}")

    def require_finite_weights(self) -> None:
        """That every trained weight is finite, in all processes.

        Raises:
            DivergedError: One is not.
        """
        names = self.of_all(not_finite(self.model))
        if names:
            raise diverged(f"{len(names):,} trained weights are not finite, {names[0]} first", self.state.global_step, self.args)

    def require_training(self) -> None:
        """That the steps of this process trained something.

        Raises:
            DivergedError: The gradient was zero throughout, or no trained weight has another value than before.
        """
        if self.state.global_step == self._begun_at:
            return
        if self._gradients.steps and self._gradients.idle == self._gradients.steps:
            raise nothing_trained(f"the gradient was zero in each of the {self._gradients.steps:,} steps")
        same = unchanged(self.model, self._before)
        changed = self.of_all([name for name in self._before if name not in same])
        if not changed and self.of_all([bool(self._before)]) != [False]:
            raise nothing_trained("no weight has another value than before the first step")
        if self.state.global_step > self._begun_at + 1:  # an adapter's first step changes one of its two matrices only
            self.idle_adapters = [name for name in same if "lora_" in name and name not in changed]

    def of_all(self, values: list[Value]) -> list[Value]:
        """The different values in the lists of all processes, in the order of the first."""
        if self.args.world_size > 1:
            from accelerate.utils import gather_object

            values = gather_object(values)
        return list(dict.fromkeys(values))


@contextmanager
def _refusals(key: str, further: str, chosen: Any) -> Iterator[None]:
    """What a part of PyTorch or transformers doesn't take, as an error that names the keys."""
    try:
        yield
    except (TypeError, ValueError, AttributeError) as error:
        name = getattr(chosen, "value", chosen)
        raise ConfigError(f"{key}={name}: refused ({error}); see training.trainer ({further}) too") from None


class _Watch(TrainerCallback):
    def __init__(self, trainer: WatchedTrainer) -> None:
        self._trainer = trainer

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._trainer.begin()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """A checkpoint's log covers all its steps: a run that goes on from it then logs as an undisturbed one does.

        The last step is evaluated before trackers take the run for finished.
        """
        self._trainer.step_done()
        control.should_log |= control.should_save
        control.should_evaluate |= state.global_step >= state.max_steps and self._trainer.eval_dataset is not None
