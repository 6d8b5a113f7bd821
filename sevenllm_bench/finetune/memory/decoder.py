"""Sizes of a decoder of Llama's kind, read off its configuration without loading weights."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.memory.setup import Setup

if TYPE_CHECKING:
    from torch import nn
    from transformers import PretrainedConfig


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear layer: its name in the model, and its width on both sides."""

    name: str
    inputs: int
    outputs: int

    @property
    def size(self) -> int:
        """Parameters of its weight."""
        return self.inputs * self.outputs

    def matches(self, target: str) -> bool:
        """Whether peft takes `target` to mean this layer: its whole name, or the end of it after a dot."""
        return self.name == target or self.name.endswith(f".{target}")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A trainable tensor, and whether it is the input embeddings."""

    shape: tuple[int, ...]
    is_embedding: bool = False

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Decoder:
    """What the estimate needs to know of a model that is trained in a certain way.

    Attributes:
        layers: Decoder layers.
        hidden: Width of the residual, like the others in values per token.
        intermediate: Width inside the MLP.
        query: Width of all query heads.
        key: Width of all key heads.
        heads: Query heads.
        head: Width of one.
        vocabulary: Rows of the LM head.
        has_query_norm: Whether queries and keys are normalised.
        parameters: Of the base model, tied ones once.
        outside: Those outside the decoder layers: embeddings, final norm, LM head.
        linears: Linear layers, the LM head aside.
        targets: Those with adapters.
        trained: Trainable tensors.
    """

    layers: int
    hidden: int
    intermediate: int
    query: int
    key: int
    heads: int
    head: int
    vocabulary: int
    has_query_norm: bool
    parameters: int
    outside: int
    linears: tuple[Linear, ...]
    targets: tuple[Linear, ...]
    trained: tuple[Tensor, ...]

    @property
    def linear(self) -> int:
        """Parameters in the weights of the linear layers."""
        return sum(linear.size for linear in self.linears)

    @property
    def largest(self) -> int:
        """Parameters of the largest of them."""
        return max(linear.size for linear in self.linears)

    @property
    def trainable(self) -> int:
        """Parameters that are trained."""
        return sum(tensor.size for tensor in self.trained)


def read_decoder(config: PretrainedConfig, setup: Setup) -> Decoder:
    """The sizes of the model with this configuration.

    Raises:
        ConfigError: It isn't a dense decoder with gated MLPs and attention in every layer, or a LoRA target doesn't exist.
    """
    text: Any = config.get_text_config()
    _check_dense(text)
    model: Any = meta_model(config)
    linears = linear_layers(model)
    if not any(linear.matches(gate) for linear in linears for gate in ("gate_proj", "gate_up_proj")):
        raise ConfigError(f"no memory estimate for {text.model_type!r}: its MLPs have no gate")
    targets = () if setup.method == "full" else _targets(linears, setup)
    try:
        heads = text.num_attention_heads
        head = getattr(text, "head_dim", None) or text.hidden_size // heads
        return Decoder(
            layers=text.num_hidden_layers,
            hidden=text.hidden_size,
            intermediate=text.intermediate_size,
            query=heads * head,
            key=(getattr(text, "num_key_value_heads", None) or heads) * head,
            heads=heads,
            head=head,
            vocabulary=text.vocab_size,
            has_query_norm=any(name.endswith("q_norm") for name, _ in model.named_modules()),
            parameters=count(model),
            outside=count(model) - sum(count(layer) for layer in model.get_decoder().layers),
            linears=linears,
            targets=targets,
            trained=_trained(model, targets, setup),
        )
    except AttributeError as error:
        raise ConfigError(f"no memory estimate for {text.model_type!r}: it has no {error.name!r}") from error


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
    except ValueError as error:
        reason = str(error).strip().split("\n")[0]
        raise ConfigError(f"no memory estimate for {config.model_type!r}: {reason}") from None


def count(module: nn.Module) -> int:
    """Number of parameters, shared ones once."""
    return sum(parameter.numel() for parameter in module.parameters())


def _check_dense(text: Any) -> None:
    if any(getattr(text, name, None) for name in ("num_experts", "num_local_experts", "n_routed_experts")):
        raise ConfigError(f"no memory estimate for {text.model_type!r}: it is a mixture of experts")
    unknown = set(getattr(text, "layer_types", None) or ()) - {"full_attention", "sliding_attention"}
    if unknown:
        raise ConfigError(f"no memory estimate for {text.model_type!r}: it has layers of {', '.join(sorted(unknown))}")


def linear_layers(model: Any) -> tuple[Linear, ...]:
    """The linear layers of a causal language model, but for its LM head."""
    from torch import nn

    head = model.get_output_embeddings()
    return tuple(
        Linear(name, module.in_features, module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module is not head
    )


def _targets(linears: tuple[Linear, ...], setup: Setup) -> tuple[Linear, ...]:
    if setup.lora_targets == "all-linear":
        return linears
    for target in setup.lora_targets:
        if not any(linear.matches(target) for linear in linears):
            known = ", ".join(sorted({linear.name.rpartition(".")[2] for linear in linears}))
            raise ConfigError(f"no linear layer {target!r} for LoRA in this model; it has {known}")
    return tuple(linear for linear in linears if any(linear.matches(target) for target in setup.lora_targets))


def _trained(model: Any, targets: tuple[Linear, ...], setup: Setup) -> tuple[Tensor, ...]:
    if setup.method == "full":
        embeddings = model.get_input_embeddings().weight
        return tuple(Tensor(tuple(tensor.shape), tensor is embeddings) for tensor in model.parameters())
    rank = setup.lora_rank
    return tuple(Tensor(shape) for target in targets for shape in ((rank, target.inputs), (target.outputs, rank)))
