"""Memory of the forward and backward pass of a decoder: activations, logits and what lives for moments.

Activations are counted tensor by tensor, as autograd saves them in a decoder layer of Llama, Qwen2 or Qwen3
(transformers 5.23, peft 0.21, TRL 1.16).
"""

from __future__ import annotations

from math import ceil

from sevenllm_bench.finetune.memory.decoder import Decoder
from sevenllm_bench.finetune.memory.setup import BF16, FP32, Setup

#: TRL's fused LM head computes logits in tiles of so many tokens (`TOKEN_CHUNK_SIZE` in trl/kernels/chunked_logprob.py)
#: and words of the vocabulary (`_CHUNKED_LOGPROB_CHUNK_SIZE` in trl/trainer/utils.py).
_TILE_TOKENS, _TILE_WORDS = 4096, 32768

#: Width and names of the linear layers that read the same tensor.
_SAME_INPUT = (
    ("hidden", {"q_proj", "k_proj", "v_proj", "qkv_proj"}),
    ("hidden", {"gate_proj", "up_proj", "gate_up_proj"}),
    ("intermediate", {"down_proj"}),
)


def activation_bytes(model: Decoder, setup: Setup) -> int:
    """Bytes that autograd saves in the backbone, each storage once; with checkpointing the inputs of layers, and one layer."""
    layer = _layer(model, setup)
    if setup.gradient_checkpointing:
        layers = layer + model.layers * setup.tokens * model.hidden * setup.residual_bytes
    else:
        layers = model.layers * layer
    rotary = 2 * model.head * setup.residual_bytes
    return layers + setup.mask_values + setup.tokens * (rotary + _norm(model.hidden, setup.residual_bytes, setup))


def _layer(model: Decoder, setup: Setup) -> int:
    """Bytes that autograd saves in one decoder layer."""
    compute = setup.compute_bytes
    # With a mask, transformers repeats keys and values for all query heads; FlashAttention doesn't need that.
    key = model.query if setup.attention == "sdpa" else model.key
    attention = compute * 2 * (model.query + key) + FP32 * model.heads
    norms = 2 * _norm(model.hidden, setup.residual_bytes, setup)
    if model.has_query_norm:
        norms += _norm(model.query, compute, setup) + _norm(model.key, compute, setup)
    mlp = compute * 3 * model.intermediate  # gate, activation and up
    values = attention + norms + mlp + _linear_inputs(model, setup)
    # PyTorch turns the boolean mask, one for all layers, into one to add to the scores: anew in every layer, and saved there.
    return setup.tokens * values + setup.mask_values * compute


def _norm(width: int, size: int, setup: Setup) -> int:
    """Bytes per token of an RMSNorm: its input in fp32, the scale, and what a trainable weight is multiplied with."""
    return FP32 * (width + 1) + (size * width if setup.method == "full" else 0)


def _linear_inputs(model: Decoder, setup: Setup) -> int:
    """Bytes per token of the inputs that trainable linear layers, or the adapters on them, keep for their gradients.

    Layers with the same input share it, unless it is cast for each: by autocast when the residual is in fp32, by peft for
    fp32 adapters under autocast. The output projection's input is the output of attention, saved there already.
    """
    compute, residual = setup.compute_bytes, setup.residual_bytes
    if setup.method == "full":
        copies = 5 if residual != compute else 2  # query, key and value, gate and up; or one for each norm
        return compute * (copies * model.hidden + model.intermediate)
    ranks = len(model.targets) * setup.lora_rank * compute // model.layers
    inputs = sum(target.inputs for target in model.targets) // model.layers
    if setup.lora_dropout:
        return ranks + inputs * (compute + 1)  # what is left of the input, and a mask of booleans, for each layer
    if setup.shard == "none" and setup.trainable_bytes != compute:
        return ranks + inputs * compute
    names = {target.name.rpartition(".")[2] for target in model.targets}
    shared = sum(getattr(model, width) for width, group in _SAME_INPUT if names & group)
    return ranks + shared * compute


def logits_bytes(model: Decoder, setup: Setup) -> int:
    """Working set of TRL's fused LM head in its backward pass, were every token scored.

    Source: `ChunkedLogProbFunction` in trl/kernels/chunked_logprob.py: a tile of logits, the hidden states and their
    gradient, and the gradient of a trainable head, both gradients in fp32 first and then in the type of their tensor.
    """
    compute, residual = setup.compute_bytes, setup.residual_bytes
    tokens, rows = setup.tokens, min(setup.tokens, _TILE_TOKENS)
    tile = rows * _TILE_WORDS * compute
    hidden = tokens * model.hidden * (residual + FP32 + (residual if residual < FP32 else 0))
    if residual != compute:
        hidden += (rows + min(model.vocabulary, _TILE_WORDS)) * model.hidden * compute
    if setup.method != "full":
        return tile + hidden
    return tile + hidden + model.vocabulary * model.hidden * (FP32 + (residual if residual < FP32 else 0))


def buffer_bytes(model: Decoder, setup: Setup) -> int:
    """Short-lived tensors at the worst moment: of the forward pass, the backward pass, or the optimizer's step."""
    forward, backward = _parameter_copies(model, setup)
    if setup.gradient_checkpointing:  # no layer is kept then, though `activation_bytes` counts one
        forward -= _layer(model, setup)
    # torch.optim.AdamW without `fused` takes the square roots of all second moments at once.
    step = ceil(model.trainable * setup.trainable_bytes / setup.shards) if setup.optimizer == "adamw_torch" else 0
    is_ddp = setup.shard == "none" and setup.processes > 1
    # DDP's buckets are a second copy of the gradients, as `gradient_as_bucket_view` is off by default.
    buckets = model.trainable * setup.trainable_bytes if is_ddp else 0
    return max(max(forward, backward) + _in_flight(model, setup), step) + buckets


def _in_flight(model: Decoder, setup: Setup) -> int:
    """Bytes of gradients on their way through an MLP, besides two of the residual.

    Those of product, activation and up meet. The product itself is gone by then where the layer after it had saved it; a
    cast of it, as peft makes for fp32 adapters, isn't. A weight's gradient lives until it is added to earlier batches'.
    """
    is_cast = setup.trainable_bytes != setup.compute_bytes
    has_adapter = any(target.matches("down_proj") for target in model.targets)
    count = 2 if setup.method == "full" or (has_adapter and not is_cast) else 3
    gradients = count * model.intermediate * setup.compute_bytes + 2 * model.hidden * setup.residual_bytes
    return setup.tokens * gradients + (model.largest * setup.trainable_bytes if setup.method == "full" else 0)


def _parameter_copies(model: Decoder, setup: Setup) -> tuple[int, int]:
    """Bytes of parameters that are held a second time while they are used: at the end of the forward pass, and after it."""
    if setup.shard == "full":
        gathered = _gathered(model, setup)
        return gathered, gathered
    if setup.precision == "fp32":
        return 0, 0
    if setup.weights == "nf4":  # bitsandbytes dequantises one linear layer at a time
        return model.largest * BF16, model.largest * BF16
    # Autocast holds bf16 copies of trainable fp32 leaves to the end of the forward pass. Autograd saves all copies for the
    # backward pass; where layers are recomputed, they are made anew for each.
    trained = BF16 * (model.linear if setup.method == "full" else model.trainable)
    frozen = BF16 * model.linear if setup.method == "lora" else 0
    if setup.weights == "bf16":  # nothing to cast but adapters
        trained, frozen = trained if setup.method == "lora" else 0, 0
    return trained, ceil((trained + frozen) / (model.layers if setup.gradient_checkpointing else 1))


def _gathered(model: Decoder, setup: Setup) -> int:
    """Bytes that FSDP holds unsharded: all outside the layers, the layer at work and the next; gradients before reduction.

    FSDP lets two all-gathers be in flight. accelerate keeps the final norm and the LM head from the end of the forward pass
    on, and the embeddings only while they are used: counting both to the end is on the safe side.
    """
    layer = ceil((model.parameters - model.outside) / model.layers)
    adapters = ceil(model.trainable / model.layers)
    values = 2 * model.outside + 3 * layer if setup.method == "full" else model.outside + 2 * layer + 3 * adapters
    return values * setup.compute_bytes
