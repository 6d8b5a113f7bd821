"""Memory per GPU of a fine-tuning run, estimated from the model's configuration before anything is loaded.

Parameters are counted exactly. What is held per parameter follows the loader and the libraries (transformers 5.23,
accelerate 1.15, peft 0.21, TRL 1.16); activations are counted tensor by tensor as autograd saves them in a decoder layer
of Llama, Qwen2 or Qwen3.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod
from typing import TYPE_CHECKING, Any, Literal

from sevenllm_bench.errors import ConfigError

if TYPE_CHECKING:
    from torch import nn
    from transformers import PretrainedConfig

Method = Literal["full", "lora", "qlora"]
Precision = Literal["bf16", "fp32"]
Weights = Literal["fp32", "bf16", "nf4"]
Shard = Literal["none", "full"]
Attention = Literal["sdpa", "flash_attention_2"]

#: Optimizers, by transformers' names, whose state is known here.
OPTIMIZERS = ("adamw_torch", "adamw_torch_fused", "adamw_8bit", "adamw_bnb_8bit", "paged_adamw_8bit", "adafactor")

GIB = 2**30
_BF16, _FP32 = 2, 4

#: CUDA context, cuBLAS workspaces, NCCL and blocks that the allocator can't fill. The context alone is 0.5-1.3 GB,
#: depending on card and driver (1.3 GB in "Model training anatomy" of the transformers documentation). A round figure.
_OVERHEAD = GIB

#: 4 bits, one 8-bit constant per 64 parameters and one 32-bit constant per 256 of those (QLoRA, arXiv 2305.14314,
#: section 3, double quantisation: 0.127 bits per parameter).
_NF4 = 0.5 + 1 / 64 + 4 / (64 * 256)

#: TRL's fused LM head computes logits in tiles of so many tokens (`TOKEN_CHUNK_SIZE` in trl/kernels/chunked_logprob.py)
#: and words of the vocabulary (`_CHUNKED_LOGPROB_CHUNK_SIZE` in trl/trainer/utils.py).
_TILE_TOKENS, _TILE_WORDS = 4096, 32768

#: Width and names of the linear layers that read the same tensor.
_SAME_INPUT = (
    ("hidden", {"q_proj", "k_proj", "v_proj", "qkv_proj"}),
    ("hidden", {"gate_proj", "up_proj", "gate_up_proj"}),
    ("intermediate", {"down_proj"}),
)

#: bitsandbytes: an 8-bit state has one fp32 constant per 256 values; tensors below 4,096 values stay in fp32.
_BLOCK_8BIT, _SMALLEST_8BIT = 256, 4096


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
    lora_rank: int = 64
    lora_targets: tuple[str, ...] | Literal["all-linear"] = "all-linear"
    lora_dropout: float = 0.0

    @property
    def tokens(self) -> int:
        """Tokens per process and step. Packing flattens the batch into a single row of so many."""
        return self.max_length * self.batch_size

    @property
    def shards(self) -> int:
        """Parts into which weights, gradients and optimizer state are split."""
        return self.processes if self.shard == "full" else 1

    @property
    def compute_bytes(self) -> int:
        """Bytes of a value in the linear layers and in attention."""
        return _BF16 if self.precision == "bf16" else _FP32

    @property
    def residual_bytes(self) -> int:
        """Bytes of a value between layers: autocast leaves the type of the weights, FSDP's mixed precision doesn't."""
        return _FP32 if self.weights == "fp32" and self.shard == "none" else self.compute_bytes

    @property
    def trainable_bytes(self) -> int:
        """Bytes of a trainable parameter, and of its gradient.

        peft holds adapters in fp32 and TRL those of a quantised model in bf16. accelerate raises trainable parameters to
        fp32 when it shards them for mixed precision; ZeRO-3 keeps the fp32 copy in its optimizer, which sums to the same.
        """
        if self.shard == "full" and self.precision == "bf16":
            return _FP32
        return _BF16 if self.method == "qlora" or (self.method == "full" and self.weights == "bf16") else _FP32


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes on each GPU at the peak of a training step.

    Attributes:
        weights: Base model and adapters.
        gradients: Gradients of the trainable parameters.
        optimizer: State of the optimizer.
        activations: What the forward pass keeps for the backward pass, and with gradient checkpointing one layer recomputed.
        logits: Working set of the fused LM head, which never holds the logits of a whole sequence.
        buffers: What lives for moments: parameters gathered, cast or dequantised; gradients in flight.
        overhead: CUDA context and allocator, a constant.
        parameters: Parameters of the base model over all processes, tied ones once.
        trainable: Parameters that are trained: all of them, or the adapters'.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    buffers: int
    overhead: int
    parameters: int
    trainable: int

    @property
    def total(self) -> int:
        """Sum of the parts. They don't all peak at the same moment, so a run needs somewhat less."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.logits + self.buffers + self.overhead


def count_parameters(config: PretrainedConfig) -> int:
    """Number of parameters of the causal language model with this configuration, tied embeddings counted once."""
    return _count(_meta_model(config))


def estimate_memory(config: PretrainedConfig, setup: Setup) -> Memory:
    """Memory per GPU of fine-tuning a dense decoder with gated MLPs (Llama, Qwen2, Qwen3 and their kin).

    Args:
        config: Configuration of the model.
        setup: The run.

    Raises:
        ConfigError: If the parts of `setup` don't go together, a LoRA target doesn't exist, or the model is a mixture of
            experts or lacks the sizes of a decoder.
    """
    _check(setup)
    built = _meta_model(config)
    shape, model = _Shape.of(config, built), _Model.of(built, setup)
    trainable = sum(prod(size) for size, _ in model.trained)
    return Memory(
        weights=_weights(model, trainable, setup),
        gradients=_shard(trainable * setup.trainable_bytes, setup),
        optimizer=_optimizer(model, setup),
        activations=_activations(shape, setup, model),
        logits=_logits(shape, setup),
        buffers=_buffers(shape, setup, model, trainable),
        overhead=_OVERHEAD,
        parameters=model.parameters,
        trainable=trainable,
    )


def describe(memory: Memory) -> list[tuple[str, str]]:
    """Rows of a table: label and figure, the bytes in GiB with two decimals, the total last."""
    share = 100 * memory.trainable / memory.parameters
    parts = ("weights", "gradients", "optimizer", "activations", "logits", "buffers", "overhead", "total")
    return [
        ("parameters", f"{memory.parameters:,}"),
        ("trainable", f"{memory.trainable:,} ({share:.2f} %)"),
        *((part, f"{getattr(memory, part) / GIB:.2f} GiB") for part in parts),
    ]


def _check(setup: Setup) -> None:
    for name in ("processes", "max_length", "batch_size", "lora_rank"):
        if getattr(setup, name) < 1:
            raise ConfigError(f"{name} is {getattr(setup, name)}; it must be 1 or more")
    if (setup.method == "qlora") != (setup.weights == "nf4"):
        raise ConfigError(f"method {setup.method!r} with weights {setup.weights!r}: nf4 weights go with qlora, and only with it")
    if setup.method == "qlora" and setup.shard == "full":
        raise ConfigError("method 'qlora' with shard 'full': 4-bit weights aren't sharded; use shard 'none', or lora")
    if setup.optimizer not in OPTIMIZERS:
        raise ConfigError(f"no memory estimate for optimizer {setup.optimizer!r}; there is one for {', '.join(OPTIMIZERS)}")
    if setup.precision == "fp32" and setup.weights != "fp32":
        raise ConfigError(f"precision 'fp32' with weights {setup.weights!r}: use weights 'fp32' or precision 'bf16'")


def _meta_model(config: PretrainedConfig) -> nn.Module:
    import torch
    from transformers import AutoModelForCausalLM

    auto: Any = AutoModelForCausalLM
    with torch.device("meta"):
        return auto.from_config(config)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _shard(size: float, setup: Setup) -> int:
    return ceil(size / setup.shards)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Sizes of a decoder: widths in values per token."""

    layers: int
    hidden: int
    intermediate: int
    query: int
    key: int
    heads: int
    head: int
    vocabulary: int
    has_query_norm: bool

    @classmethod
    def of(cls, config: PretrainedConfig, model: nn.Module) -> _Shape:
        text: Any = config.get_text_config()
        if any(getattr(text, name, None) for name in ("num_experts", "num_local_experts", "n_routed_experts")):
            raise ConfigError(f"no memory estimate for {text.model_type!r}: it is a mixture of experts")
        try:
            heads = text.num_attention_heads
            head = getattr(text, "head_dim", None) or text.hidden_size // heads
            return cls(
                layers=text.num_hidden_layers,
                hidden=text.hidden_size,
                intermediate=text.intermediate_size,
                query=heads * head,
                key=(getattr(text, "num_key_value_heads", None) or heads) * head,
                heads=heads,
                head=head,
                vocabulary=text.vocab_size,
                has_query_norm=any(name.endswith("q_norm") for name, _ in model.named_modules()),
            )
        except AttributeError as error:
            raise ConfigError(f"no memory estimate for {text.model_type!r}: its configuration has no {error.name!r}") from error


@dataclass(frozen=True, slots=True)
class _Model:
    """What of a model's modules the estimate needs.

    Attributes:
        parameters: Of the base model.
        linear: Parameters in the weights of linear layers, the LM head aside.
        largest: The largest of those.
        outside: Parameters outside the decoder layers: embeddings, final norm, LM head.
        targets: (name, inputs, outputs) of the linear layers with adapters.
        trained: Shapes of the trainable tensors, and whether each is an embedding.
    """

    parameters: int
    linear: int
    largest: int
    outside: int
    targets: list[tuple[str, int, int]]
    trained: list[tuple[tuple[int, ...], bool]]

    @classmethod
    def of(cls, model: Any, setup: Setup) -> _Model:
        linears = _linears(model)
        targets = [] if setup.method == "full" else _targets(linears, setup)
        embeddings = model.get_input_embeddings().weight
        trained = [(tuple(tensor.shape), tensor is embeddings) for tensor in model.parameters()]
        if setup.method != "full":
            rank = setup.lora_rank
            trained = [(size, False) for _, inputs, outputs in targets for size in ((rank, inputs), (outputs, rank))]
        return cls(
            parameters=_count(model),
            linear=sum(inputs * outputs for _, inputs, outputs in linears),
            largest=max(inputs * outputs for _, inputs, outputs in linears),
            outside=_count(model) - sum(_count(layer) for layer in model.get_decoder().layers),
            targets=targets,
            trained=trained,
        )


def _linears(model: Any) -> list[tuple[str, int, int]]:
    from torch import nn

    head = model.get_output_embeddings()
    return [
        (name, module.in_features, module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module is not head
    ]


def _targets(linears: list[tuple[str, int, int]], setup: Setup) -> list[tuple[str, int, int]]:
    """Linear layers with adapters, matched like peft: by whole name, or by its end after a dot."""
    if setup.lora_targets == "all-linear":
        return linears
    for target in setup.lora_targets:
        if not any(_matches(name, target) for name, _, _ in linears):
            known = ", ".join(sorted({name.rpartition(".")[2] for name, _, _ in linears}))
            raise ConfigError(f"no linear layer {target!r} for LoRA in this model; it has {known}")
    return [linear for linear in linears if any(_matches(linear[0], target) for target in setup.lora_targets)]


def _matches(name: str, target: str) -> bool:
    return name == target or name.endswith(f".{target}")


def _weights(model: _Model, trainable: int, setup: Setup) -> int:
    own = trainable * setup.trainable_bytes
    if setup.method == "full":
        return _shard(own, setup)
    if setup.weights == "nf4":  # of the linear layers; embeddings, norms and LM head stay in bf16
        return _shard(own + model.linear * _NF4 + (model.parameters - model.linear) * _BF16, setup)
    return _shard(own + model.parameters * (_FP32 if setup.weights == "fp32" else _BF16), setup)


def _optimizer(model: _Model, setup: Setup) -> int:
    return _shard(sum(_state(size, is_embedding, setup) for size, is_embedding in model.trained), setup)


def _state(size: tuple[int, ...], is_embedding: bool, setup: Setup) -> int:
    """Bytes of the optimizer's state for one tensor.

    AdamW has two moments in the type of the parameter. bitsandbytes holds them in 8 bits, those of embeddings (as set
    by transformers' Trainer) and small tensors in fp32; paged ones may move to the host when memory is short. Adafactor
    has a row and a column of a matrix, unless sharding flattens it.
    """
    count = prod(size)
    if setup.optimizer == "adafactor":
        is_factored = len(size) > 1 and setup.shard == "none"
        return setup.trainable_bytes * (count // size[-1] + count // size[-2] if is_factored else count)
    if not setup.optimizer.endswith("8bit"):
        return 2 * setup.trainable_bytes * count
    if is_embedding or count < _SMALLEST_8BIT:
        return 2 * _FP32 * count
    return 2 * (count + _FP32 * ceil(count / _BLOCK_8BIT))


def _activations(shape: _Shape, setup: Setup, model: _Model) -> int:
    """Tensors that autograd saves in the backbone, each storage once."""
    layer = setup.tokens * _layer_values(shape, setup, model) + _layer_mask(setup)
    if setup.gradient_checkpointing:
        layers = layer + shape.layers * setup.tokens * shape.hidden * setup.residual_bytes
    else:
        layers = shape.layers * layer
    rotary = 2 * shape.head * setup.residual_bytes
    mask = setup.tokens**2 if setup.attention == "sdpa" else 0
    return layers + mask + setup.tokens * (rotary + _norm(shape.hidden, setup.residual_bytes, setup))


def _layer_mask(setup: Setup) -> int:
    # PyTorch turns the boolean mask, one for all layers, into one to add to the scores: anew in every layer, and saved there.
    return setup.tokens**2 * setup.compute_bytes if setup.attention == "sdpa" else 0


def _layer_values(shape: _Shape, setup: Setup, model: _Model) -> int:
    """Bytes per token that autograd saves in one decoder layer, the mask aside."""
    compute = setup.compute_bytes
    # With a mask, transformers repeats keys and values for all query heads; FlashAttention doesn't need that.
    key = shape.query if setup.attention == "sdpa" else shape.key
    attention = compute * 2 * (shape.query + key) + _FP32 * shape.heads
    norms = 2 * _norm(shape.hidden, setup.residual_bytes, setup)
    if shape.has_query_norm:
        norms += _norm(shape.query, compute, setup) + _norm(shape.key, compute, setup)
    mlp = compute * 3 * shape.intermediate  # gate, activation and up
    return attention + norms + mlp + _linear_inputs(shape, setup, model)


def _norm(width: int, size: int, setup: Setup) -> int:
    """Bytes per token of an RMSNorm: its input in fp32, the scale, and what a trainable weight is multiplied with."""
    return _FP32 * (width + 1) + (size * width if setup.method == "full" else 0)


def _linear_inputs(shape: _Shape, setup: Setup, model: _Model) -> int:
    """Bytes per token of the inputs that trainable linear layers, or the adapters on them, keep for their gradients.

    Layers with the same input share it, unless it is cast for each: by autocast when the residual is in fp32, by peft for
    fp32 adapters under autocast. The output projection's input is the output of attention, saved there already.
    """
    compute, residual = setup.compute_bytes, setup.residual_bytes
    if setup.method == "full":
        copies = 5 if residual != compute else 2  # query, key and value, gate and up; or one for each norm
        return compute * (copies * shape.hidden + shape.intermediate)
    ranks = len(model.targets) * setup.lora_rank * compute // shape.layers
    inputs = sum(inputs for _, inputs, _ in model.targets) // shape.layers
    if setup.lora_dropout:
        return ranks + inputs * (compute + 1)  # what is left of the input, and a mask of booleans, for each layer
    if setup.shard == "none" and setup.trainable_bytes != compute:
        return ranks + inputs * compute
    names = {name.rpartition(".")[2] for name, _, _ in model.targets}
    shared = sum(getattr(shape, width) for width, group in _SAME_INPUT if names & group)
    return ranks + shared * compute


def _logits(shape: _Shape, setup: Setup) -> int:
    """Working set of TRL's fused LM head in its backward pass, were every token scored.

    Source: `ChunkedLogProbFunction` in trl/kernels/chunked_logprob.py: a tile of logits, the hidden states and their
    gradient, and the gradient of a trainable head, both gradients in fp32 first and then in the type of their tensor.
    """
    compute, residual = setup.compute_bytes, setup.residual_bytes
    tokens, rows = setup.tokens, min(setup.tokens, _TILE_TOKENS)
    tile = rows * _TILE_WORDS * compute
    hidden = tokens * shape.hidden * (residual + _FP32 + (residual if residual < _FP32 else 0))
    if residual != compute:
        hidden += (rows + min(shape.vocabulary, _TILE_WORDS)) * shape.hidden * compute
    if setup.method != "full":
        return tile + hidden
    return tile + hidden + shape.vocabulary * shape.hidden * (_FP32 + (residual if residual < _FP32 else 0))


def _buffers(shape: _Shape, setup: Setup, model: _Model, trainable: int) -> int:
    """Short-lived tensors at the worst moment, in the passes or in the optimizer's step."""
    # The backward pass of an MLP holds the gradients of product, activation and up, besides two of the residual, and that
    # of a weight before it is added to what earlier batches left.
    in_flight = setup.tokens * (3 * shape.intermediate * setup.compute_bytes + 2 * shape.hidden * setup.residual_bytes)
    in_flight += model.largest * setup.trainable_bytes if setup.method == "full" else 0
    passes = in_flight + _parameter_copies(shape, setup, model, trainable)
    # torch.optim.AdamW without `fused` takes the square roots of all second moments at once.
    step = _shard(trainable * setup.trainable_bytes, setup) if setup.optimizer == "adamw_torch" else 0
    is_ddp = setup.shard == "none" and setup.processes > 1
    # DDP's buckets are a second copy of the gradients, as `gradient_as_bucket_view` is off by default.
    return max(passes, step) + (trainable * setup.trainable_bytes if is_ddp else 0)


def _parameter_copies(shape: _Shape, setup: Setup, model: _Model, trainable: int) -> int:
    """Bytes of parameters that are held a second time while they are used."""
    if setup.shard == "full":
        return _gathered(shape, setup, model, trainable)
    if setup.precision == "fp32":
        return 0
    # bitsandbytes dequantises one linear layer at a time; autocast holds bf16 copies of fp32 leaves to the end of the pass.
    copied = {"nf4": model.largest, "bf16": 0, "fp32": model.linear}[setup.weights]
    copied += trainable if setup.method == "lora" else 0
    return copied * _BF16


def _gathered(shape: _Shape, setup: Setup, model: _Model, trainable: int) -> int:
    """Bytes that FSDP holds unsharded: all outside the layers, the layer at work and the next; gradients before reduction.

    FSDP lets two all-gathers be in flight, and keeps the root's parameters (embeddings, LM head) to the end.
    """
    layer = ceil((model.parameters - model.outside) / shape.layers)
    adapters = ceil(trainable / shape.layers)
    values = 2 * model.outside + 3 * layer if setup.method == "full" else model.outside + 2 * layer + 3 * adapters
    return values * setup.compute_bytes
