"""Reading the configuration of a run: a file or a shipped recipe, changes from the command line, errors in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sevenllm_bench.errors import ConfigError, nearest
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.data_section import SourceSection
from sevenllm_bench.finetune.settings.recipe_files import RECIPES, recipe_names
from sevenllm_bench.finetune.settings.value_types import Section
from sevenllm_bench.io.files import read_bytes, user_path
from sevenllm_bench.io.yaml12 import load_yaml

#: A larger file is no configuration, and YAML is read slowly.
_LARGEST = 200_000
#: Keys of transformers, TRL, peft, LLaMA-Factory and axolotl whose spelling doesn't show which of ours they are.
_ELSEWHERE = {
    "model.base": ("base_model", "model_name", "model_name_or_path"),
    "model.adapter": ("adapter_name_or_path", "lora_model_dir"),
    "model.attention": ("attn_implementation", "flash_attn", "flash_attention"),
    "data.sources": ("dataset", "datasets"),
    "data.max_length": ("cutoff_len", "max_seq_len", "max_seq_length", "sequence_len"),
    "data.packing": ("sample_packing",),
    "data.held_out": ("val_set_size", "val_size"),
    "training.method": ("finetuning_type", "load_in_4bit"),
    "training.epochs": ("num_epochs", "num_train_epochs"),
    "training.learning_rate": ("lr",),
    "training.scheduler": ("lr_scheduler", "lr_scheduler_type"),
    "training.warmup": ("warmup_ratio", "warmup_steps"),
    "training.batch_size": ("micro_batch_size", "per_device_train_batch_size"),
    "training.accumulation": ("gradient_accumulation_steps",),
    "training.optimizer": ("optim",),
    "training.precision": ("bf16", "fp16"),
    "training.save_every": ("save_steps",),
    "training.log_every": ("logging_steps",),
    "evaluation.every": ("eval_steps",),
    "evaluation.best": ("load_best_model_at_end", "metric_for_best_model"),
    "evaluation.patience": ("early_stopping_patience",),
    "lora.rank": ("r", "lora_r", "lora_rank"),
    "lora.targets": ("lora_target", "lora_target_modules", "target_modules"),
    "output": ("output_dir",),
    "resume": ("resume_from_checkpoint",),
}


def read_config(config: str | Path, changes: Sequence[str] = ()) -> FinetuneConfig:
    """Read a configuration file, or a shipped recipe by its name, and apply changes.

    Args:
        config: Path of a YAML file, or a name of `recipe_names()`.
        changes: Words like "training.epochs=1"; values are YAML.

    Raises:
        ConfigError: The file can't be read or is no mapping, a key is unknown (the nearest known one is given), or a value
            doesn't fit. All problems are listed; those of keys that don't go together, once each key is right by itself.
    """
    content = _read(config)
    for change in changes:
        _apply(content, change)
    # A section without keys, as one whose keys are all commented out, is one of defaults.
    content = {key: value for key, value in content.items() if value is not None or key not in _section_names()}
    try:
        return FinetuneConfig.model_validate(content)
    except ValidationError as error:
        problems = "\n".join(f"  - {line}" for line in _problems(error))
        raise ConfigError(f"the configuration {config} is not valid:\n{problems}") from None


def _read(config: str | Path) -> dict[str, Any]:
    if str(config) in recipe_names():
        content, name = (RECIPES / f"{config}.yaml").read_bytes(), str(config)
    else:
        path = _file(config)
        content, name = read_bytes(path, ConfigError), str(path)
    try:
        value = load_yaml(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: not UTF-8 at byte {error.start}") from None
    except ValueError as error:
        raise ConfigError(f"{name}: broken YAML ({error})") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{name}: a configuration is a mapping of {', '.join(FinetuneConfig.model_fields)}")
    return value


def _file(config: str | Path) -> Path:
    path = user_path(config, ConfigError)
    if not path.is_file():
        near = nearest(str(config), recipe_names())
        hint = f"; did you mean {near}?" if near else "."
        what = f"{path} is a folder, no configuration file" if path.is_dir() else f"no configuration file {path}"
        raise ConfigError(f"{what}{hint} Recipes that come with the package: {', '.join(recipe_names())}")
    if path.stat().st_size > _LARGEST:
        raise ConfigError(f"{path}: {path.stat().st_size:,} bytes are no configuration; at most {_LARGEST:,}")
    return path


def _apply(content: dict[str, Any], change: str) -> None:
    """Set one "a.b=value" in `content`."""
    key, equals, text = change.partition("=")
    shown = f"{change!r:.100}"
    if not equals or not all(word.strip() for word in key.split(".")):
        raise ConfigError(f"{shown}: a change is written section.key=value, e.g. training.epochs=1")
    try:
        if len(text) > _LARGEST:
            raise ValueError
        value = load_yaml(text)
    except ValueError:
        raise ConfigError(f"{shown}: the value is no YAML of texts, numbers, lists and mappings; quote texts") from None
    *sections, last = key.split(".")
    for section in sections:
        if content.get(section) is None:
            content[section] = {}
        content = content[section]
        if not isinstance(content, dict):
            raise ConfigError(f"{shown}: {section} is no section")
    content[last] = value


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        place = [str(part) for part in problem["loc"]]
        key = ".".join(place)
        if problem["type"] == "extra_forbidden":
            near = _near_keys(place)
            yield f"unknown key {key:.80}" + (f"; did you mean {' or '.join(near)}?" if near else "")
        elif problem["type"] == "missing":
            yield f"{key} is missing: set it in the file, or add {key}=…"
        elif problem["type"] == "model_type":
            yield f"{key}: a section is a mapping of keys (found {_short(problem['input'])})"
        elif problem["type"] == "value_error":
            yield (f"{key}: " if place else "") + problem["msg"].removeprefix("Value error, ")
        else:
            quoted = problem["type"] == "string_type" and isinstance(problem["input"], (int, float))
            hint = "; a text that looks like a number goes in quotes" if quoted else ""
            yield f"{key}: {problem['msg']} (found {_short(problem['input'])}{hint})"


def _near_keys(place: Sequence[str]) -> list[str]:
    """Known keys that an unknown one may stand for: of this name elsewhere, or of a similar one here or elsewhere."""
    *section, word = place
    if section[:2] == ["data", "sources"] and (near := nearest(word, SourceSection.model_fields, 0.5)):
        return [".".join((*section, near))]
    by_word: dict[str, list[str]] = {}
    for key in _known_keys():
        by_word.setdefault(key.rpartition(".")[2], []).append(key)
    if word in by_word:
        return by_word[word]
    if elsewhere := [key for key, names in _ELSEWHERE.items() if word in names]:
        return elsewhere
    here = {key.rpartition(".")[2]: [key] for key in _known_keys() if key.rpartition(".")[0] == ".".join(section)}
    for keys, cutoff in ((here, 0.6), (by_word, 0.6), (here, 0.5), (by_word, 0.5)):
        near = nearest(word, keys, cutoff)
        if near:
            return keys[near]
    return []


def _sections() -> dict[str, type[Section]]:
    kinds = ((name, field.annotation) for name, field in FinetuneConfig.model_fields.items())
    return {name: kind for name, kind in kinds if isinstance(kind, type) and issubclass(kind, Section)}


def _section_names() -> frozenset[str]:
    return frozenset(_sections()) - {"model"}


def _known_keys() -> Iterator[str]:
    sections = _sections()
    for name in FinetuneConfig.model_fields:
        yield name
        yield from (f"{name}.{inner}" for inner in (sections[name].model_fields if name in sections else ()))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
