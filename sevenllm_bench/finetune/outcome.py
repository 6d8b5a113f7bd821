"""What came of a run: steps, losses and metrics before and after, versions."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sevenllm_bench import __version__
from sevenllm_bench.finetune.config import FinetuneConfig

if TYPE_CHECKING:
    from sevenllm_bench.finetune.trainer import HeldOutTrainer

#: Packages whose versions a model card names.
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers")


def run_outcome(config: FinetuneConfig, trainer: HeldOutTrainer) -> dict[str, Any]:
    """What a model card says of the training, as JSON values.

    Args:
        config: The run.
        trainer: After its last step.
    """
    history = trainer.state.log_history
    evaluations: dict[int, dict[str, float]] = {}  # by step: losses and metrics are logged apart
    for entry in history:
        evaluations.setdefault(entry.get("step", 0), {}).update(_figures(entry))
    evaluated = [figures for figures in evaluations.values() if figures] or [{}]
    losses = [entry["loss"] for entry in history if "loss" in entry]
    return {
        "steps": trainer.state.global_step,
        "epochs": trainer.state.epoch,
        "sequences": len(trainer.train_dataset) - trainer.empty_sequences,
        "processes": trainer.args.world_size,
        "device": str(trainer.args.device.type),
        "training loss": losses[-1] if losses else None,
        "held-out before": evaluated[0],
        "held-out after": evaluated[-1],
        "versions": {"sevenllm-bench": __version__, **{name: version(name) for name in PACKAGES}},
        "config": config.model_dump(mode="json"),
    }


def _figures(entry: Mapping[str, Any]) -> dict[str, float]:
    return {name.removeprefix("eval_"): value for name, value in entry.items() if name.startswith(("eval_loss", "eval_metrics"))}
