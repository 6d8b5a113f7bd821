"""The configuration of a fine-tuning run: typed and validated; `config_file` reads it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sevenllm_bench.finetune.settings.data_section import DataSection
from sevenllm_bench.finetune.settings.model_sections import LoraSection, ModelSection
from sevenllm_bench.finetune.settings.value_types import ShareOrSteps
from sevenllm_bench.io.configuration import Flag, Number, Positive, PositiveNumber, Section, Text


class TrainingSection(Section):
    """How it is trained.

    Attributes:
        method: "full" (all weights), "lora", or "qlora" (adapters over a base in 4 bits, needs bitsandbytes).
        epochs: Passes over the training rows.
        max_steps: Stop after this many optimizer steps; default: when the epochs are over.
        learning_rate: Its peak.
        scheduler: Shape of the learning rate, by transformers' names.
        warmup: Share of the steps (below 1), or number of steps, in which the learning rate rises.
        weight_decay: Of AdamW.
        max_grad_norm: Gradients are clipped to this norm; 0 for no clipping.
        batch_size: Sequences (packed ones with packing) per process and forward pass.
        accumulation: Forward passes per optimizer step.
        optimizer: By transformers' names.
        precision: "bf16" (mixed), "fp32", or "auto": bf16 on a GPU that has it, else fp32.
        gradient_checkpointing: Compute activations again in the backward pass instead of keeping them.
        sharding: "full" shards weights, gradients and optimizer state over the processes (FSDP, ZeRO stage 3); "none".
        deepspeed: A DeepSpeed configuration file, instead of `sharding`.
        device: "auto" (a GPU where there is one), "cuda" or "cpu".
        seed: Of everything random.
        log_every: Steps between logged losses.
        save_every: Steps between checkpoints to resume from; a share of all steps if below 1.
        keep_checkpoints: How many of those are kept while training; all are removed at the end.
        report_to: Trackers, by transformers' names, e.g. [tensorboard, wandb].
        trainer: Further arguments of TRL's SFTConfig, for what has no key here.
    """

    method: Literal["full", "lora", "qlora"] = "full"
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
    sharding: Literal["none", "full"] = "none"
    deepspeed: Text | None = None
    device: Literal["auto", "cuda", "cpu"] = "auto"
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 42
    log_every: Positive = 10
    save_every: Annotated[ShareOrSteps, Field(gt=0)] = 0.1
    keep_checkpoints: Annotated[int, Field(strict=True, ge=2, lt=2**31)] = 2
    report_to: tuple[Text, ...] = ()
    trainer: dict[str, Any] = {}  # noqa: RUF012  (pydantic copies it)

    @model_validator(mode="after")
    def _fits(self) -> TrainingSection:
        if self.sharding == "full" and self.deepspeed:
            raise ValueError("sharding: full (FSDP) and deepspeed exclude each other; name one")
        if self.method == "qlora" and self.sharding == "full":
            raise ValueError("method qlora doesn't go with sharding: full; use lora, or sharding: none")
        return self


class EvaluationSection(Section):
    """What is measured on held-out rows while training. The benchmark's own rows are never used here.

    Attributes:
        every: Steps between evaluations; a share of all steps if below 1; 0 for only before and after.
        batch_size: Rows per forward pass.
        metrics_rows: Held-out rows (spread over the tasks) that are answered and scored as the harness does; 0 for none.
        max_new_tokens: Of such an answer.
        best: Which checkpoint is published: "none" (the last one), or the best evaluated one by "loss" (the lowest; also
            "loss_en", "loss_zh", or that of a task) or by a metric of the answered rows, e.g. "metrics_en_mcq_acc" (the highest).
        patience: With `best`: training stops after so many evaluations in a row that were not the best; default: it doesn't.
    """

    every: ShareOrSteps = 0.1
    batch_size: Positive = 4
    metrics_rows: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0
    max_new_tokens: Positive = 512
    best: Annotated[str, Field(pattern=r"^(none|loss\w*|metrics_\w+)$")] = "none"
    patience: Positive | None = None

    @model_validator(mode="after")
    def _fits(self) -> EvaluationSection:
        if self.patience and self.best == "none":
            raise ValueError("patience waits for a better evaluation: say with best what is better, e.g. best: loss")
        if self.best != "none" and not self.every:
            raise ValueError(f"best: {self.best} chooses among evaluations on the way: set every (steps, or a share of them)")
        if self.best.startswith("metrics_") and not self.metrics_rows:
            raise ValueError(f"best: {self.best} is a figure of rows that are answered: set metrics_rows")
        return self


class FinetuneConfig(Section):
    """A whole run.

    Attributes:
        model: The model to start from.
        data: What is trained on.
        training: How.
        lora: The adapters, where `training.method` has some.
        evaluation: What is measured on the way.
        output: Folder of the finished checkpoint. With several machines it lies on a file system that all of them share.
        resume: "never", or "auto": go on from the newest complete checkpoint of the same run in `output`, if there is one.
    """

    model: ModelSection
    data: DataSection = DataSection()
    training: TrainingSection = TrainingSection()
    lora: LoraSection = LoraSection()
    evaluation: EvaluationSection = EvaluationSection()
    output: Text
    resume: Literal["never", "auto"] = "never"

    @model_validator(mode="after")
    def _fits(self) -> FinetuneConfig:
        if self.evaluation.metrics_rows and (self.training.sharding == "full" or self.training.deepspeed):
            raise ValueError("evaluation.metrics_rows needs whole weights to generate answers: not with sharding or deepspeed")
        if self.model.gguf_file and self.training.method == "qlora":
            raise ValueError("model.gguf_file: its weights are unpacked to be trained, not packed again: not with method qlora")
        if self.model.adapter and self.training.method == "full":
            raise ValueError("model.adapter: adapters are trained further with training.method lora or qlora, not full")
        if self.evaluation.best != "none" and not self.data.held_out:
            raise ValueError(f"evaluation.best: {self.evaluation.best} needs held-out rows (data.held_out)")
        return self
