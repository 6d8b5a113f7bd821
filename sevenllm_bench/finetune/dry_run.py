"""What a run would take: rows, tokens, steps, memory and disk, without training anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base import load_base
from sevenllm_bench.finetune.config import FinetuneConfig
from sevenllm_bench.finetune.dataset import encode, encoder_for, select
from sevenllm_bench.finetune.memory import Memory, disk_bytes, estimate_memory

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would take.

    Attributes:
        report: What happened to the corpus's rows, as in the model card.
        sequences: Packed sequences (or examples) per epoch.
        fill: Share of their tokens that are no padding, for packed ones.
        steps: Optimizer steps in all.
        tokens_per_step: Tokens of an average step, over all processes.
        memory: Per GPU; None where there is no estimate.
        no_memory: Why there is none.
        disk: Bytes that the output folder needs at most.
    """

    report: dict[str, Any]
    sequences: int
    fill: float
    steps: int
    tokens_per_step: float
    memory: Memory | None
    no_memory: str
    disk: int


def plan(config: FinetuneConfig, processes: int, say: Callable[[str], None]) -> Plan:
    """Prepare the data of a run and count.

    Args:
        config: The run.
        processes: Number of processes (GPUs) that it is to run on.
        say: Takes lines about the progress.

    Raises:
        SEvenLLMError: As `finetune` would, for configuration, base model and data.
    """
    config, base, tokenizer = load_base(config, say)
    prepared = encode(select(config, say), encoder_for(config.data, tokenizer), say)
    sequences = count_sequences(prepared.training, config)
    tokens = prepared.report["training"]["tokens"]
    steps_per_epoch = ceil(ceil(sequences / (config.training.batch_size * processes)) / config.training.accumulation)
    memory, no_memory = None, ""
    try:
        memory = estimate_memory(base, config, processes)
    except ConfigError as error:
        no_memory = str(error)
    return Plan(
        report=prepared.report,
        sequences=sequences,
        fill=tokens / (sequences * config.data.max_length),
        steps=config.training.max_steps or ceil(config.training.epochs * steps_per_epoch),
        tokens_per_step=tokens / steps_per_epoch,
        memory=memory,
        no_memory=no_memory,
        disk=disk_bytes(config, base),
    )


def count_sequences(training: Dataset, config: FinetuneConfig) -> int:
    """Packed sequences, as the trainer packs them; examples without packing."""
    if not config.data.packing:
        return len(training)
    from trl import pack_dataset

    return len(pack_dataset(training.select_columns(["input_ids", "labels"]), config.data.max_length, "bfd"))
