"""The result of a run as its log tells it: figures before and after, what was published, and what a reader must know first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from math import ceil
from typing import TYPE_CHECKING, Any

from sevenllm_bench import __version__
from sevenllm_bench.finetune.loop.throughput import peak_memory
from sevenllm_bench.finetune.output.shown_paths import without_folders
from sevenllm_bench.finetune.settings.config import FinetuneConfig

if TYPE_CHECKING:
    from sevenllm_bench.finetune.loop.trainer import HeldOutTrainer

#: Packages whose versions a model card names.
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers")
#: Share of the steps, the last ones, over which the training loss is averaged.
_LAST = 0.1

Log = Sequence[Mapping[str, Any]]


def run_outcome(config: FinetuneConfig, trainer: HeldOutTrainer, published: int) -> dict[str, Any]:
    """What a model card says of the training, as JSON values. Called by all processes.

    Args:
        config: The run.
        trainer: After its last step.
        published: The step whose weights are published.
    """
    history, steps = trainer.state.log_history, trainer.state.global_step
    evaluated = evaluations(history)
    ran: dict[str, Any] = {
        "steps": steps,
        "epochs": trainer.state.epoch,
        "sequences": len(trainer.train_dataset) - trainer.empty_sequences,
        "processes": trainer.args.world_size,
        "device": str(trainer.args.device.type),
        "training loss": last_loss(history, steps),
        "highest learning rate": max((entry["learning_rate"] for entry in history if "learning_rate" in entry), default=None),
        "tokens per second": trainer.throughput.overall(trainer.tokens),
        "peak memory GiB": max(trainer.of_all([peak_memory(trainer.args.device.type)])) / 2**30,
        "published": _published(config, trainer, published),
        "held-out before": evaluated.get(0, {}),
        "held-out after": evaluated.get(published, {}),
        "versions": {"sevenllm-bench": __version__, **{name: version(name) for name in PACKAGES}},
        "config": without_folders(config.model_dump(mode="json")),
    }
    return {**ran, "warnings": [*_warnings(ran, history), *_idle_adapters(trainer)]}


def evaluations(history: Log) -> dict[int, dict[str, float]]:
    """Held-out losses and metrics, which are logged apart, by step; 0 is before the first one."""
    found: dict[int, dict[str, float]] = {}
    for entry in history:
        figures = {name.removeprefix("eval_"): value for name, value in entry.items() if _is_figure(name)}
        if figures:
            found.setdefault(entry.get("step", 0), {}).update(figures)
    return found


def _is_figure(name: str) -> bool:
    return name.startswith(("eval_loss", "eval_metrics"))


def last_loss(history: Log, steps: int) -> dict[str, float] | None:
    """Mean of the logged training losses over the last tenth of the steps, weighted by their label tokens.

    Args:
        history: Entries with "step", "loss" (the mean over the steps since the entry before) and "label_tokens".
        steps: All steps.

    Returns:
        "mean" in nats per label token, "steps" and "label tokens" that it is taken over; None where nothing was logged.
    """
    logged = [entry for entry in history if "loss" in entry and entry.get("label_tokens", 1)]
    first = steps - ceil(steps * _LAST)
    last = [entry for entry in logged if entry["step"] > first] or logged[-1:]
    if not last:
        return None
    before = max((entry["step"] for entry in history if "loss" in entry and entry["step"] < last[0]["step"]), default=0)
    weights = [entry.get("label_tokens", 1) for entry in last]
    mean = sum(entry["loss"] * weight for entry, weight in zip(last, weights, strict=True)) / sum(weights)
    return {"mean": mean, "steps": last[-1]["step"] - before, "label tokens": sum(weights)}


def _published(config: FinetuneConfig, trainer: HeldOutTrainer, step: int) -> dict[str, Any]:
    """Which step's weights are published, and why."""
    state, figure = trainer.state, config.evaluation.best
    if figure == "none" or state.best_global_step != step:
        lost = " (no checkpoint that was evaluated is left to choose from)" if figure != "none" else ""
        return {"step": step, "why": f"the last step{lost}"}
    kind = "lowest" if figure.startswith("loss") else "highest"
    ended = f"; stopped early at step {state.global_step:,} of {state.max_steps:,}" if state.global_step < state.max_steps else ""
    count = len([evaluated for evaluated in evaluations(state.log_history) if evaluated])
    return {"step": step, "why": f"the {kind} held-out {figure} ({state.best_metric:.4f}) of {count:,} evaluations{ended}"}


def _warnings(ran: Mapping[str, Any], history: Log) -> Iterator[str]:
    """What a reader must know before anything else, the most severe first."""
    before, after, last = ran["held-out before"].get("loss"), ran["held-out after"].get("loss"), ran["training loss"]
    if before is not None and after is not None and round(after, 4) > round(before, 4):
        yield (
            f"The held-out loss rose from {before:.4f} to {after:.4f}: by that measure the tuned model is worse than its base. "
            "Lower training.learning_rate or training.epochs, or set evaluation.best: loss"
        )
    for name, value in ran["held-out after"].items():
        earlier = ran["held-out before"].get(name, value)
        if name.startswith("loss_general_") and round(value, 4) > round(earlier, 4):
            yield (
                f"The held-out loss of general examples, {name}, rose from {earlier:.4f} to {value:.4f}: the model forgets. "
                "Train on general examples too (data.sources), or lower training.learning_rate"
            )
    losses = [entry for entry in history if "loss" in entry and entry.get("label_tokens", 1)]
    if last and len(losses) > 1 and round(last["mean"], 4) > round(losses[0]["loss"], 4):
        start, end = losses[0]["loss"], last["mean"]
        yield f"The training loss rose from {start:.4f} to {end:.4f} (mean of the last {last['steps']:,} steps)"
    if len(losses) > 2 and len({entry["loss"] for entry in losses}) == 1:
        yield f"The training loss was {losses[0]['loss']:.4f} at every step that was logged: nothing seems to have been learned"
    without = [entry for entry in history if "loss" in entry and not entry.get("label_tokens", 1)]
    if without:
        yield f"{len(without):,} of {len(without) + len(losses):,} logged parts of the run had no token that carries loss"
    wanted, reached = ran["config"]["training"]["learning_rate"], ran["highest learning rate"]
    if reached is not None and reached < 0.5 * wanted:
        yield f"The learning rate reached {reached:.3g} only, not {wanted:g}: see training.warmup and training.scheduler"


def _idle_adapters(trainer: HeldOutTrainer) -> Iterator[str]:
    idle = trainer.idle_adapters
    if idle:
        yield f"{len(idle):,} tensors of the adapters were not changed by training, {idle[0]} first"
