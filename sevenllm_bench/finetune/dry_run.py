"""What a run would take: rows, tokens, steps, memory and disk, without training anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.config import FinetuneConfig
from sevenllm_bench.finetune.dataset import encode, select
from sevenllm_bench.finetune.memory.decoder import count, linear_layers, meta_model
from sevenllm_bench.finetune.memory.estimate import Memory, estimate_memory, setup_of
from sevenllm_bench.finetune.model import load_config, load_tokenizer

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PretrainedConfig

#: A trained parameter in a checkpoint to resume from: its weight and AdamW's two moments, in fp32.
_BYTES_TO_RESUME = 12


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would take.

    Attributes:
        report: What became of the corpus's rows, as in the model card.
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
    from sevenllm_bench.finetune.run import encoder_for

    base, tokenizer = load_config(config), load_tokenizer(config)
    prepared = encode(select(config, say), encoder_for(config, tokenizer), say)
    sequences = count_sequences(prepared.training, config)
    tokens = prepared.report["training"]["tokens"]
    steps_per_epoch = ceil(ceil(sequences / (config.training.batch_size * processes)) / config.training.accumulation)
    memory, reason = _memory(base, config, processes)
    return Plan(
        report=prepared.report,
        sequences=sequences,
        fill=tokens / (sequences * config.data.max_length),
        steps=config.training.max_steps or ceil(config.training.epochs * steps_per_epoch),
        tokens_per_step=tokens / steps_per_epoch,
        memory=memory,
        no_memory=reason,
        disk=disk_bytes(config, base),
    )


def count_sequences(training: Dataset, config: FinetuneConfig) -> int:
    """Packed sequences, as the trainer packs them; examples without packing."""
    if not config.data.packing:
        return len(training)
    from trl import pack_dataset

    return len(pack_dataset(training.select_columns(["input_ids", "labels"]), config.data.max_length, "bfd"))


def _memory(base: PretrainedConfig, config: FinetuneConfig, processes: int) -> tuple[Memory | None, str]:
    try:
        return estimate_memory(base, setup_of(config, processes)), ""
    except ConfigError as error:
        return None, str(error)


def disk_bytes(config: FinetuneConfig, base: PretrainedConfig) -> int:
    """Bytes that a run writes at most: the checkpoints it keeps and one more, and the finished one; 0 where it can't be told."""
    try:
        model = meta_model(base)
    except ConfigError:  # code of the model's own repository, say
        return 0
    trained = count(model)
    if config.training.method != "full":  # at most: on every linear layer, whatever `lora.targets` says
        trained = sum(config.lora.rank * (layer.inputs + layer.outputs) for layer in linear_layers(model))
    return trained * (_BYTES_TO_RESUME * (config.training.keep_checkpoints + 1) + 4)
