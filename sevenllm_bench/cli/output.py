"""Files that a command writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError


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
