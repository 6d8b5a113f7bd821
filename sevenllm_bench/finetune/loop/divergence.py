"""Training that goes wrong is stopped: values that are not finite, and steps that train nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from sevenllm_bench.errors import SEvenLLMError
from sevenllm_bench.finetune.output.run_folder import is_complete

if TYPE_CHECKING:
    from transformers import TrainingArguments

#: After so many steps whose gradient is zero throughout, training is stopped: no weight is being trained.
IDLE_STEPS = 10
#: Values of a tensor that are compared to see whether it was trained.
_SAMPLE = 1024

Sample = tuple[torch.Tensor, float]


class DivergedError(SEvenLLMError):
    """Training that has gone wrong: there is nothing worth publishing."""


def diverged(what: str, step: int, args: TrainingArguments) -> DivergedError:
    """The error for a value that is not finite.

    Args:
        what: What it is, and its value, e.g. "the gradient norm is nan".
        step: The optimizer step, from 1; 0 before the first one.
        args: Of the trainer.
    """
    if step == 0:
        return DivergedError(
            f"{what} before the first step: the base model itself gives no sound figures here; try training.precision=fp32, "
            "another model.attention or model.weights, or another base"
        )
    advice = [f"a lower training.learning_rate (now {args.learning_rate:g})"]
    if args.max_grad_norm == 0 or args.max_grad_norm > 1:
        advice.append(f"training.max_grad_norm=1 (now {args.max_grad_norm:g})")
    if args.bf16 or args.fp16:
        advice.append("training.precision=fp32")
    return DivergedError(
        f"training diverged at step {step:,}: {what}. Nothing is published. Try {' or '.join(advice)}, with another output. "
        f"{_kept(Path(str(args.output_dir)))}"
    )


def _kept(folder: Path) -> str:
    found = [path for path in folder.glob("checkpoint-*") if is_complete(path)] if folder.is_dir() else []
    if not found:
        return "No checkpoint was written before that"
    newest = max(found, key=lambda path: int(path.name.rpartition("-")[2]))
    return (
        f"The last checkpoint with finite weights is kept ({newest}): resume=auto goes on from it with the same settings, which "
        "leads here again unless the machine was at fault"
    )


def not_finite(model: torch.nn.Module) -> list[str]:
    """Names of trained weights that hold a value that is not finite, in this process's part of them."""
    weights = list(_trained(model))
    if not weights:
        return []
    extremes = torch.stack([torch.stack(tensor.aminmax()).float() for _, tensor in weights])  # (n, 2); NaN if one is in it
    is_sound = torch.isfinite(extremes).all(dim=1).tolist()
    return [name for (name, _), sound in zip(weights, is_sound, strict=True) if not sound]


def _trained(model: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The trained weights by name; of sharded ones the part that this process holds, none where that is empty."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            own = parameter.detach()
            own = own.to_local() if hasattr(own, "to_local") else own
            if own.numel():
                yield name, own


def sample(model: torch.nn.Module) -> dict[str, Sample]:
    """Some thousand values of each trained tensor and the sum of all, to see later whether it changed."""
    return {name: (_strided(tensor).clone(), _sum(tensor)) for name, tensor in _trained(model)}


def _strided(tensor: torch.Tensor) -> torch.Tensor:
    flat = tensor.flatten()
    return flat[:: max(1, flat.numel() // _SAMPLE)]


def _sum(tensor: torch.Tensor) -> float:
    return float(tensor.sum(dtype=torch.float64))


def unchanged(model: torch.nn.Module, before: Mapping[str, Sample]) -> list[str]:
    """Names of the tensors that are still what they were, by their sample and their sum."""
    now = dict(_trained(model))
    return [
        name
        for name, (values, total) in before.items()
        if name in now and torch.equal(values, _strided(now[name])) and total == _sum(now[name])
    ]


class GradientWatch:
    """Looks at the gradient norm of each step, which is the same in all processes, before the step changes the weights."""

    def __init__(self, fail: Callable[[str], Exception]) -> None:
        """Set up.

        Args:
            fail: Makes the error for a value that is not finite.
        """
        self._fail = fail
        self.steps = 0
        self.idle = 0

    def look(self, norm: float) -> None:
        """Take the next step's norm.

        Raises:
            DivergedError: It is not finite, or it has been zero since the first step.
        """
        if not math.isfinite(norm):
            raise self._fail(f"the gradient norm is {norm}")
        self.steps += 1
        self.idle += norm == 0
        if self.idle == self.steps == IDLE_STEPS:
            raise nothing_trained(f"the gradient was zero in each of the first {IDLE_STEPS} steps")


def nothing_trained(why: str) -> DivergedError:
    """The error for a run that leaves the weights as they were."""
    return DivergedError(
        f"nothing is being trained: {why}. Nothing is published. See what is frozen (training.method, lora.targets), whether "
        "the rows carry labels (training_data.json), training.learning_rate and model.weights (bf16 loses small changes)"
    )
