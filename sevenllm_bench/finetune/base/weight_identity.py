"""What tells one base model's weights from another's: a hash over a sample of every tensor, whatever type they are held in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base.adapters import read_adapter
from sevenllm_bench.finetune.output.evaluation import read_evaluation
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.io.files import user_path

#: Values taken of a tensor, at equal distances. Training moves nearly all values of those tensors that it trains.
_SAMPLE = 64


def weights_identity(model: Any) -> dict[str, str] | None:
    """Hashes of a model's weights, as they are before adapters are added.

    Values count in bf16, so that the same file gives the same hash in every type that it is loaded in; names don't count.

    Args:
        model: A model of transformers.

    Returns:
        "all": of all weights, where none is quantised; "outside linear layers": of those that QLoRA leaves as they are.
        None where this process doesn't hold the weights (sharded, or on the meta device).
    """
    from torch import nn

    tensors = dict(model.named_parameters())
    if any(tensor.is_meta or not tensor.numel() or hasattr(tensor, "placements") for tensor in tensors.values()):
        return None
    head = model.get_output_embeddings()
    linear = {id(m.weight) for m in model.modules() if isinstance(m, nn.Linear) and m is not head}
    outside = [tensor for tensor in tensors.values() if id(tensor) not in linear and tensor.dim() < 3]
    found = {"outside linear layers": _hash(outside)}
    is_quantised = any(not tensor.is_floating_point() for tensor in tensors.values())
    return found if is_quantised else {"all": _hash(tensors.values()), **found}


def _hash(tensors: Iterable[Any]) -> str:
    """First 16 hex digits of a hash over all tensors, in any order."""
    digests = sorted(_digest(tensor) for tensor in tensors)
    return hashlib.sha256(b"".join(digests)).hexdigest()[:16]


def _digest(tensor: Any) -> bytes:
    import torch

    places = torch.arange(_SAMPLE, device=tensor.device) * (tensor.numel() - 1) // (_SAMPLE - 1)
    values = tensor.detach().reshape(-1)[places].to(torch.bfloat16).view(torch.int16)
    return hashlib.sha256(f"{list(tensor.shape)}".encode() + values.cpu().numpy().tobytes()).digest()


def are_same_weights(first: Mapping[str, str] | None, second: Mapping[str, str] | None) -> bool | None:
    """Whether two identities are of the same weights; None where they have nothing in common to compare."""
    for part in ("all", "outside linear layers"):
        if first and second and part in first and part in second:
            return first[part] == second[part]
    return None


def identified(config: FinetuneConfig, model: Any) -> dict[str, str] | None:
    """The identity of a run's base, which adapters that are trained further must have been made for.

    Raises:
        ConfigError: `model.adapter` was trained on another base, or doesn't say on which weights and names another base.
    """
    found = weights_identity(model)
    folder = config.model.adapter
    if not folder or config.model.allow_other_weights:
        return found
    earlier = read_evaluation(user_path(folder, ConfigError))
    is_same = are_same_weights(earlier.base_weights if earlier else None, found)
    recorded = str(read_adapter(folder).base_model_name_or_path)
    if is_same is False or (is_same is None and recorded not in (config.model.base, config.model.location)):
        raise ConfigError(
            f"model.adapter={folder}: trained on {recorded}, and not on the weights of {config.model.base}; name its base, or "
            "go on all the same with model.allow_other_weights=true"
        )
    return found
