"""The configuration of a fine-tuning run: typed and validated; `config_file` reads it."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from sevenllm_bench.catalog import nearest_name, task_by_name
from sevenllm_bench.corpus.source.sources import EMBEDDED, INSTRUCT, SourceChoice
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import user_path
from sevenllm_bench.prompts import STYLES, PromptStyle, style_by_name

OTHER = "Other"

#: Rows of a source that is there for its held-out loss alone.
_CHECKED_ROWS = 500


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("must name one at least")
    return tuple(dict.fromkeys(values))


def _known_task(name: str) -> str:
    if name != OTHER and task_by_name(name) is None:
        near = nearest_name(name)
        raise ValueError(f"unknown task {name!r}" + (f"; did you mean {near!r}?" if near else ""))
    return name


def _source_alone(entry: Any) -> Any:
    """A text in a list of sources is the source, without further keys."""
    return {"source": entry} if isinstance(entry, str) else entry


def _share_or_steps(value: float) -> float:
    if value > 1 and value != int(value):
        raise ValueError(f"a share below 1, or a whole number of steps, not {value}")
    return value


def _is_pattern(text: str) -> bool:
    """Whether a text is a regular expression that can match more than itself; one name alone goes in a list."""
    try:
        re.compile(text)
    except re.error:
        return False
    return re.fullmatch(r"[\w.-]+", text) is None


#: Strict, so that true is no number and "3" no count. Bounded where PyTorch would overflow.
Flag = Annotated[bool, Field(strict=True)]
Positive = Annotated[int, Field(strict=True, gt=0, lt=2**31)]
Number = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Temperature = Annotated[float, Field(strict=True, gt=0)]
Share = Annotated[float, Field(strict=True, ge=0, lt=1)]
ShareOrSteps = Annotated[float, Field(strict=True, ge=0, lt=2**31, allow_inf_nan=False), AfterValidator(_share_or_steps)]
Text = Annotated[str, AfterValidator(_not_blank)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, and values don't change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class ModelSection(Section):
    """The model to start from.

    Attributes:
        base: Hub id, or a folder in the `save_pretrained` layout.
        revision: Branch, tag or commit on the Hub; default: the newest commit. What it resolves to is recorded.
        trust_remote_code: Whether code in the model's repository may run.
        gguf_file: A GGUF file in the base's folder or repository, which is read instead of safetensors.
        adapter: Folder of adapters of this base, which are trained further instead of new ones.
        allow_other_weights: Go on where the base's files lack weights of the model or hold others, or where an adapter was
            trained on other weights.
        attention: Attention kernel; "auto" takes the first one that gives the losses of plain attention (`self_check`). One
            that is named and doesn't is refused.
        weights: Type in which weights are held: "fp32" (mixed precision with fp32 master weights), "bf16" (half the memory,
            less exact), "auto" (fp32 where they are trained, bf16 where they are frozen).
    """

    base: Text
    revision: Text | None = None
    trust_remote_code: Flag = False
    gguf_file: Text | None = None
    adapter: Text | None = None
    allow_other_weights: Flag = False
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2", "kernels-community/flash-attn2"] = "auto"
    weights: Literal["auto", "fp32", "bf16"] = "auto"

    @property
    def location(self) -> str:
        """The base as it can be loaded from any working folder: a local folder's absolute path, or the Hub id.

        Raises:
            ConfigError: It is written as a path, and there is no such folder.
        """
        folder = user_path(self.base, ConfigError)
        if folder.is_dir():
            return str(folder.resolve())
        if self.base.startswith((".", "/", "~")) or self.base.count("/") > 1:
            raise ConfigError(f"model.base={self.base}: no such folder")
        return self.base

    @property
    def is_folder(self) -> bool:
        """Whether the base is a local folder, not a repository of the Hub."""
        return user_path(self.base, ConfigError).is_dir()


class SourceSection(Section):
    """One of several sources.

    Attributes:
        source: "instruct" (SEvenLLM-Instruct from the Hub at the pinned revision), "embedded" (this project's own training
            rows), a file, a folder, a glob, or the id of a data set of the Hub.
        format: Of its records; "auto" tells it from their columns.
        name: In reports; default: that of the file or data set.
        weight: Share of the training tokens, relative to the weights of the others; given for all sources or for none,
            which takes each once. 0 is as `role: held_out_only`.
        role: "train", or "held_out_only": none of it is trained on, its loss is measured before, on the way and after.
        max_rows: At most this many records, the first ones; default: all, of a source that is held out only 500.
        revision: Branch, tag or commit of a data set of the Hub; what is no commit is resolved to one, and recorded.
        subset: Configuration of a data set of the Hub.
        split: Split of a data set of the Hub.
    """

    source: Text
    format: Literal["auto", "sevenllm", "alpaca", "sharegpt", "messages", "prompt-completion"] = "auto"
    name: Annotated[str, Field(pattern=r"^[\w.-]{1,60}$")] | None = None
    weight: Number | None = None
    role: Literal["train", "held_out_only"] = "train"
    max_rows: Positive | None = None
    revision: Text | None = None
    subset: Text | None = None
    split: Text = "train"

    @property
    def is_trained_on(self) -> bool:
        """Whether rows of it are trained on."""
        return self.role == "train" and self.weight != 0

    @property
    def choice(self) -> SourceChoice:
        """What is read."""
        most = self.max_rows or (None if self.is_trained_on else _CHECKED_ROWS)
        return SourceChoice(self.source, self.name or "", self.format, self.revision, self.subset, self.split, most)


class DataSection(Section):
    """What is trained on, and what is kept out.

    Attributes:
        source: "instruct" (SEvenLLM-Instruct from the Hub at the pinned revision), "embedded" (this project's own training
            rows), or what else `sources` takes.
        sources: Several sources instead of `source`: a list of mappings with the keys of `SourceSection`,
            or of texts.
        objective: What carries loss: "thought+answer" (the paper's -log P(a, t | q)) or "answer".
        prompt: How rows are put to the model, as in `--metadata prompt=`; default: "cot" for thought+answer, else "alpaca".
        chat: Whether the prompt is wrapped in the model's chat template, as `lm_eval --apply_chat_template` does it.
        chat_template_arguments: Arguments for that template, e.g. {enable_thinking: false}.
        languages: Languages of the SEvenLLM rows to train on, by their script; general examples pass.
        tasks: Names of the tasks to train on; default: all, "Other" included; general examples pass.
        other_languages: Examples whose prose is neither English nor Chinese: "keep", "drop" or "refuse" (an error).
        max_rows: At most this many training rows (a sample; smaller samples are part of larger ones).
        leak_guard: Benchmark rows that training rows must not resemble: "official" (and embedded), "embedded", or "off".
            Default: "embedded" where every source is embedded, else "official".
        data_dir: Folder of the official test.jsonl, for the leak guard; default: SEVENLLM_DATA_DIR, or the Hub.
        allow_modified: Guard against a benchmark file whose hash differs.
        deduplicate: Whether a question that comes again is dropped.
        held_out: Share of rows, by incident, kept for the held-out loss.
        language_temperature: T of p ~ n^(1/T) over languages; 1 keeps the corpus's own shares, .inf makes them equal.
        task_temperature: The same over tasks within a language.
        max_length: Tokens of the longest example, and of a packed sequence.
        packing: Whether examples share sequences (none sees another).
    """

    source: Text | None = None
    sources: tuple[Annotated[SourceSection, BeforeValidator(_source_alone)], ...] = ()
    objective: Literal["answer", "thought+answer"] = "thought+answer"
    prompt: Literal["alpaca", "paper", "cot"] | None = None
    chat: Flag = False
    chat_template_arguments: dict[str, Any] = {}
    languages: Annotated[tuple[Literal["en", "zh"], ...], AfterValidator(_distinct)] = ("en", "zh")
    tasks: Annotated[tuple[Annotated[str, AfterValidator(_known_task)], ...], AfterValidator(_distinct)] | None = None
    other_languages: Literal["keep", "drop", "refuse"] = "keep"
    max_rows: Positive | None = None
    leak_guard: Literal["official", "embedded", "off"] | None = None
    data_dir: Text | None = None
    allow_modified: Flag = False
    deduplicate: Flag = True
    held_out: Share = 0.01
    language_temperature: Temperature = 1.0
    task_temperature: Temperature = 1.0
    max_length: Annotated[int, Field(strict=True, ge=16, lt=2**31)] = 4096
    packing: Flag = True

    @property
    def style(self) -> PromptStyle:
        """The prompt style: the one named, or the objective's."""
        return style_by_name(self.prompt or ("cot" if self.objective == "thought+answer" else "alpaca"))

    @property
    def entries(self) -> tuple[SourceSection, ...]:
        """The sources: those of `sources`, or the one of `source`."""
        return self.sources or (SourceSection(source=self.source or INSTRUCT),)

    @property
    def guard(self) -> Literal["official", "embedded", "off"]:
        """What training rows are compared with: `leak_guard`, or its default for these sources."""
        embedded = all(entry.source == EMBEDDED for entry in self.entries)
        return self.leak_guard or ("embedded" if embedded else "official")

    @model_validator(mode="after")
    def _sources_fit(self) -> DataSection:
        if self.sources and self.source:
            raise ValueError(f"source ({self.source}) and sources exclude each other; add data.source=null to use sources")
        weights = [entry.weight for entry in self.entries if entry.role == "train"]
        if not any(entry.is_trained_on for entry in self.entries):
            raise ValueError("no source is trained on: every weight is 0, or every role held_out_only")
        given = [weight for weight in weights if weight is not None]
        if any(given) and len(given) < len(weights):
            raise ValueError("give every source that is trained on a weight, or none of them")
        places = [(entry.source, entry.subset, entry.split) for entry in self.sources]
        if twice := next((place[0] for place in places if places.count(place) > 1), None):
            raise ValueError(f"the source {twice} comes twice; to train on it more often, raise its weight")
        return self

    @model_validator(mode="after")
    def _fits(self) -> DataSection:
        if self.objective == "thought+answer" and not self.style.with_thought:
            asking = ", ".join(name for name, style in STYLES.items() if style.with_thought)
            raise ValueError(
                f"objective thought+answer needs a prompt that asks for a thought ({asking}), not {self.style.name!r}"
            )
        return self


class LoraSection(Section):
    """Low-rank adapters, for the methods "lora" and "qlora".

    Attributes:
        rank: Rank of the adapters.
        alpha: Their scale is alpha / rank.
        dropout: Dropout on their input.
        targets: "all-linear" (every linear layer but the output layer), names of modules, or a regular expression that
            matches their whole names.
        experts: Whether the experts of a mixture of experts, which are no linear layers, get adapters as well.
        dora: Weight-decomposed adapters (DoRA, arXiv 2402.09353).
        rslora: Scale by alpha / sqrt(rank) (rsLoRA, arXiv 2312.03732).
        modules_to_save: Names of further modules that are trained whole, e.g. [embed_tokens, lm_head].
    """

    rank: Positive = 64
    alpha: PositiveNumber = 128
    dropout: Share = 0.05
    targets: str | tuple[str, ...] = "all-linear"
    experts: Flag = False
    dora: Flag = False
    rslora: Flag = False
    modules_to_save: tuple[Text, ...] = ()

    @field_validator("targets", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        names = isinstance(value, (list, tuple)) and value and all(isinstance(name, str) and name.strip() for name in value)
        if not names and value != "all-linear" and not (isinstance(value, str) and value.strip() and _is_pattern(value)):
            raise ValueError(f"'all-linear', a list of names of modules, or a regular expression, not {value!r:.80}")
        return value

    @model_validator(mode="after")
    def _fits(self) -> LoraSection:
        if self.experts and (self.dropout or self.dora):
            raise ValueError(
                "experts: adapters of experts go without dropout and without dora; set lora.dropout=0 lora.dora=false"
            )
        return self


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
    trainer: dict[str, Any] = {}

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
