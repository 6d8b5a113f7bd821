"""Which checkpoint is the best so far by a figure of the held-out rows, and when to stop looking for a better one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.finetune.output.run_folder import is_complete

if TYPE_CHECKING:
    import torch
    from transformers import TrainerState


@dataclass(frozen=True, slots=True)
class Best:
    """The rule by which a checkpoint is chosen.

    Attributes:
        figure: Name of a held-out figure, "loss…" (the lower the better) or "metrics_…" (the higher); None: the last one is
            published.
        patience: Evaluations without a better figure after which training stops; None for no such stop.
    """

    figure: str | None = None
    patience: int | None = None

    def better(self, value: float, than: float | None) -> bool:
        """Whether a value is better than the best one so far."""
        if math.isnan(value):
            return False
        return than is None or (value < than if str(self.figure).startswith("loss") else value > than)

    def is_over(self, history: Sequence[Mapping[str, Any]], best_step: int | None) -> bool:
        """Whether so many evaluations after the best one were not better.

        Args:
            history: The trainer's log; what an earlier process logged is in it.
            best_step: Step of the best evaluation.
        """
        evaluated = {entry["step"] for entry in history if "eval_loss" in entry}
        return self.patience is not None and len([step for step in evaluated if step > (best_step or 0)]) >= self.patience


def best_folder(state: TrainerState, folder: Path) -> Path | None:
    """The complete checkpoint that is the best so far; None where none was chosen, or it is not there any more."""
    found = folder / f"checkpoint-{state.best_global_step}"
    return found if state.best_global_step and is_complete(found) else None


def forget_lost(state: TrainerState, folder: Path) -> bool:
    """After resuming: forget a best checkpoint that is not complete any more.

    Returns:
        Whether there was one to forget.
    """
    if not state.best_global_step or best_folder(state, folder):
        return False
    state.best_metric = state.best_global_step = state.best_model_checkpoint = None
    return True


def reshard(model: torch.nn.Module) -> None:
    """Free the gathered weights that FSDP2 keeps of its root after an evaluation: into those nothing can be loaded."""
    from torch.distributed.fsdp import FSDPModule

    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()
