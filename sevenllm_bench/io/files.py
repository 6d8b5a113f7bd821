"""Paths and files that a user names: every failure is a `SEvenLLMError`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import SEvenLLMError

CACHE_VARIABLE = "SEVENLLM_CACHE_DIR"

#: No file that is read as a whole is larger; a device that never ends is.
MOST_BYTES = 1 << 30


def cache_folder() -> Path:
    """Where this package keeps what it can compute or ask for again: SEVENLLM_CACHE_DIR, or ~/.cache/sevenllm-bench."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/sevenllm-bench").expanduser()


def user_path(value: Any, error: type[SEvenLLMError]) -> Path:
    """The path that a user gave, "~" expanded.

    Args:
        value: What was given; not necessarily a string.
        error: The kind of error to raise.

    Raises:
        SEvenLLMError: Of the kind `error`: it is empty, can't be a path, or names a home folder that doesn't exist.
    """
    text = str(value)
    if not text.strip():
        raise error("an empty path was given")
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as problem:
        raise error(f"{text[:200]}: not a usable path ({getattr(problem, 'strerror', None) or problem})") from None
    return path


def is_folder(name: str | Path) -> bool:
    """Whether there is a folder of that name; False too for what can't be a path or can't be looked at."""
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False


def read_bytes(path: Path, error: type[SEvenLLMError]) -> bytes:
    """The bytes of a file.

    Raises:
        SEvenLLMError: Of the kind `error`: it can't be read, with the system's reason; or it is larger than `MOST_BYTES`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise error(f"{path}: can't be read ({problem.strerror or problem})") from None
    if len(content) > MOST_BYTES:
        raise error(f"{path}: more than {MOST_BYTES:,} bytes; not a file of this format")
    return content
