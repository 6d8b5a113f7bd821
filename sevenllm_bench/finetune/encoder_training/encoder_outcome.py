"""The result of an encoder run, and its checkpoint: weights, tokenizer, model card, log, the account of its data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sevenllm_bench import __version__
from sevenllm_bench.finetune.encoder_training.encoder_card import write_encoder_card
from sevenllm_bench.finetune.encoder_training.encoder_sections import EncoderConfig
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderTrainee
from sevenllm_bench.finetune.loop.throughput import peak_memory
from sevenllm_bench.finetune.output.outcome import last_loss
from sevenllm_bench.finetune.output.run_folder import OutputFolder, write_json, write_lines
from sevenllm_bench.finetune.output.shown_paths import without_folders
from sevenllm_bench.finetune.processes import is_main_process, on_main, wait_for_all

if TYPE_CHECKING:
    from transformers import Trainer

_PACKAGES = ("torch", "transformers", "sentence-transformers", "accelerate", "datasets", "tokenizers")


def encoder_outcome(config: EncoderConfig, trainer: Trainer) -> dict[str, Any]:
    """What a model card says of the training, as JSON values.

    Args:
        config: The run.
        trainer: After its last step.
    """
    history, steps = trainer.state.log_history, trainer.state.global_step
    ran: dict[str, Any] = {
        "steps": steps,
        "epochs": trainer.state.epoch,
        "processes": trainer.args.world_size,
        "device": str(trainer.args.device.type),
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
        "training loss": last_loss(history, steps),
        "peak memory GiB": peak_memory(trainer.args.device.type) / 2**30,
        "held-out before": held_out_figures(history, 0),
        "held-out after": held_out_figures(history, steps),
        "versions": {"sevenllm-bench": __version__, **{name: version(name) for name in _PACKAGES}},
        "config": without_folders(config.model_dump(mode="json")),
    }
    return {**ran, "warnings": list(_warnings(ran, history))}


def held_out_figures(history: Sequence[Mapping[str, Any]], step: int) -> dict[str, float]:
    """The figures of the held-out examples after a step; empty where none were taken."""
    return {
        name.removeprefix("eval_"): value
        for entry in history
        if entry.get("step") == step
        for name, value in entry.items()
        if name.startswith("eval_")
    }


def _warnings(ran: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a reader must know before anything else."""
    before, after = ran["held-out before"], ran["held-out after"]
    for name, value in after.items():
        change = round(value - before.get(name, value), 4)
        if change > 0 if name == "loss" else change < 0:
            yield (
                f"On held-out examples, {name} went from {before[name]:.4f} to {value:.4f}: by that measure it is worse than its "
                "base"
            )
    losses = [entry["loss"] for entry in history if "loss" in entry]
    if len(losses) > 2 and len(set(losses)) == 1:
        yield f"The training loss was {losses[0]:.4f} at every step that was logged: nothing seems to have been learned"


def publish_encoder(
    config: EncoderConfig, trainee: EncoderTrainee[Any], trainer: Trainer, output: OutputFolder, report: Mapping[str, Any]
) -> None:
    """Write the checkpoint and move it into the output folder. Called by all processes; the main one writes.

    Args:
        config: The run.
        trainee: What was trained.
        trainer: After its last step.
        output: The run's folder.
        report: What the model card is made of: "data" and "run".
    """
    unfinished = on_main(output.unfinished)
    if is_main_process():
        trainee.save(unfinished)
        write_lines(unfinished / "training_log.jsonl", trainer.state.log_history)
        write_json(unfinished / "training_data.json", report["data"])
        write_encoder_card(unfinished, config, trainee, report)
        output.publish()
    wait_for_all()
