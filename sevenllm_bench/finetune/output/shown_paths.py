"""Paths as a model card shows them: cards are published, and folders of one machine are of no use elsewhere."""

from __future__ import annotations

import re
from typing import Any


def without_folders(value: Any) -> Any:
    """A value of the configuration, of each path only its last part.

    Args:
        value: A JSON value; it is not changed.
    """
    if isinstance(value, dict):
        return {key: without_folders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_folders(item) for item in value]
    is_path = isinstance(value, str) and (value.startswith(("/", "~", "./", "../")) or ":\\" in value)
    return re.split(r"[/\\]", value.rstrip("/\\"))[-1] if is_path else value
