"""Files that a command writes."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sevenllm_bench.data.official import DATA_DIR_VARIABLE
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import write_bytes

#: Names of lm-eval's files, and of the official data.
_INPUT = re.compile(r"samples_.*\.jsonl|results_.*\d{4}-\d\d-\d\dT[\d.-]+\.json|test\.jsonl")
#: "-" as a file's name: standard output.
STANDARD_OUTPUT = "-"


def check_outputs(outputs: Mapping[str, str | None], inputs: Iterable[str | Path | None]) -> None:
    """Refuse to write over what a command reads, or two things into one file. Before anything is computed.

    Args:
        outputs: Option, e.g. "--json", to the file that it names, if it was given.
        inputs: Files and folders that the command reads.

    Raises:
        ConfigError: An output is a folder, an input, or a file of results, samples or answers in (or beside) one; or two
            options name the same file. Other files in a folder, such as an earlier output, are written over.
    """
    read = [_resolved(name) for name in (*inputs, os.environ.get(DATA_DIR_VARIABLE)) if name]
    taken: dict[Path, str] = {}
    for option, name in outputs.items():
        if not name or name == STANDARD_OUTPUT:
            continue
        path = _resolved(name)
        if path.is_dir():
            raise ConfigError(f"{option} {name}: that is a folder; name a file in it")
        if any(_is_among(path, source) for source in read):
            raise ConfigError(f"{option} {name}: that file is among what is read; name another one")
        if path in taken and (path.is_file() or not path.exists()):  # several may write to a device or a pipe
            raise ConfigError(f"{option} {name}: {taken[path]} names that file too")
        taken[path] = option


def _resolved(name: str | Path) -> Path:
    """The file itself, links followed; what is no path stays as it is, and is refused where it is opened."""
    try:
        return Path(name).expanduser().resolve()
    except (OSError, RuntimeError, ValueError):
        return Path(name)


def _is_among(path: Path, source: Path) -> bool:
    """Whether a file is an input, or has the name of one in a folder of inputs or beside an input."""
    try:
        is_same = path == source or (path.is_file() and source.is_file() and path.samefile(source))
    except (OSError, ValueError):
        return False
    return is_same or ((source in path.parents or source.parent == path.parent) and bool(_INPUT.fullmatch(path.name)))


def write_text(option: str, path: str, text: str) -> None:
    """Write a file that an option names, and say so.

    Raises:
        ConfigError: It can't be written; the option is named.
    """
    content = text.encode("utf-8", "backslashreplace")  # names of files may hold what UTF-8 can't
    try:
        write_bytes(path, content)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{option} {path}: can't be written ({getattr(error, 'strerror', None) or error})") from None
    print(f"written: {path}")


def json_text(content: Any, ascii_only: bool = False) -> str:
    """JSON as our commands write it."""
    return json.dumps(content, ensure_ascii=ascii_only, indent=1, allow_nan=False) + "\n"


def print_json(content: Any) -> None:
    """Print JSON, with escapes where the terminal or pipe isn't UTF-8."""
    encoding = (sys.stdout.encoding or "utf-8").lower().replace("-", "")
    sys.stdout.write(json_text(content, ascii_only=encoding != "utf8"))
