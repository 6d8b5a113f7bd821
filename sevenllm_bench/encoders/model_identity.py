"""Which weights a model has: a folder of the same name, or a branch on the Hub, may hold others tomorrow."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from sevenllm_bench.io.files import is_folder

#: A model card changes no vector.
_NO_PART = ".md"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_BLOCK = 1 << 20


def model_identity(name: str, revision: str | None = None) -> str | None:
    """What tells a model's weights, configuration and tokenizer from any others.

    Args:
        name: Local folder or Hub id, on this machine.
        revision: Commit, branch or tag on the Hub; None for a folder or the newest.

    Returns:
        A digest of the contents of a folder's files; for a Hub id, name and commit. None where it can't be known.
    """
    if is_folder(name):
        try:
            return f"sha256:{_digest(Path(name))}"
        except OSError:
            return None
    commit = revision if revision and _COMMIT.fullmatch(revision) else _commit(name, revision)
    return f"{name}@{commit}" if commit else None


def _commit(name: str, revision: str | None) -> str | None:
    """The commit that a branch or tag stands for in the Hub's cache on this machine."""
    from huggingface_hub import snapshot_download

    repository = name if "/" in name else f"sentence-transformers/{name}"  # as sentence-transformers reads a short name
    try:
        found = Path(snapshot_download(repository, revision=revision, local_files_only=True)).name
    except (OSError, ValueError):
        return None
    return found if _COMMIT.fullmatch(found) else None


def _digest(folder: Path) -> str:
    """Of names and contents; with those of the base model where the folder holds adapters for one in another folder."""
    files = sorted((place, _content(file)) for place, file in [*_files(folder), *_base_files(folder)])
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Regular files and their places in the folder, without hidden ones; links are followed, a circle of them once.

    Loaders follow them too: in the Hub's cache, every file of a snapshot is a link.
    """
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = () if real in seen else [name for name in folders if not name.startswith(".")]
        seen.add(real)
        for file in (Path(place, name) for name in names if not name.startswith(".")):
            if file.suffix != _NO_PART and file.is_file():
                yield str(file.relative_to(folder)), file


def _base_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for config in folder.rglob("adapter_config.json"):
        try:
            base = Path(json.loads(config.read_bytes())["base_model_name_or_path"])
        except (ValueError, TypeError, LookupError, RecursionError):
            continue
        if is_folder(base):
            yield from ((f"base/{place}", file) for place, file in _files(base))


def _content(file: Path) -> str:
    """The file's digest; read again when it was written or exchanged: the last of its times can't be set by hand."""
    state = file.stat()
    return _sha256(file.resolve(), (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))


@functools.lru_cache(maxsize=1_000)
def _sha256(file: Path, state: tuple[int, ...]) -> str:
    found = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
