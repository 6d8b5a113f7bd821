"""What is done beside the steps of an encoder run: checkpoints marked whole, held-out figures, values that are not finite."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import ProgressCallback, Trainer, TrainerCallback
from transformers.trainer_callback import PrinterCallback

from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber
from sevenllm_bench.finetune.loop.divergence import diverged, not_finite
from sevenllm_bench.finetune.loop.step_lines import Lines
from sevenllm_bench.finetune.output.run_folder import mark_complete
from sevenllm_bench.finetune.processes import is_main_process, on_main, wait_for_all
from sevenllm_bench.io.termination import raise_if_terminated

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    Measure = Callable[[], Mapping[str, float]]


class RunWatch(TrainerCallback):
    """Watches a trainer; added to it by `watch`."""

    def __init__(
        self, trainer: Trainer, measure: Measure | None, every: float, passes: PassNumber, say: Callable[[str], None]
    ) -> None:
        """Set up.

        Args:
            trainer: What is watched.
            measure: Figures of the held-out examples, by the model as it is; None without any.
            every: Steps between evaluations, a share of all below 1, 0 for only before and after.
            passes: Gets the number of the next pass.
            say: Takes lines about the progress.
        """
        self._trainer, self._measure, self._every, self._passes, self._say = trainer, measure, every, passes, say

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Measure before the first step."""
        if state.global_step == 0:
            self._evaluate(state)

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """A pass begins, or goes on."""
        self._passes.number = math.floor((state.epoch or 0.0) + 1e-6)

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Stop where SIGTERM has come and a library has lost it."""
        raise_if_terminated()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Measure where it is due. A checkpoint's log covers all its steps, as in a run that was not disturbed."""
        control.should_log |= control.should_save
        step, every = state.global_step, self._every
        interval = max(1, math.ceil(state.max_steps * every) if every < 1 else int(every)) if every else 0
        if step >= state.max_steps or (interval and step % interval == 0):
            self._evaluate(state)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Stop at a loss that is not finite."""
        loss = (logs or {}).get("loss")
        if isinstance(loss, float) and not math.isfinite(loss):
            raise diverged(f"the loss is {loss}", state.global_step, args)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Mark a checkpoint once all processes have written their part of it, if its weights are finite."""
        self.require_finite_weights()
        wait_for_all()
        if is_main_process():
            mark_complete(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}")

    def require_finite_weights(self) -> None:
        """That every trained weight is finite.

        Raises:
            DivergedError: One is not.
        """
        names = not_finite(self._trainer.model)
        if names:
            what = f"{len(names):,} trained weights are not finite, {names[0]} first"
            raise diverged(what, self._trainer.state.global_step, self._trainer.args)

    def _evaluate(self, state: TrainerState) -> None:
        if self._measure is None:
            return
        model = self._trainer.model
        model.eval()
        try:
            figures = on_main(self._measure)
        finally:
            model.train()
        state.log_history.append({**{f"eval_{name}": value for name, value in figures.items()}, "step": state.global_step})
        shown = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        self._say(f"step {state.global_step:,} of {state.max_steps:,}, held out: {shown}")


def watch(trainer: Trainer, measure: Measure | None, every: float, passes: PassNumber, say: Callable[[str], None]) -> RunWatch:
    """Let a trainer be watched, and say its progress in lines.

    Args:
        trainer: A trainer that has not begun.
        measure: Figures of the held-out examples, by the model as it is; None without any.
        every: See `RunWatch`.
        passes: Gets the number of the next pass.
        say: Takes lines about the progress.
    """
    watching = RunWatch(trainer, measure, every, passes, say)
    for callback in (ProgressCallback, PrinterCallback):
        trainer.remove_callback(callback)
    trainer.add_callback(Lines())
    trainer.add_callback(watching)
    return watching
