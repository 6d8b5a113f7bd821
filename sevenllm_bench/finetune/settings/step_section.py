"""What of a configuration is about the steps of training, whatever is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sevenllm_bench.finetune.settings.value_types import ShareOrSteps
from sevenllm_bench.io.configuration import Flag, Number, Positive, PositiveNumber, Section, Text


class StepSection(Section):
    """How it is trained.

    Attributes:
        epochs: Passes over the training rows.
        max_steps: Stop after this many optimizer steps; default: when the epochs are over.
        learning_rate: Its peak.
        scheduler: Shape of the learning rate, by transformers' names.
        warmup: Share of the steps (below 1), or number of steps, in which the learning rate rises.
        weight_decay: Of AdamW.
        max_grad_norm: Gradients are clipped to this norm; 0 for no clipping.
        batch_size: Sequences, pairs or functions per process and forward pass.
        accumulation: Forward passes per optimizer step.
        optimizer: By transformers' names.
        precision: "bf16" (mixed), "fp32", or "auto": bf16 on a GPU that has it, else fp32.
        gradient_checkpointing: Compute activations again in the backward pass instead of keeping them.
        device: "auto" (a GPU where there is one), "cuda" or "cpu".
        seed: Of everything random.
        log_every: Steps between logged losses.
        save_every: Steps between checkpoints to resume from; a share of all steps if below 1.
        keep_checkpoints: How many of those are kept while training; all are removed at the end.
    """

    epochs: Annotated[float, Field(strict=True, gt=0, le=1_000_000, allow_inf_nan=False)] = 3.0
    max_steps: Positive | None = None
    learning_rate: PositiveNumber = 2e-5
    scheduler: Text = "cosine"
    warmup: ShareOrSteps = 0.03
    weight_decay: Number = 0.0
    max_grad_norm: Number = 1.0
    batch_size: Positive = 1
    accumulation: Positive = 1
    optimizer: Text = "adamw_torch_fused"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    gradient_checkpointing: Flag = True
    device: Literal["auto", "cuda", "cpu"] = "auto"
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 42
    log_every: Positive = 10
    save_every: Annotated[ShareOrSteps, Field(gt=0)] = 0.1
    keep_checkpoints: Annotated[int, Field(strict=True, ge=2, lt=2**31)] = 2
