"""The configuration of a fine-tuning run: typed and validated; `config_file` reads it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sevenllm_bench.finetune.settings.data_section import DataSection
from sevenllm_bench.finetune.settings.model_sections import LoraSection, ModelSection
from sevenllm_bench.finetune.settings.step_section import StepSection
from sevenllm_bench.finetune.settings.value_types import ShareOrSteps
from sevenllm_bench.io.configuration import Positive, Section, Text


class TrainingSection(StepSection):
    """How a causal model is trained: besides the keys of `StepSection`, what only causal models have.

    Attributes:
        method: "full" (all weights), "lora", or "qlora" (adapters over a base in 4 bits, needs bitsandbytes).
        sharding: "full" shards weights, gradients and optimizer state over the processes (FSDP, ZeRO stage 3); "none".
        deepspeed: A DeepSpeed configuration file, instead of `sharding`.
        report_to: Trackers, by transformers' names, e.g. [tensorboard, wandb].
        trainer: Further arguments of TRL's SFTConfig, for what has no key here.
    """

    method: Literal["full", "lora", "qlora"] = "full"
    sharding: Literal["none", "full"] = "none"
    deepspeed: Text | None = None
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
