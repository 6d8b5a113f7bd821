"""What a run would take: rows, tokens, steps, time, memory and disk, without training anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base.opened_base import load_base
from sevenllm_bench.finetune.encoding.dataset import encode, encoder_for, select
from sevenllm_bench.finetune.estimates.duration import Duration, attended_tokens, measured_rate, operations_per_token, rate_of
from sevenllm_bench.finetune.estimates.host_memory import HostMemory, host_memory
from sevenllm_bench.finetune.estimates.memory import Memory, disk_bytes, estimate_memory, meta_model
from sevenllm_bench.finetune.runtime import planned
from sevenllm_bench.finetune.settings.config import FinetuneConfig

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PretrainedConfig


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would take.

    Attributes:
        report: What happened to the corpus's rows, as in the model card.
        sequences: Packed sequences (or examples) per epoch.
        fill: Share of their tokens that is not padding, for packed ones.
        steps: Optimizer steps in all.
        tokens_per_step: Tokens of an average step, over all processes.
        memory: Per GPU; None where there is no estimate.
        no_memory: Why there is none.
        disk: Bytes that the output folder needs at most.
        host: Memory of the machine beside its GPUs; None where there is no estimate, or no GPU.
        duration: How long the steps take; None where there is no estimate.
    """

    report: dict[str, Any]
    sequences: int
    fill: float
    steps: int
    tokens_per_step: float
    memory: Memory | None
    no_memory: str
    disk: int
    host: HostMemory | None
    duration: Duration | None


def plan(config: FinetuneConfig, processes: int, say: Callable[[str], None], gpu: str | None = None) -> Plan:
    """Prepare the data of a run and count.

    Args:
        config: The run.
        processes: Number of processes (GPUs) that it is to run on.
        say: Takes lines about the progress.
        gpu: Name of the GPU that it is to run on, of `duration.GPUS`; by default the one that is here, or an H100.

    Raises:
        SEvenLLMError: As `finetune` would, for configuration, base model and data.
    """
    config, base, tokenizer = load_base(config, say)
    prepared = encode(select(config, say), encoder_for(config.data, tokenizer), say)
    sequences = count_sequences(prepared.training, config)
    tokens = prepared.report["training"]["tokens"]
    steps_per_epoch = ceil(ceil(sequences / (config.training.batch_size * processes)) / config.training.accumulation)
    steps = config.training.max_steps or ceil(config.training.epochs * steps_per_epoch)
    memory, no_memory, host, duration = None, "", None, None
    try:
        memory = estimate_memory(base, config, processes)
        duration = _duration(base, config, memory, prepared.training, steps * tokens / steps_per_epoch, processes, gpu)
        if planned(config).device == "cuda":
            host = host_memory(base, config, memory, tokens, processes)
    except ConfigError as error:
        no_memory = str(error)
    return Plan(
        report=prepared.report,
        sequences=sequences,
        fill=tokens / (sequences * config.data.max_length),
        steps=steps,
        tokens_per_step=tokens / steps_per_epoch,
        memory=memory,
        no_memory=no_memory,
        disk=disk_bytes(config, base),
        host=host,
        duration=duration,
    )


def _duration(
    base: PretrainedConfig,
    config: FinetuneConfig,
    memory: Memory,
    training: Dataset,
    tokens: float,
    processes: int,
    gpu: str | None,
) -> Duration:
    import torch

    runtime, lengths = planned(config), _lengths(training)
    masked = runtime.attention in ("auto", "sdpa", "eager")
    per_token = operations_per_token(meta_model(base), memory, config, attended_tokens(lengths, config, masked))
    if gpu is None and (runtime.device == "cpu" or torch.cuda.is_available()):
        rate, assumed = measured_rate(runtime.device, runtime.precision, processes)
    else:
        rate, assumed = rate_of(gpu or "h100", processes)
    return Duration(tokens, per_token, rate, assumed)


def count_sequences(training: Dataset, config: FinetuneConfig) -> int:
    """Packed sequences, as the trainer packs them; examples without packing.

    Packing looks at lengths alone, so one byte stands for each token, and not the ids and labels.
    """
    if not config.data.packing:
        return len(training)
    import numpy as np
    import pyarrow as pa
    from datasets import Dataset
    from trl import pack_dataset

    ends = np.cumsum([0, *_lengths(training)])
    column = pa.LargeListArray.from_arrays(ends, np.zeros(ends[-1], dtype=np.int8))
    return len(pack_dataset(Dataset(pa.table({"input_ids": column})), config.data.max_length, "bfd"))


def _lengths(training: Dataset) -> list[int]:
    """Tokens of each example, in order; of one that is repeated, each time."""
    import pyarrow.compute as pc

    batches = training.select_columns("input_ids").with_format("arrow").iter(10_000)
    return [length for batch in batches for length in pc.list_value_length(batch.column("input_ids")).to_pylist()]
