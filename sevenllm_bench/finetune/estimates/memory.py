"""Memory per GPU of a fine-tuning run, estimated from the model's configuration before anything is loaded.

Parameters, gradients and the optimizer's state are counted exactly, as the loader and the libraries hold them (transformers
5.23, accelerate 1.15, peft 0.21, TRL 1.16). Activations follow a rule: 34 bytes per token, layer and value of the hidden
width in 16 bits (Korthikanti et al. 2022, arXiv 2205.05198, section 4.1, without the attention matrix), twice that in 32.
With gradient checkpointing, a layer keeps its input alone, and one layer at a time is computed again in full.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import ceil, prod
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base.adapters import trainable
from sevenllm_bench.finetune.runtime import Runtime, planned
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.io.files import read_bytes, user_path

if TYPE_CHECKING:
    from torch import nn
    from transformers import PretrainedConfig

GIB = 2**30
#: Optimizers, by transformers' names, whose state is known here.
OPTIMIZERS = ("adamw_torch", "adamw_torch_fused", "adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit", "adafactor")

_BYTES = {"bf16": 2.0, "fp32": 4.0}
#: Of a value in 16 bits: see the module's docstring.
_PER_TOKEN_AND_WIDTH = 34
#: TRL's fused LM head computes logits in tiles of so many tokens and words of the vocabulary.
_TILE = 4096 * 32768
#: CUDA context, cuBLAS workspaces, NCCL and what the allocator can't fill: a round figure ("Model training anatomy" of the
#: transformers documentation has 1.3 GB for the context alone).
_OVERHEAD = GIB
#: 4 bits, one 8-bit constant per 64 parameters and one 32-bit constant per 256 of those (QLoRA, arXiv 2305.14314,
#: section 3, double quantisation: 0.127 bits per parameter).
_NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)
#: bitsandbytes: an 8-bit state has one fp32 constant per 256 values; tensors below 4,096 values stay in fp32.
_BLOCK_8BIT, _SMALLEST_8BIT = 256, 4096


#: A trained parameter in a checkpoint to resume from: its weight and AdamW's two moments, in fp32.
_BYTES_TO_RESUME = 12


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes on each GPU at the peak of a training step.

    Attributes:
        weights: Base model and adapters: exact.
        gradients: Gradients of the trainable parameters: exact.
        optimizer: State of the optimizer: exact.
        activations: What the forward pass keeps for the backward pass, and a tile of logits: a rule.
        buffers: Copies that live for moments: weights cast, gathered or dequantised, and DDP's buckets: a rule.
        overhead: CUDA context and allocator, a constant.
        parameters: Parameters of the base model over all processes, tied ones once.
        trainable: Parameters that are trained: all of them, or the adapters'.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    buffers: int
    overhead: int
    parameters: int
    trainable: int

    @property
    def total(self) -> int:
        """Sum of the parts. They don't all peak at the same moment, so a run needs somewhat less."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.buffers + self.overhead

    def table(self) -> list[list[str]]:
        """Rows of a table: label and figure, the bytes in GiB with two decimals, the total last."""
        share = 100 * self.trainable / self.parameters
        parts = ("weights", "gradients", "optimizer", "activations", "buffers", "overhead", "total")
        counts = [["parameters", f"{self.parameters:,}"], ["trainable", f"{self.trainable:,} ({share:.2f} %)"]]
        return counts + [[part, f"{getattr(self, part) / GIB:.2f} GiB"] for part in parts]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear layer: its name in the model, and its width on both sides."""

    name: str
    inputs: int
    outputs: int


def estimate_memory(base: PretrainedConfig, config: FinetuneConfig, processes: int) -> Memory:
    """Memory per GPU of a run. No GPU is needed: a laptop can say what a run on eight takes.

    A DeepSpeed file counts by its ZeRO stage: 3 shards everything; 0 to 2 are taken for no sharding, which is more than 1
    and 2 need. What its offloading or `training.trainer` change is left out.

    Args:
        base: Configuration of the model.
        config: The run.
        processes: GPUs in all, over all nodes.

    Raises:
        ConfigError: The optimizer is none of `OPTIMIZERS`, a LoRA target doesn't exist, the DeepSpeed file can't be read, or
            the model is no causal language model of transformers.
    """
    runtime, training = planned(config), config.training
    if training.optimizer not in OPTIMIZERS:
        raise ConfigError(f"no memory estimate for optimizer {training.optimizer!r}; there is one for {', '.join(OPTIMIZERS)}")
    is_sharded = training.sharding == "full" or _zero_stage(training.deepspeed) == 3
    model: Any = meta_model(base)
    linears = linear_layers(model)
    parameters, base_bytes, copies = (
        count(model),
        _base_bytes(model, linears, runtime),
        _copies(model, linears, config, runtime, is_sharded),
    )
    tensors, shards = _trained(model, config, runtime, is_sharded), processes if is_sharded else 1
    trained_bytes = sum(tensor.bytes for tensor in tensors)
    state = sum(_state(tensor, training.optimizer, is_sharded) for tensor in tensors)
    weights = trained_bytes + (0 if training.method == "full" else base_bytes)
    buckets = trained_bytes if processes > 1 and not is_sharded else 0
    return Memory(
        weights=ceil(weights / shards),
        gradients=ceil(trained_bytes / shards),
        optimizer=ceil(state / shards),
        activations=ceil(_activations(base.get_text_config(), config, runtime)),
        buffers=ceil(copies + buckets),
        overhead=_OVERHEAD,
        parameters=parameters,
        trainable=sum(prod(tensor.shape) for tensor in tensors),
    )


def meta_model(config: PretrainedConfig) -> nn.Module:
    """The causal language model with this configuration, without memory for its parameters.

    Raises:
        ConfigError: There is no such causal language model in transformers.
    """
    import torch
    from transformers import AutoModelForCausalLM

    auto: Any = AutoModelForCausalLM
    try:
        with torch.device("meta"):
            return auto.from_config(config)
    except Exception as error:  # a configuration holds what its author wrote, and each architecture fails on it in its own way
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise ConfigError(f"no memory estimate for {config.model_type!r}: {reason}") from None


def count(module: nn.Module) -> int:
    """Number of parameters, shared ones once."""
    return sum(parameter.numel() for parameter in module.parameters())


def linear_layers(model: Any) -> tuple[Linear, ...]:
    """The linear layers of a causal language model, without its LM head."""
    from torch import nn

    head = model.get_output_embeddings()
    return tuple(
        Linear(name, module.in_features, module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module is not head
    )


@dataclass(frozen=True, slots=True)
class Trained:
    """A trainable tensor.

    Attributes:
        shape: Its shape.
        width: Bytes of a value, and of its gradient.
        is_embedding: Whether it is the input embeddings, all of whose state bitsandbytes keeps in fp32.
    """

    shape: tuple[int, ...]
    width: int
    is_embedding: bool

    @property
    def bytes(self) -> int:
        """Bytes of its values."""
        return self.width * prod(self.shape)


def _trained(model: Any, config: FinetuneConfig, runtime: Runtime, is_sharded: bool) -> list[Trained]:
    """The trainable tensors. Adds a run's adapters to the model, which lies on the meta device.

    peft holds adapters in fp32, modules that are saved whole in the base's type, and TRL both in bf16 for a quantised model,
    except DoRA's magnitudes. accelerate raises trainable parameters to fp32 when it shards them for mixed precision; ZeRO-3
    keeps the fp32 copy in its optimizer, which sums to the same.
    """
    is_quantised, whole = runtime.weights == "nf4", 4 if runtime.weights == "fp32" else 2

    def width(name: str) -> int:
        if is_sharded and runtime.precision == "bf16":
            return 4
        if config.training.method == "full" or "modules_to_save" in name:
            return whole
        return 2 if is_quantised and "lora_magnitude_vector" not in name else 4

    embeddings = model.get_input_embeddings()
    tensors = trainable(config, model)
    return [Trained(tuple(tensor.shape), width(name), tensor is embeddings.weight) for name, tensor in tensors.items()]


def _base_bytes(model: Any, linears: tuple[Linear, ...], runtime: Runtime) -> float:
    """Bytes of a base model that is not trained. NF4 is for linear layers; embeddings, norms and LM head stay in bf16."""
    if runtime.weights != "nf4":
        return count(model) * _BYTES[runtime.weights]
    linear = sum(layer.inputs * layer.outputs for layer in linears)
    return linear * _NF4 + (count(model) - linear) * _BYTES["bf16"]


def _state(tensor: Trained, optimizer: str, is_sharded: bool) -> int:
    """Bytes of the optimizer's state for one tensor.

    AdamW has two moments in the type of the parameter. bitsandbytes holds them in 8 bits, those of embeddings (as set by
    transformers' Trainer) and small tensors in fp32. Adafactor has a row and a column of a matrix, unless sharding flattens
    it.
    """
    shape, size = tensor.shape, prod(tensor.shape)
    if optimizer == "adafactor":
        is_factored = len(shape) > 1 and not is_sharded
        return tensor.width * (size // shape[-1] + size // shape[-2] if is_factored else size)
    if not optimizer.endswith("8bit"):
        return 2 * tensor.width * size
    return 2 * (4 * size if tensor.is_embedding or size < _SMALLEST_8BIT else size + 4 * ceil(size / _BLOCK_8BIT))


def _activations(text: Any, config: FinetuneConfig, runtime: Runtime) -> float:
    """The rule of the module's docstring, with SDPA's mask of tokens by tokens and a tile of logits."""
    try:
        layers, hidden, vocabulary = text.num_hidden_layers, text.hidden_size, text.vocab_size
    except AttributeError as error:
        raise ConfigError(f"no memory estimate for {text.model_type!r}: it has no {error.name!r}") from None
    length, size = config.data.max_length, _BYTES[runtime.precision]
    tokens = length * config.training.batch_size
    needs_mask = runtime.attention in ("auto", "sdpa")
    mask = tokens * (tokens if config.data.packing else length) * size if needs_mask else 0
    layer = tokens * hidden * _PER_TOKEN_AND_WIDTH * size / 2 + mask
    kept = layer + layers * tokens * hidden * size if config.training.gradient_checkpointing else layers * layer
    return kept + min(tokens * vocabulary, _TILE) * size


def _copies(model: Any, linears: tuple[Linear, ...], config: FinetuneConfig, runtime: Runtime, is_sharded: bool) -> float:
    """Bytes of parameters that are held a second time while they are used.

    Sharded: what lies outside the layers, and two layers, gathered. NF4: one linear layer, dequantised. fp32 weights under
    bf16: the linear layers' copies, of all of them or, with checkpointing, of one layer.
    """
    layers = getattr(model.config.get_text_config(), "num_hidden_layers", 1)
    sizes = [layer.inputs * layer.outputs for layer in linears]
    if is_sharded:
        inside = sum(sizes) / layers
        return (count(model) - sum(sizes) + 2 * inside) * _BYTES[runtime.precision]
    if runtime.weights == "nf4":
        return max(sizes) * _BYTES["bf16"]
    if runtime.weights == "fp32" and runtime.precision == "bf16":
        return sum(sizes) / (layers if config.training.gradient_checkpointing else 1) * _BYTES["bf16"]
    return 0


def _zero_stage(deepspeed: str | None) -> int:
    """Stage of ZeRO in a DeepSpeed configuration file; 0 without one."""
    if deepspeed is None:
        return 0
    path = user_path(deepspeed, ConfigError)
    try:
        stage = json.loads(read_bytes(path, ConfigError)).get("zero_optimization", {}).get("stage", 0)
    except (ValueError, AttributeError, RecursionError):
        raise ConfigError(f"training.deepspeed={deepspeed}: no DeepSpeed configuration (a JSON object)") from None
    if isinstance(stage, bool) or stage not in (0, 1, 2, 3):
        raise ConfigError(f"training.deepspeed={deepspeed}: zero_optimization.stage is {stage!r}; it must be 0, 1, 2 or 3")
    return int(stage)


def disk_bytes(config: FinetuneConfig, base: PretrainedConfig) -> int:
    """Bytes that a run writes at most: the checkpoints it keeps and one more, and the finished one; 0 where it isn't known."""
    try:
        model = meta_model(base)
    except ConfigError:  # code of the model's own repository, say
        return 0
    trained = sum(tensor.numel() for tensor in trainable(config, model).values())
    return trained * (_BYTES_TO_RESUME * (config.training.keep_checkpoints + 1) + 4)
