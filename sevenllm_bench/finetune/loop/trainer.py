"""The trainer of a run: held-out rows are evaluated on the way, and the best checkpoint by them can be chosen."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from datasets import Dataset, concatenate_datasets
from transformers import ProgressCallback
from trl.trainer import utils

from sevenllm_bench.corpus.selection import GENERAL
from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.finetune.encoding.example_encoder import IGNORED
from sevenllm_bench.finetune.loop.best_checkpoint import Best, best_folder, forget_lost, reshard
from sevenllm_bench.finetune.loop.divergence import diverged
from sevenllm_bench.finetune.loop.step_lines import Lines
from sevenllm_bench.finetune.loop.watched_trainer import WatchedTrainer
from sevenllm_bench.io.terminal import say

if TYPE_CHECKING:
    from transformers import EvalPrediction

    from sevenllm_bench.finetune.loop.held_out_answers import HeldOutAnswers


class HeldOutTrainer(WatchedTrainer):
    """Reports the held-out loss by language and task: the mean over label tokens, not over batches."""

    train_dataset: Dataset

    def __init__(
        self,
        *arguments: Any,
        cells: Sequence[str] = (),
        answering: HeldOutAnswers | None = None,
        best: Best | None = None,
        **named: Any,
    ) -> None:
        """Set up.

        Args:
            arguments: Of SFTTrainer.
            cells: Cell of each held-out example (`corpus.selection.cell_of`), in order.
            answering: Answers held-out rows and scores them at each evaluation; None for the loss alone.
            best: How the checkpoint that is published is chosen; default: it is the last one.
            named: Of SFTTrainer.

        Raises:
            ConfigError: It is chosen by a figure that the held-out rows don't give.
        """
        self._cells = list(cells)
        self._answering = answering
        self._best = best or Best()
        self._require_figure()
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
        """Held-out loss, and the metrics of answers where they are asked for; the checkpoint is kept where it is the best yet.

        Raises:
            DivergedError: The held-out loss is not finite.
        """
        with self.throughput.pause("evaluation"):
            result = dict(super().evaluate(*arguments, **named))
            for name, value in result.items():  # each: the overall one leaves out general examples
                if name.startswith("eval_loss") and not math.isfinite(value):
                    what = f"the held-out {name.removeprefix('eval_')} is {value}"
                    raise diverged(what, self.state.global_step, self.args)
            if self._answering:
                scores = {f"eval_{name}": value for name, value in self._answering.score(self).items()}
                self.log(dict(scores))
                result |= scores
        if self._best.figure and self.state.global_step:
            self._choose(result[f"eval_{self._best.figure}"])
        return result

    def _require_figure(self) -> None:
        figures = losses_by_cell(np.ones((len(self._cells), 2)), self._cells)
        figures |= self._answering.names() if self._answering else {}
        if self._best.figure and self._best.figure not in figures:
            raise ConfigError(f"evaluation.best: {unknown_name('figure of the held-out rows', self._best.figure, figures)}")

    def _choose(self, value: float) -> None:
        """Keep this step's checkpoint where it is the best yet; stop where there was none better for too long."""
        state, control = self.state, self.control
        if self._best.better(value, state.best_metric):
            state.best_metric, state.best_global_step = value, state.global_step
            control.should_save = True
        elif self._best.is_over(state.log_history, state.best_global_step) and state.global_step < state.max_steps:
            if self.is_world_process_zero():
                best = f"better than that of step {state.best_global_step:,}" if state.best_global_step else "a number"
                say(f"stopping early: no evaluation was {best}")
            control.should_training_stop = True
            control.should_save = False  # a run that goes on from here would not know that it is over

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        """Not transformers' own choice: `evaluate` has chosen."""
        return False

    def begin(self) -> None:
        """The first step of this process is next."""
        super().begin()
        step = self.state.best_global_step
        if forget_lost(self.state, Path(str(self.args.output_dir))) and self.is_world_process_zero():
            say(f"the best checkpoint until now (step {step:,}) is not there any more: the best of the later ones is chosen")

    def settle(self) -> int:
        """After the last step: check the weights, and load those of the best checkpoint where it was asked for.

        Returns:
            The step whose weights the model has now.

        Raises:
            DivergedError: There is nothing worth publishing.
        """
        self.require_finite_weights()
        self.require_training()
        folder = best_folder(self.state, Path(str(self.args.output_dir))) if self._best.figure else None
        if folder is None or self.state.best_global_step == self.state.global_step:
            return self.state.global_step
        reshard(self.model)
        self.state.best_model_checkpoint = str(folder)
        self._load_best_model()
        return self.state.best_global_step


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


def _figures_of(cell: str) -> tuple[str, ...]:
    """Names of the losses that an example of a cell is part of."""
    language, _, task = cell.partition("/")
    name = re.sub(r"[^\w.]+", "_", task.lower())
    if task.startswith(GENERAL):
        return (f"loss_{name}",)
    return "loss", f"loss_{language}", f"loss_{language}_{name}"


def losses_by_cell(sums: np.ndarray, cells: Sequence[str]) -> dict[str, float]:
    """Mean loss per label token: of the SEvenLLM rows overall, by language and by cell; of general examples by source.

    Args:
        sums: (n, 2): summed loss and number of label tokens of each example.
        cells: n cells, e.g. "en/Threat Analysis" or "en/general alpaca".

    Returns:
        "loss", "loss_en", "loss_en_threat_analysis", …, "loss_general_alpaca", …, in nats per token. "loss" is that of the
        general examples where there are no others.
    """
    groups: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        for name in _figures_of(cell):
            groups.setdefault(name, []).append(place)
    groups.setdefault("loss", list(range(len(cells))))
    totals = {name: sums[places].sum(axis=0) for name, places in sorted(groups.items())}
    return {name: float(loss / tokens) for name, (loss, tokens) in totals.items() if tokens}
