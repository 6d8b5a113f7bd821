"""A finished run becomes a checkpoint in its output folder: weights, tokenizer, model card, the account of its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sevenllm_bench.finetune.output.card import write_card
from sevenllm_bench.finetune.output.checkpoint import save_checkpoint
from sevenllm_bench.finetune.output.evaluation import Evaluation
from sevenllm_bench.finetune.output.run_folder import OutputFolder, write_json, write_lines
from sevenllm_bench.finetune.processes import is_main_process, on_main, wait_for_all
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.config import FinetuneConfig

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

    from sevenllm_bench.finetune.loop.trainer import HeldOutTrainer


def publish(
    config: FinetuneConfig,
    runtime: Runtime,
    base: PretrainedConfig,
    tokenizer: PreTrainedTokenizerBase,
    trainer: HeldOutTrainer,
    output: OutputFolder,
    report: Mapping[str, Any],
) -> None:
    """Write the checkpoint and move it into the output folder. Called by all processes; the main one writes.

    Args:
        config: The run.
        runtime: What it was computed on.
        base: Configuration of its base model.
        tokenizer: The model's.
        trainer: After its last step.
        output: The run's folder.
        report: What the model card is made of: "data", "attention" and "run"; and "base weights", what tells them from others.
    """
    unfinished = on_main(output.unfinished)
    save_checkpoint(trainer, tokenizer, _saved_dtype(runtime, base), unfinished)
    if is_main_process():
        write_lines(unfinished / "training_log.jsonl", trainer.state.log_history)
        write_json(unfinished / "training_data.json", {**report["data"], "attention": report["attention"]})
        write_card(unfinished, config, report)
        Evaluation.of(config, report["base weights"]).write(unfinished)
        output.publish()
    wait_for_all()


def _saved_dtype(runtime: Runtime, base: PretrainedConfig) -> Any:
    """The base's own type where training was mixed; master weights in fp32 are of no use to those who only load them."""
    import torch

    own = getattr(base, "dtype", None)
    return own if runtime.precision == "bf16" and isinstance(own, torch.dtype) else torch.float32
