"""What the memory of a fine-tuning run depends on besides the model, and how a configuration says it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.config import FinetuneConfig
from sevenllm_bench.io.files import read_bytes, user_path

Method = Literal["full", "lora", "qlora"]
Precision = Literal["bf16", "fp32"]
Weights = Literal["fp32", "bf16", "nf4"]
Shard = Literal["none", "full"]
Attention = Literal["sdpa", "flash_attention_2"]

#: Optimizers, by transformers' names, whose state is known here.
OPTIMIZERS = ("adamw_torch", "adamw_torch_fused", "adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit", "adafactor")

#: transformers takes SDPA where nothing is asked for; the kernel from the Hub needs what FlashAttention 2 needs.
_ATTENTION: dict[str, Attention] = {
    "auto": "sdpa",
    "sdpa": "sdpa",
    "flash_attention_2": "flash_attention_2",
    "kernels-community/flash-attn2": "flash_attention_2",
}

BF16, FP32 = 2, 4


@dataclass(frozen=True, slots=True)
class Setup:
    """What the memory of a run depends on, besides the model.

    Attributes:
        method: "full", "lora" or "qlora".
        precision: Precision of the computation: "bf16" is autocast, or FSDP's mixed precision.
        weights: Type in which the base model is loaded. "fp32" keeps master weights in full fine-tuning; "nf4" is QLoRA's.
        shard: "none" for one process or DDP; "full" for FSDP full shard or ZeRO-3.
        processes: GPUs in all, over all nodes.
        max_length: Tokens of a packed sequence.
        batch_size: Packed sequences per process and step.
        gradient_checkpointing: Whether layers are recomputed in the backward pass.
        optimizer: One of `OPTIMIZERS`.
        attention: "sdpa" needs a mask of tokens x tokens to keep packed examples apart; "flash_attention_2" doesn't.
        packing: Whether examples are packed; else each is a padded row, taken to be of `max_length` tokens.
        lora_rank: Rank of the adapters.
        lora_targets: Names of the linear layers with adapters, or "all-linear".
        lora_dropout: Dropout on the input of the adapters; above 0 it needs memory of its own.
    """

    method: Method
    precision: Precision
    weights: Weights
    shard: Shard
    processes: int
    max_length: int
    batch_size: int
    gradient_checkpointing: bool
    optimizer: str
    attention: Attention = "sdpa"
    packing: bool = True
    lora_rank: int = 64
    lora_targets: tuple[str, ...] | Literal["all-linear"] = "all-linear"
    lora_dropout: float = 0.0

    @property
    def tokens(self) -> int:
        """Tokens per process and step. Packing flattens the batch into a single row of so many."""
        return self.max_length * self.batch_size

    @property
    def mask_values(self) -> int:
        """Values of the attention mask: every token by every token of its row."""
        if self.attention != "sdpa":
            return 0
        return self.tokens * (self.tokens if self.packing else self.max_length)

    @property
    def shards(self) -> int:
        """Parts into which weights, gradients and optimizer state are split."""
        return self.processes if self.shard == "full" else 1

    @property
    def compute_bytes(self) -> int:
        """Bytes of a value in the linear layers and in attention."""
        return BF16 if self.precision == "bf16" else FP32

    @property
    def residual_bytes(self) -> int:
        """Bytes of a value between layers: autocast leaves the type of the weights, FSDP's mixed precision doesn't."""
        return FP32 if self.weights == "fp32" and self.shard == "none" else self.compute_bytes

    @property
    def trainable_bytes(self) -> int:
        """Bytes of a trainable parameter, and of its gradient.

        peft holds adapters in fp32 and TRL those of a quantised model in bf16. accelerate raises trainable parameters to
        fp32 when it shards them for mixed precision; ZeRO-3 keeps the fp32 copy in its optimizer, which sums to the same.
        """
        if self.shard == "full" and self.precision == "bf16":
            return FP32
        return BF16 if self.method == "qlora" or (self.method == "full" and self.weights == "bf16") else FP32

    def check(self) -> None:
        """Raise a ConfigError if the parts don't go together, or nothing is known of one of them."""
        for name in ("processes", "max_length", "batch_size", "lora_rank"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be 1 or more")
        if (self.method == "qlora") != (self.weights == "nf4"):
            raise ConfigError(
                f"method {self.method!r} with weights {self.weights!r}: nf4 weights go with qlora, and only with it"
            )
        if self.method == "qlora" and self.shard == "full":
            raise ConfigError("method 'qlora' with shard 'full': 4-bit weights aren't sharded; use shard 'none', or lora")
        if self.optimizer not in OPTIMIZERS:
            raise ConfigError(f"no memory estimate for optimizer {self.optimizer!r}; there is one for {', '.join(OPTIMIZERS)}")
        if self.precision == "fp32" and self.weights != "fp32":
            raise ConfigError(f"precision 'fp32' with weights {self.weights!r}: use weights 'fp32' or precision 'bf16'")


def setup_of(config: FinetuneConfig, processes: int) -> Setup:
    """What the memory of this run depends on. No GPU is needed: a laptop can say what a run on eight will take.

    Precision "auto" is taken for bf16, unless the device is the CPU. A DeepSpeed file counts by its ZeRO stage: 3 shards
    everything; 0 to 2 are taken for no sharding, which is more than 1 and 2 need on several GPUs. What its offloading
    or `training.trainer` change is left out.

    Args:
        config: The run.
        processes: GPUs in all, over all nodes.

    Raises:
        ConfigError: The DeepSpeed file can't be read, or nothing is known of the attention kernel.
    """
    training, lora = config.training, config.lora
    if config.model.attention not in _ATTENTION:
        raise ConfigError(
            f"no memory estimate for model.attention={config.model.attention}; there is one for {', '.join(_ATTENTION)}"
        )
    precision = _precision(config)
    return Setup(
        method=training.method,
        precision=precision,
        weights=_weights(config, precision),
        shard="full" if training.sharding == "full" or _zero_stage(training.deepspeed) == 3 else "none",
        processes=processes,
        max_length=config.data.max_length,
        batch_size=training.batch_size,
        gradient_checkpointing=training.gradient_checkpointing,
        optimizer=training.optimizer,
        attention=_ATTENTION[config.model.attention],
        packing=config.data.packing,
        lora_rank=lora.rank,
        lora_targets="all-linear" if isinstance(lora.targets, str) else lora.targets,
        lora_dropout=lora.dropout,
    )


def _precision(config: FinetuneConfig) -> Precision:
    if config.training.precision != "auto":
        return config.training.precision
    return "fp32" if config.training.device == "cpu" else "bf16"


def _weights(config: FinetuneConfig, precision: Precision) -> Weights:
    """As `model.load_model` chooses, but for a machine that isn't there."""
    if config.training.method == "qlora":
        return "nf4"
    if config.model.weights != "auto":
        return config.model.weights
    return "fp32" if config.training.method == "full" or precision == "fp32" else "bf16"


def _zero_stage(deepspeed: str | None) -> int:
    """Stage of ZeRO in a DeepSpeed configuration file; 0 without one."""
    if deepspeed is None:
        return 0
    path = user_path(deepspeed, ConfigError)
    try:
        content: Any = json.loads(read_bytes(path, ConfigError))
        zero = content.get("zero_optimization", {})
        stage = zero.get("stage", 0)
    except (ValueError, AttributeError, RecursionError):
        raise ConfigError(f"training.deepspeed={deepspeed}: no DeepSpeed configuration (a JSON object)") from None
    if isinstance(stage, bool) or stage not in (0, 1, 2, 3):
        raise ConfigError(f"training.deepspeed={deepspeed}: zero_optimization.stage is {stage!r}; it must be 0, 1, 2 or 3")
    return int(stage)
