"""Files that a command writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError

#: "-" as a file's name: standard output.
STANDARD_OUTPUT = "-"


def check_outputs(outputs: Mapping[str, str | None], inputs: Iterable[str | Path | None]) -> None:
    """Refuse to write over what a command reads, or two things into one file. Before anything is computed.

    Args:
        outputs: Option, e.g. "--json", to the file that it names, if it was given.
        inputs: Files and folders that the command reads.

    Raises:
        ConfigError: An output is an input, or a file of results, samples or answers in (or beside) one; or two options name
            the same file. Other files in a folder, an earlier output say, are written over.
    """
    read = [path for name in inputs if name and (path := _resolved(Path(name)))]
    taken: dict[Path, str] = {}
    for option, name in outputs.items():
        path = _resolved(Path(name)) if name and name != STANDARD_OUTPUT else None
        if path is None:
            continue
        # Devices and pipes are left alone: several may write to them.
        if path.is_file() and any(_belongs(path, source) for source in read):
            raise ConfigError(f"{option} {name}: that file is among what is read; name another one")
        if path in taken and (path.is_file() or not path.exists()):
            raise ConfigError(f"{option} {name}: {taken[path]} names that file too")
        taken[path] = option


def _resolved(path: Path) -> Path | None:
    """The file itself, links followed; None for what is no path, which is said where it is opened."""
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        return None


def _belongs(path: Path, source: Path) -> bool:
    """Whether a file is an input, or looks like one in a folder of inputs or beside a results file."""
    within = source in path.parents or (source.suffix == ".json" and path.parent == source.parent)
    return path == source or (within and (path.name.startswith("results") or path.suffix == ".jsonl"))


def write_text(option: str, path: str, text: str) -> None:
    """Write a file that an option names, and say so.

    Raises:
        ConfigError: It can't be written; the option is named.
    """
    try:
        Path(path).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{option} {path}: can't be written ({getattr(error, 'strerror', None) or error})") from None
    print(f"written: {path}")


def json_text(content: Any) -> str:
    """JSON as our commands write it."""
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
