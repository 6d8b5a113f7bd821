"""Configurations of runs: YAML files into pydantic sections, changes from the command line, errors in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sevenllm_bench.errors import ConfigError, nearest
from sevenllm_bench.io.files import read_bytes, user_path
from sevenllm_bench.io.yaml12 import load_yaml

#: A larger file is no configuration, and YAML is read slowly.
_LARGEST = 200_000


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


#: Strict, so that true is no number and "3" no count. Bounded where PyTorch would overflow.
Flag = Annotated[bool, Field(strict=True)]
Positive = Annotated[int, Field(strict=True, gt=0, lt=2**31)]
Number = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Text = Annotated[str, AfterValidator(_not_blank)]


class Section(BaseModel):
    """A part of a configuration: unknown keys are errors, and values don't change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


_Config = TypeVar("_Config", bound=Section)


@dataclass(frozen=True)
class ConfigReader(Generic[_Config]):
    """Reads configurations of one kind.

    Attributes:
        kind: The sections, and what else is in a configuration.
        shipped: Configurations that come with the package, by name.
        elsewhere: Our keys, each with its names in other tools whose spelling doesn't show which of ours they are.
        entries: Our keys whose values are lists of sections, e.g. {"data.sources": SourceSection}.
        example: A change, for messages.
    """

    kind: type[_Config]
    shipped: Mapping[str, Traversable] = field(default_factory=dict)
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    entries: Mapping[str, type[Section]] = field(default_factory=dict)
    example: str = "section.key=value"

    def read(self, config: str | Path, changes: Sequence[str] = ()) -> _Config:
        """Read a configuration file, or a shipped one by its name, and apply changes.

        Args:
            config: Path of a YAML file, or a name of `shipped`.
            changes: Words like "training.epochs=1"; values are YAML.

        Raises:
            ConfigError: The file can't be read or is no mapping, a key is unknown (the nearest known one is given), or a
                value doesn't fit. All problems are listed; those of keys that don't go together, once each key is right by
                itself.
        """
        return self.validated(self.content(config), changes, config)

    def validated(self, content: dict[str, Any], changes: Sequence[str], name: str | Path) -> _Config:
        """The configuration with this content and changes to it; `name` is for messages.

        Raises:
            ConfigError: As for `read`.
        """
        for change in changes:
            self._apply(content, change)
        _require_unicode(content, "", name)
        # A section without keys, as one whose keys are all commented out, is one of defaults.
        optional = {name for name in self._sections() if not self.kind.model_fields[name].is_required()}
        content = {key: value for key, value in content.items() if value is not None or key not in optional}
        try:
            return self.kind.model_validate(content)
        except ValidationError as error:
            problems = "\n".join(f"  - {line}" for line in self._problems(error))
            raise ConfigError(f"the configuration {name} is not valid:\n{problems}") from None

    def content(self, config: str | Path) -> dict[str, Any]:
        """The keys of a configuration file, or of a shipped one, as they are written.

        Raises:
            ConfigError: The file can't be read or is no mapping.
        """
        if str(config) in self.shipped:
            content, name = self.shipped[str(config)].read_bytes(), str(config)
        else:
            path = self._file(config)
            content, name = read_bytes(path, ConfigError), str(path)
        try:
            value = load_yaml(content.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ConfigError(f"{name}: not UTF-8 at byte {error.start}") from None
        except ValueError as error:
            raise ConfigError(f"{name}: broken YAML ({error})") from None
        if not isinstance(value, dict):
            raise ConfigError(f"{name}: a configuration is a mapping of {', '.join(self.kind.model_fields)}")
        return value

    def _file(self, config: str | Path) -> Path:
        path = user_path(config, ConfigError)
        if not path.is_file():
            near = nearest(str(config), self.shipped)
            hint = f"; did you mean {near}?" if near else "."
            what = f"{path} is a folder, no configuration file" if path.is_dir() else f"no configuration file {path}"
            shipped = f" Recipes that come with the package: {', '.join(self.shipped)}" if self.shipped else ""
            raise ConfigError(f"{what}{hint}{shipped}")
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{path}: {path.stat().st_size:,} bytes are no configuration; at most {_LARGEST:,}")
        return path

    def _apply(self, content: dict[str, Any], change: str) -> None:
        """Set one "a.b=value" in `content`."""
        key, equals, text = change.partition("=")
        shown = f"{change!r:.100}"
        if not equals or not all(word.strip() for word in key.split(".")):
            raise ConfigError(f"{shown}: a change is written section.key=value, e.g. {self.example}")
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

    def _problems(self, error: ValidationError) -> Iterator[str]:
        for problem in error.errors(include_url=False):
            place = [str(part) for part in problem["loc"]]
            key = ".".join(place)
            if problem["type"] == "extra_forbidden":
                near = self._near_keys(place)
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

    def _near_keys(self, place: Sequence[str]) -> list[str]:
        """Known keys that an unknown one may stand for: of this name elsewhere, or of a similar one here or elsewhere."""
        *section, word = place
        for name, entry in self.entries.items():
            parts = name.split(".")
            if section[: len(parts)] == parts and (near := nearest(word, entry.model_fields, 0.5)):
                return [".".join((*section, near))]
        by_word: dict[str, list[str]] = {}
        for key in self.key_names():
            by_word.setdefault(key.rpartition(".")[2], []).append(key)
        if word in by_word:
            return by_word[word]
        if elsewhere := [key for key, names in self.elsewhere.items() if word in names]:
            return elsewhere
        here = {key.rpartition(".")[2]: [key] for key in self.key_names() if key.rpartition(".")[0] == ".".join(section)}
        for keys, cutoff in ((here, 0.6), (by_word, 0.6), (here, 0.5), (by_word, 0.5)):
            near = nearest(word, keys, cutoff)
            if near:
                return keys[near]
        return []

    def _sections(self) -> dict[str, type[Section]]:
        return {name: section for name, info in self.kind.model_fields.items() if (section := _section(info.annotation))}

    def key_names(self) -> Iterator[str]:
        """All keys, e.g. "data" and "data.source"."""
        sections = self._sections()
        for name in self.kind.model_fields:
            yield name
            yield from (f"{name}.{inner}" for inner in (sections[name].model_fields if name in sections else ()))


def _section(annotation: Any) -> type[Section] | None:
    """The section that a field holds, where it holds one (or None)."""
    kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
    return next((kind for kind in kinds if issubclass(kind, Section)), None)


def _require_unicode(value: Any, key: str, name: str | Path) -> None:
    """Refuse texts that can't be written again: words of the command line that aren't UTF-8, escaped halves of characters."""
    if isinstance(value, str) and _surrogates(value):
        raise ConfigError(
            f"the configuration {name} is not valid:\n  - {key or 'a key'}: {_short(value)} is not UTF-8; rename it"
        )
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for inner, one in entries:
        _require_unicode(one, f"{key}.{_short(inner).strip(chr(39))}".lstrip("."), name)


def _surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
