"""What makes two runs the same: what has a bearing on the weights, and nothing else."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoding.dataset import Prepared
from sevenllm_bench.finetune.processes import process_count
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.io.files import is_folder, user_path

if TYPE_CHECKING:
    from datasets import Dataset

#: Keys that may differ between a run and its resumption, and why.
IGNORED = {
    "output": "where it is written",
    "resume": "how it is started",
    "training.log_every": "what is shown",
    "training.report_to": "what is shown",
    "training.save_every": "when it can be resumed from",
    "training.keep_checkpoints": "what it can be resumed from",
    "evaluation.batch_size": "the held-out loss is a mean over tokens, whatever the batches",
    "data.data_dir": "the place of a file whose hash decides",
    "data.allow_modified": "what is allowed; the rows decide",
    "data.source": "the place of the rows: the encoded rows decide",
    "data.sources": "the place of the rows, and their shares: the encoded rows decide",
    "model.base": "the place of the weights: they decide",
    "model.revision": "a name of the commit, which decides",
    "model.adapter": "the place of the adapters to begin with: they decide",
    "model.allow_other_weights": "what is allowed; the weights decide",
    "model.attention": "as resolved for the device",
    "model.weights": "as resolved for the device",
    "training.device": "as resolved",
    "training.precision": "as resolved for the device",
    "training.deepspeed": "the place of a file: what is in it decides",
}
_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate")
#: Bytes at the beginning, in the middle and at the end of a large file that are looked at.
_SAMPLE = 1 << 20


def identity(config: FinetuneConfig, runtime: Runtime, prepared: Prepared) -> dict[str, Any]:
    """What must be equal for a run to be resumed, JSON-able, by the names of the configuration's keys.

    Args:
        config: The run, its base pinned to a commit.
        runtime: What it is computed on.
        prepared: The encoded rows.
    """
    computed = {"device": runtime.device, "precision": runtime.precision}
    return {
        **_settings(config),
        **{f"training.{name}": value for name, value in computed.items()},
        "model.weights": runtime.weights,
        "model.attention": runtime.attention,
        "model.base": _weights(config),
        "model.adapter": _adapter(config.model.adapter),
        "training.deepspeed": _file(config.training.deepspeed),
        "training rows, encoded": content_hash(prepared.training),
        "held-out rows, encoded": content_hash(prepared.held_out) if prepared.held_out is not None else None,
        "processes": process_count(),
        **{f"version of {name}": version(name) for name in _PACKAGES},
    }


def _settings(config: FinetuneConfig) -> dict[str, Any]:
    """The configuration without what is ignored, as one level of keys."""
    keys: dict[str, Any] = {}
    for section, values in config.model_dump(mode="json").items():
        keys |= {f"{section}.{key}": value for key, value in values.items()} if isinstance(values, dict) else {section: values}
    return {key: value for key, value in keys.items() if key not in IGNORED}


def _weights(config: FinetuneConfig) -> str:
    """The base model by its content: a hash of its files, or the Hub's commit."""
    location = config.model.location
    if is_folder(location):
        return f"files with the hash {folder_hash(Path(location))}"
    return f"{location} at commit {config.model.revision}"


def _adapter(folder: str | None) -> str | None:
    return None if folder is None else f"files with the hash {folder_hash(user_path(folder, ConfigError))}"


def _file(name: str | None) -> str | None:
    return None if name is None else f"a file with the hash {_hash_of_file(user_path(name, ConfigError)).hexdigest()[:16]}"


def folder_hash(folder: Path) -> str:
    """First 16 hex digits of a hash of the files of a model: their names, sizes and contents, large ones' by samples.

    Weights that were trained further differ in every part, so three samples tell them apart in no time.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
        digest.update(path.name.encode("utf-8", "replace") + b"\0" + _hash_of_file(path).digest())
    return digest.hexdigest()[:16]


def _hash_of_file(path: Path) -> Any:
    try:
        size = path.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        with path.open("rb") as file:
            for start in (0, size // 2, size - _SAMPLE) if size > 3 * _SAMPLE else (0,):
                file.seek(start)
                digest.update(file.read(_SAMPLE if size > 3 * _SAMPLE else -1))
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror or error})") from None
    return digest


def content_hash(dataset: Dataset) -> str:
    """First 16 hex digits of a hash of encoded rows: their token ids and labels, in order."""
    import pyarrow.compute as pc

    digest = hashlib.sha256()
    # In batches, since rows that come again are references to the same table.
    for batch in dataset.select_columns(["input_ids", "labels"]).with_format("arrow").iter(1000):
        for column in batch.columns:
            values = column.combine_chunks()
            digest.update(pc.list_value_length(values).to_numpy(zero_copy_only=False).tobytes())
            digest.update(pc.list_flatten(values).to_numpy(zero_copy_only=False).tobytes())
    return digest.hexdigest()[:16]
