"""What no run says of a model: size, licence, languages, base or tuned; from a file that the leaderboard's keeper writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import read_bytes, user_path
from sevenllm_bench.io.yaml12 import load_yaml
from sevenllm_bench.pages.leaderboard.entry import Entry, Facts, size_in_name
from sevenllm_bench.submission.verify.findings import some
from sevenllm_bench.text.display import printable
from sevenllm_bench.text.visible_names import appearance

_LARGEST = 2_000_000
_KEYS = ("parameters", "licence", "languages", "tuning", "encoder")


def read_facts(path: str | Path) -> dict[str, Facts]:
    """Model name (case folded) to facts.

    Args:
        path: JSON where its name ends in ".json", else YAML: an object from the model's name to `parameters` (billions),
            `licence`, `languages` (a list), `tuning` ("base" or "tuned") and `encoder` (true or false), each of which may be
            left out.

    Raises:
        ConfigError: The file can't be read, or a value is none of these; the model is named.
    """
    file = user_path(path, ConfigError)
    form, load = ("JSON", _load_json) if file.suffix.lower() == ".json" else ("YAML", _load_yaml)
    written = read_bytes(file, ConfigError)
    if len(written) > _LARGEST:  # YAML is read slowly
        raise ConfigError(f"--models {file}: {len(written):,} bytes are no file of facts; at most {_LARGEST:,}")
    try:
        content = load(written.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"--models {file}: broken {form} ({str(error)[:200]})") from None
    if not isinstance(content, dict):
        raise ConfigError(f"--models {file}: an object from model names to facts was expected")
    found: dict[str, Facts] = {}
    for name, given in content.items():
        key, where = _key(str(name)), f"--models {file}: {printable(name, 100)}"
        if key in found:
            raise ConfigError(f"{where}: a name that differs from this one only in capitals, or looks like it, is there too")
        found[key] = _facts(given, where)
    return found


def _load_yaml(text: str) -> Any:
    """The value of a YAML text, of which JSON is a part that is read a hundred times as fast."""
    try:
        return _load_json(text) if text.lstrip()[:1] == "{" else load_yaml(text)
    except (ValueError, RecursionError):
        return load_yaml(text)


def _load_json(text: str) -> Any:
    """The value of a JSON text; ValueError also where a key comes twice, of which one would be lost silently."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)[:100]!r} comes twice")
        return found

    return json.loads(text, object_pairs_hook=once)


def _facts(given: Any, where: str) -> Facts:
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: an object with keys among {', '.join(_KEYS)} was expected")
    unknown = [printable(key, 60) for key in given if key not in _KEYS]
    if unknown:
        raise ConfigError(f"{where}: unknown {some(unknown)}; known: {', '.join(_KEYS)}")
    parameters, languages, licence = given.get("parameters"), given.get("languages") or [], given.get("licence") or ""
    if parameters is not None and (
        isinstance(parameters, bool) or not isinstance(parameters, int | float) or not 0 < parameters < 1e5
    ):
        raise ConfigError(f"{where}: parameters must be a number of billions, found {printable(parameters, 60)}")
    if given.get("tuning") not in (None, "base", "tuned"):
        raise ConfigError(f"{where}: tuning must be base or tuned, found {printable(given['tuning'], 60)}")
    if not isinstance(languages, list) or not all(isinstance(language, str) for language in languages):
        raise ConfigError(f"{where}: languages must be a list of codes such as [en, zh]")
    if not isinstance(licence, str):
        raise ConfigError(f"{where}: licence must be a text such as apache-2.0, found {printable(licence, 60)}")
    if not isinstance(given.get("encoder"), bool | None):
        raise ConfigError(f"{where}: encoder must be true or false")
    return Facts(
        parameters=None if parameters is None else float(parameters),
        licence=licence,
        languages=tuple(languages),
        tuning=given.get("tuning") or "",
        encoder=given.get("encoder"),
    )


def unused_facts(known: Mapping[str, Facts], names: Iterable[str]) -> list[str]:
    """Names in the file of facts that no submission has, case folded: mostly a typo."""
    seen = {called for name in names for called in _called(name)}
    return [name for name in known if name not in seen]


def with_facts(entry: Entry, known: Mapping[str, Facts]) -> Entry:
    """The entry with what is known of its model; a size not given is taken from the name, and marked so."""
    facts = next((known[name] for name in _called(entry.name) if name in known), Facts())
    if facts.parameters is None and (size := size_in_name(_weights(entry.name))) is not None:
        facts = replace(facts, parameters=size, from_name=True)
    return replace(entry, facts=facts)


def _weights(name: str) -> str:
    """A model's name without what was done to it: "org/model" of "org/model (load_in_4bit=True)"."""
    return name.partition(" (")[0]


def _key(name: str) -> str:
    """A name under which facts are found: as it is seen, without capitals."""
    return appearance(name).casefold()


def _called(name: str) -> list[str]:
    """The names under which a file of facts may have a model, case folded, the most exact first."""
    whole = [name, _weights(name)]
    return [_key(called) for called in (*whole, *(part.rpartition("/")[2] for part in whole))]
