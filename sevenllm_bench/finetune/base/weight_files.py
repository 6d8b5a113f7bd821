"""Files of weights on this machine: that they are all there, and whole, before anything is loaded."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from sevenllm_bench.errors import ConfigError

#: As transformers looks for them.
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_SINGLE = ("model.safetensors", "pytorch_model.bin")


def check_weight_files(name: str, folder: Path) -> None:
    """That a folder's files of weights are there and not cut off. Reads headers only.

    A folder without any, which is enough for a dry run, passes: loading it says so.

    Args:
        name: The model, as it was given.
        folder: In the save_pretrained layout.

    Raises:
        ConfigError: One that an index names is missing, or one is damaged.
    """
    for file in _files(name, folder):
        problem = _problem(file)
        if problem:
            raise ConfigError(f"model.base={name}: {file.name} {problem}; download or copy it again")


def _files(name: str, folder: Path) -> Iterator[Path]:
    """The files that transformers would load: a single one before an index, safetensors before pickles."""
    for single, index in zip(_SINGLE, _INDEXES, strict=True):
        if (folder / single).exists():
            yield folder / single
            return
        if (folder / index).exists():
            yield from (folder / shard for shard in _shards(name, folder / index))
            return


def _shards(name: str, index: Path) -> list[str]:
    try:
        files = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return sorted(str(file) for file in files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f"model.base={name}: {index.name} is no index of weights") from None


def _problem(file: Path) -> str | None:
    """What is wrong with a file; None where nothing is, as far as its header says."""
    from safetensors import SafetensorError, safe_open

    if not file.is_file():
        return "is missing"
    with file.open("rb") as opened:
        if opened.read(24).startswith(b"version https://git-lfs"):
            return "is a pointer of Git LFS, not the weights"
        opened.seek(0)
        is_archive = opened.read(2) == b"PK"
    if file.suffix != ".safetensors":  # a pickle; those of PyTorch are zip archives, which end with their table of contents
        return "is cut off" if is_archive and not zipfile.is_zipfile(file) else None
    try:
        with safe_open(file, framework="pt"):
            return None
    except (SafetensorError, OSError) as error:
        return f"is cut off or damaged ({error})"
