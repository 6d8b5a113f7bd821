"""What a run says on its way: a bar on a terminal, and a line per logged step."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm  # type: ignore[import-untyped]
from transformers import ProgressCallback

from sevenllm_bench.io.terminal import say

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments


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
        parts = list(_parts(logs))
        if parts:
            elapsed = tqdm.format_interval(time.monotonic() - self._start)
            with tqdm.external_write_mode():  # the bar steps aside
                say(f"step {state.global_step:,} of {state.max_steps:,} ({elapsed}): {', '.join(parts)}")


def _parts(logs: Mapping[str, Any]) -> Iterator[str]:
    """The figures of a log entry that are shown, in words."""
    for name, label in _SHOWN.items():
        if isinstance(logs.get(name), (int, float)):
            yield f"{label} {logs[name]:.4g}"
    for name, value in logs.items():
        if name.startswith(_GENERAL):
            yield f"general {name.removeprefix(_GENERAL)} {value:.4g}"
        if "eval_metrics_" in name:
            yield f"{name.removeprefix('eval_metrics_')} {value:.4f}"
    if "tokens_per_second" in logs:
        yield f"{logs['tokens_per_second']:,.0f} tokens/s"
    if "seconds_left" in logs:
        yield f"{timedelta(seconds=round(logs['seconds_left']))} left"
    if logs.get("peak_memory_gib"):
        yield f"peak memory {logs['peak_memory_gib']:.2f} GiB"


_GENERAL = "eval_loss_general_"
_SHOWN = {
    "loss": "loss",
    "learning_rate": "learning rate",
    "grad_norm": "gradient norm",
    "eval_loss": "held-out loss",
    "eval_loss_en": "English",
    "eval_loss_zh": "Chinese",
}
