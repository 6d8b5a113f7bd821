"""Attention kernels against plain transformers, by the losses of two texts.

Two things go wrong without an error: packed examples see each other, and a kernel leaves out a part of the architecture's
attention (a sliding window, sinks, a bias). Both change losses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.kernels.packed_attention import register
from sevenllm_bench.finetune.kernels.probe import plain_losses, rounded_input, trainer_losses, trainers_head, undisturbed

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

#: Least and largest tolerance, in nats per token, by the type that is computed in: between them, `_ROUNDING` times what a
#: rounding of the embeddings changes. Kernels round in other places; on Gemma 3 270M that is 1e-6 in fp32 and 0.04 in bf16,
#: and what the embeddings' rounding changes 4e-6 and 0.05; the faults that are looked for change 0.9 or more.
_TOLERANCE = {"fp32": (1e-4, 1e-3), "bf16": (2e-2, 0.5)}
_ROUNDING = 4

#: At most so many tokens of a text are scored, its last ones.
_SCORED = 128


@dataclass(frozen=True, slots=True)
class LossDifference:
    """How far the losses of two computations are apart, in nats per token.

    Attributes:
        mean: Mean of the absolute differences.
        largest: The largest of them.
    """

    mean: float
    largest: float


@dataclass(frozen=True, slots=True)
class KernelCheck:
    """One kernel, against plain transformers.

    Attributes:
        kernel: Its name in transformers.
        together: Two examples in a batch of the run's kind against each alone; the example that differs more.
        long: The long text.
        error: What it failed with, in place of figures; "" otherwise.
    """

    kernel: str
    together: LossDifference | None
    long: LossDifference | None
    error: str = ""

    def passes(self, tolerance: float) -> bool:
        """Whether both means are at most `tolerance`; NaN is not."""
        return all(figures is not None and figures.mean <= tolerance for figures in (self.together, self.long))


@dataclass(frozen=True, slots=True)
class AttentionCheck:
    """What decided the kernel of a run.

    Attributes:
        kernel: The kernel to train with; None where no kernel passed.
        packed: Whether examples share sequences, else batches are padded.
        tokens: Length of the long text.
        window: The largest sliding window (or chunk) below `data.max_length`; None without one.
        precision: Type that was computed in: "fp32" or "bf16".
        tolerance: Largest mean difference that passes, in nats per token.
        tried: The kernels in the order in which they were tried.
        skipped: Why nothing was checked; "" otherwise.
    """

    kernel: str | None
    packed: bool
    tokens: int
    window: int | None
    precision: str
    tolerance: float
    tried: tuple[KernelCheck, ...]
    skipped: str = ""


def described(check: Mapping[str, Any]) -> str:
    """An `AttentionCheck` in one line.

    Args:
        check: Its fields, as `dataclasses.asdict` gives them; the kernel is not None.
    """
    if check["skipped"]:
        return f"attention: {check['kernel']}, not checked: {check['skipped']}"
    *failed, figures = check["tried"]
    batch = "two packed examples" if check["packed"] else "two padded examples"
    window = "" if check["window"] is None else f", window {check['window']:,}"
    window += " (not reached)" if check["window"] is not None and check["tokens"] <= check["window"] else ""
    instead = f" instead of {', '.join(entry['kernel'] for entry in failed)}" if failed else ""
    return (
        f"attention: {check['kernel']}{instead}; mean difference from plain transformers: {figures['together']['mean']:.1e} nats "
        f"per token for {batch}, {figures['long']['mean']:.1e} for {check['tokens']:,} tokens{window}; at most "
        f"{check['tolerance']:.1e} ({check['precision']})"
    )


def check_attention(
    model: PreTrainedModel, texts: tuple[Sequence[int], Sequence[int]], kernels: Sequence[str], packed: bool, window: int | None
) -> AttentionCheck:
    """Try kernels until one gives the losses of plain transformers: `eager`, where the architecture has a choice.

    Args:
        model: A causal language model. It stays as it was: kernel, mode, buffers, random numbers.
        texts: Token ids of a long text and a short one, of at least 2.
        kernels: Names in the order in which they are tried.
        packed: Whether the run packs examples.
        window: The window that the long text is made for.

    Raises:
        ConfigError: The model fails on plain input, or the trainer computes another loss than the model.
    """
    register()
    is_cast = any("flash" in kernel for kernel in kernels)  # there is no FlashAttention in fp32
    precision = "bf16" if is_cast or _dtype(model) != "float32" else "fp32"
    tried: list[KernelCheck] = []
    with undisturbed(model), _cast(model, is_cast):
        losses = _Losses(model, texts, packed)
        tolerance = losses.tolerance(precision)
        losses.require_head(tolerance)
        for kernel in kernels:
            tried.append(losses.check(kernel))
            if tried[-1].passes(tolerance):
                break
    found = tried[-1].kernel if tried[-1].passes(tolerance) else None
    return AttentionCheck(found, packed, len(texts[0]), window, precision, tolerance, tuple(tried))


def _dtype(model: Any) -> str:
    """Name of the type that the model computes in: for 4-bit weights, that of the rest."""
    return str(next(parameter.dtype for parameter in model.parameters() if parameter.is_floating_point())).rpartition(".")[2]


def _cast(model: Any, is_cast: bool) -> Any:
    import torch

    return torch.autocast(model.device.type, torch.bfloat16, enabled=is_cast)


class _Losses:
    """The losses of two texts by plain transformers, and what kernels make of them."""

    def __init__(self, model: Any, texts: Sequence[Sequence[int]], packed: bool) -> None:
        self._model, self._texts, self._packed = model, texts, packed
        self._scored = [min(len(text) - 1, _SCORED) for text in texts]
        model.set_attn_implementation("eager")
        try:
            self._expected = [plain_losses(model, ids, count) for ids, count in zip(texts, self._scored, strict=True)]
        except Exception as error:  # what an architecture fails with is its own
            raise ConfigError(f"the model fails on a text of {len(texts[0]):,} tokens: {_short(error)}") from error

    def tolerance(self, precision: str) -> float:
        """Nats per token: some times what one rounding of the embeddings changes, between two bounds."""
        import torch

        least, most = _TOLERANCE[precision]
        with rounded_input(self._model, torch.float32 if precision == "fp32" else torch.bfloat16):
            rounded = plain_losses(self._model, self._texts[1], self._scored[1])
        return min(max(least, _ROUNDING * _difference(rounded, self._expected[1]).mean), most)

    def require_head(self, tolerance: float) -> None:
        """Refuse an architecture whose losses TRL's LM head doesn't compute as the model does, whatever the kernel.

        Raises:
            ConfigError: The short text's losses differ by more than `tolerance`, or the head fails.
        """
        try:
            with trainers_head(self._model):
                (given,) = trainer_losses(self._model, self._texts[1:], self._scored[1:], packed=False)
        except Exception as error:
            raise ConfigError(f"the trainer can't compute the losses of this architecture: {_short(error)}") from error
        apart = _difference(given, self._expected[1]).mean
        if not apart <= tolerance:
            raise ConfigError(
                "this architecture can't be trained here: the trainer's losses differ from the model's own by "
                f"{apart:.2g} nats per token (at most {tolerance:.1g})"
            )

    def check(self, kernel: str) -> KernelCheck:
        """One kernel's figures, or what it fails with."""
        import torch

        try:
            self._model.set_attn_implementation(kernel)
            if self._model.config._attn_implementation != kernel:
                raise ValueError("the architecture doesn't have it")
            with trainers_head(self._model):
                together = trainer_losses(self._model, self._texts, self._scored, self._packed)
                long = trainer_losses(self._model, self._texts[:1], self._scored[:1], self._packed)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # kernels refuse architectures in many ways; the next one is tried
            return KernelCheck(kernel, None, None, _short(error))
        apart = [_difference(own, right) for own, right in zip(together, self._expected, strict=True)]
        worst = max(apart, key=lambda figures: (isnan(figures.mean), figures.mean))
        return KernelCheck(kernel, worst, _difference(long[0], self._expected[0]))


def _difference(given: torch.Tensor, expected: torch.Tensor) -> LossDifference:
    apart = (given - expected).abs()
    return LossDifference(float(apart.mean()), float(apart.max()))


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
