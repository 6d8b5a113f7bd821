"""The configuration of a fine-tuning run: typed, validated, with `key=value` changes from the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sevenllm_bench.catalog import TASKS, nearest_name, task_by_name
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.files import read_bytes, user_path
from sevenllm_bench.prompts import STYLES, PromptStyle, style_by_name

RECIPES = files("sevenllm_bench.finetune") / "recipes"

Positive = Annotated[int, Field(gt=0)]
Temperature = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, and values don't change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=True)


class ModelSection(Section):
    """The model to start from.

    Attributes:
        base: Hub id, or a folder in the `save_pretrained` layout.
        revision: Branch, tag or commit on the Hub.
        trust_remote_code: Whether code in the model's repository may run.
        attention: Attention kernel; "auto" leaves the choice to transformers.
        weights: Type in which weights are held: "fp32" (mixed precision with fp32 master weights), "bf16" (half the memory,
            less exact), "auto" (fp32 where they are trained, bf16 where they are frozen).
    """

    base: Annotated[str, Field(min_length=1)]
    revision: str | None = None
    trust_remote_code: bool = False
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


class DataSection(Section):
    """What is trained on, and what is kept out.

    Attributes:
        source: "instruct" (SEvenLLM-Instruct from the Hub at the pinned revision), "embedded" (this project's own training
            rows), or a file or folder that holds train.jsonl.
        objective: What carries loss: "thought+answer" (the paper's -log P(a, t | q)) or "answer".
        prompt: How rows are put to the model, as in `--metadata prompt=`; default: "cot" for thought+answer, else "alpaca".
        chat: Whether the prompt is wrapped in the model's chat template, as `lm_eval --apply_chat_template` does it.
        chat_template_arguments: Arguments for that template, e.g. {enable_thinking: false}.
        languages: Languages to train on.
        tasks: Names of the tasks to train on; default: all, "Other" included.
        max_rows: At most this many training rows (a sample; smaller samples are part of larger ones).
        leak_guard: Benchmark rows that training rows must not resemble: "official" (and embedded), "embedded", or "off".
        data_dir: Folder of the official test.jsonl, for the leak guard; default: SEVENLLM_DATA_DIR, or the Hub.
        allow_modified: Guard against a benchmark file whose hash differs.
        deduplicate: Whether a question that comes again is dropped.
        held_out: Share of rows, by incident, kept for the held-out loss.
        language_temperature: T of p ~ n^(1/T) over languages; 1 keeps the corpus's own shares, .inf makes them equal.
        task_temperature: The same over tasks within a language.
        max_length: Tokens of the longest example, and of a packed sequence.
        packing: Whether examples share sequences (none sees another).
    """

    source: Annotated[str, Field(min_length=1)] = "instruct"
    objective: Literal["answer", "thought+answer"] = "thought+answer"
    prompt: Literal["alpaca", "paper", "cot"] | None = None
    chat: bool = False
    chat_template_arguments: dict[str, Any] = {}
    languages: Annotated[tuple[Literal["en", "zh"], ...], Field(min_length=1)] = ("en", "zh")
    tasks: tuple[str, ...] | None = None
    max_rows: Positive | None = None
    leak_guard: Literal["official", "embedded", "off"] = "official"
    data_dir: str | None = None
    allow_modified: bool = False
    deduplicate: bool = True
    held_out: Share = 0.01
    language_temperature: Temperature = 1.0
    task_temperature: Temperature = 1.0
    max_length: Annotated[int, Field(ge=16)] = 4096
    packing: bool = True

    @property
    def style(self) -> PromptStyle:
        """The prompt style: the one named, or the objective's."""
        return style_by_name(self.prompt or ("cot" if self.objective == "thought+answer" else "alpaca"))

    @model_validator(mode="after")
    def _fits(self) -> DataSection:
        if self.objective == "thought+answer" and not self.style.with_thought:
            asking = ", ".join(name for name, style in STYLES.items() if style.with_thought)
            raise ValueError(
                f"objective thought+answer needs a prompt that asks for a thought ({asking}), not {self.style.name!r}"
            )
        for name in self.tasks or ():
            if name != "Other" and task_by_name(name) is None:
                near = nearest_name(name)
                raise ValueError(f"tasks: unknown task {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        return self


class LoraSection(Section):
    """Low-rank adapters, for the methods "lora" and "qlora".

    Attributes:
        rank: Rank of the adapters.
        alpha: Their scale is alpha / rank.
        dropout: Dropout on their input.
        targets: "all-linear" (every linear layer but the output layer), or names of modules.
    """

    rank: Positive = 64
    alpha: Annotated[float, Field(gt=0)] = 128
    dropout: Share = 0.05
    targets: Literal["all-linear"] | tuple[str, ...] = "all-linear"


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
    epochs: Annotated[float, Field(gt=0)] = 3.0
    max_steps: Positive | None = None
    learning_rate: Annotated[float, Field(gt=0)] = 2e-5
    scheduler: str = "cosine"
    warmup: Annotated[float, Field(ge=0)] = 0.03
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_grad_norm: Annotated[float, Field(ge=0)] = 1.0
    batch_size: Positive = 1
    accumulation: Positive = 1
    optimizer: str = "adamw_torch"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    gradient_checkpointing: bool = True
    sharding: Literal["none", "full"] = "none"
    deepspeed: str | None = None
    device: Literal["auto", "cuda", "cpu"] = "auto"
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    log_every: Positive = 10
    save_every: Annotated[float, Field(gt=0)] = 0.1
    keep_checkpoints: Annotated[int, Field(ge=2)] = 2
    report_to: tuple[str, ...] = ()
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
    """

    every: Annotated[float, Field(ge=0)] = 0.1
    batch_size: Positive = 4
    metrics_rows: Annotated[int, Field(ge=0)] = 0
    max_new_tokens: Positive = 512


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
    output: Annotated[str, Field(min_length=1)]
    resume: Literal["never", "auto"] = "never"

    @model_validator(mode="after")
    def _fits(self) -> FinetuneConfig:
        if self.evaluation.metrics_rows and (self.training.sharding == "full" or self.training.deepspeed):
            raise ValueError("evaluation.metrics_rows needs whole weights to generate answers: not with sharding or deepspeed")
        return self


def recipe_names() -> tuple[str, ...]:
    """Names of the recipes that ship with the package."""
    return tuple(sorted(path.name.removesuffix(".yaml") for path in RECIPES.iterdir() if path.name.endswith(".yaml")))


def read_config(config: str | Path, changes: Sequence[str] = ()) -> FinetuneConfig:
    """Read a configuration file, or a shipped recipe by its name, and apply changes.

    Args:
        config: Path of a YAML file, or a name of `recipe_names()`.
        changes: Words like "training.epochs=1"; values are YAML.

    Raises:
        ConfigError: The file can't be read or is no mapping, a key is unknown (the nearest known one is given), or a value
            doesn't fit. All problems are listed.
    """
    content = _read(config)
    for change in changes:
        _apply(content, change)
    try:
        return FinetuneConfig.model_validate(content)
    except ValidationError as error:
        problems = "\n".join(f"  - {line}" for line in _problems(error))
        raise ConfigError(f"the configuration {config} doesn't hold:\n{problems}") from None


def _read(config: str | Path) -> dict[str, Any]:
    if str(config) in recipe_names():
        text, name = (RECIPES / f"{config}.yaml").read_text(encoding="utf-8"), str(config)
    else:
        path = user_path(config, ConfigError)
        if not path.is_file():
            raise ConfigError(f"no configuration file {path}; recipes that come with the package: {', '.join(recipe_names())}")
        text, name = read_bytes(path, ConfigError).decode("utf-8", "replace"), str(path)
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: broken YAML ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{name}: a configuration is a mapping of {', '.join(FinetuneConfig.model_fields)}")
    return content


def _apply(content: dict[str, Any], change: str) -> None:
    """Set one "a.b=value" in `content`."""
    key, equals, text = change.partition("=")
    if not equals or not all(key.split(".")):
        raise ConfigError(f"{change!r}: a change is written section.key=value, e.g. training.epochs=1")
    try:
        value = yaml.safe_load(text) if text.strip() else None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConfigError(f"{change!r}: the value is no YAML") from None
    *sections, last = key.split(".")
    for section in sections:
        inner = content.setdefault(section, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{change!r}: {section} is no section")
        content = inner
    content[last] = value


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        place = [str(part) for part in problem["loc"]]
        key = ".".join(place)
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, list(_known_keys()), n=1, cutoff=0.5) or _by_last_word(place[-1])
            yield f"unknown key {key}" + (f"; did you mean {near[0]}?" if near else "")
        elif problem["type"] == "missing":
            yield f"{key} is missing: set it in the file, or add {key}=…"
        else:
            found = "" if problem["type"] == "value_error" else f" (found {_short(problem['input'])})"
            message = problem["msg"].removeprefix("Value error, ")
            yield (f"{key}: " if place else "") + f"{message}{found}"


def _by_last_word(word: str) -> list[str]:
    """Known keys of other sections with this or a similar name."""
    lasts = {key.rpartition(".")[2]: key for key in _known_keys()}
    return [lasts[near] for near in difflib.get_close_matches(word, list(lasts), n=1)]


def _known_keys() -> Iterator[str]:
    for name, field in FinetuneConfig.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from (f"{name}.{inner}" for inner in kind.model_fields)
        else:
            yield name


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def task_names() -> tuple[str, ...]:
    """Names that `data.tasks` knows: the 28 tasks, and "Other"."""
    return (*(task.name for task in TASKS), "Other")
