"""The files of a checkpoint: a local folder, or what of a repository on the Hub an encoder needs, at one commit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import is_folder
from sevenllm_bench.io.hub_access import token_from_environment
from sevenllm_bench.io.secrets import quieten, short_message

if TYPE_CHECKING:
    from sevenllm_bench.encoders.encoder_choice import EncoderChoice

#: What tells the kind of a checkpoint; a few kilobytes.
_CONFIGURATION = ("*.json",)
#: What loading needs besides; no Python files, which are never run here.
_NEEDED = (*_CONFIGURATION, "*.safetensors", "*.txt", "*.model", "*.bpe", "*.tiktoken")
_PICKLED = ("*.bin",)
_OTHER_FORMATS = ("onnx/*", "openvino/*", "*.onnx", "coreml/*", "*.h5", "checkpoint-*/*", "runs/*")
_LARGEST_JSON = 32 << 20

_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
    "whitespacetokenizer_config.json",
)
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


def checkpoint_folder(choice: EncoderChoice, weights: bool = True) -> Path:
    """The folder that holds a checkpoint; files of the Hub are downloaded where they aren't on this machine.

    Args:
        choice: Which checkpoint.
        weights: Whether its weights and tokenizer are needed, or only its configuration.

    Raises:
        ConfigError: There is no such folder or repository, the Hub can't be reached, or files are missing.
    """
    if choice.name.strip() and is_folder(choice.name):
        folder = Path(choice.name)
    else:
        folder = _from_hub(choice, _NEEDED if weights else _CONFIGURATION)
        if weights and not _has(folder, ("*.safetensors",)):
            folder = _from_hub(choice, (*_NEEDED, *_PICKLED))
    if weights:
        _require(choice, folder, _WEIGHTS, "weights (*.safetensors or pytorch_model*.bin)")
        _require(choice, folder, _TOKENIZERS, "tokenizer (tokenizer.json, vocab.txt, …)")
    return folder


def json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; an empty one where there is no such file.

    Raises:
        ConfigError: The file holds something else.
    """
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise ValueError("it is too large")
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path}: can't be read ({' '.join(str(error).split())[:200]}); restore the checkpoint's file"
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: not a JSON object; restore the checkpoint's file")
    return content


def _from_hub(choice: EncoderChoice, patterns: tuple[str, ...]) -> Path:
    from huggingface_hub import snapshot_download

    _require_hub_name(choice)
    quieten()
    try:
        found = snapshot_download(
            choice.name, revision=choice.revision, allow_patterns=list(patterns), ignore_patterns=list(_OTHER_FORMATS)
        )
    except Exception as error:  # by version of huggingface_hub: of requests, httpx or its own
        raise ConfigError(_refusal(choice, error)) from None
    return Path(found)


def _require_hub_name(choice: EncoderChoice) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(choice.name)
    except HFValidationError:
        raise ConfigError(f"the encoder {choice.name[:200]!r}: no such folder, and not the name of a model on the Hub") from None


def _refusal(choice: EncoderChoice, error: Exception) -> str:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "GatedRepoError" in kinds:
        why = "its owner grants access on request: ask on its page, and set HF_TOKEN"
    elif "RevisionNotFoundError" in kinds:
        why = f"it has no revision {choice.revision}"
    elif "RepositoryNotFoundError" in kinds:
        why = "there is no such folder, and no such model on the Hub that this access token may read"
    elif "LocalEntryNotFoundError" in kinds or isinstance(error, OSError):
        why = "it is not on this machine, and the Hub can't be reached; download it once with the network, or name a local folder"
    else:
        why = short_message(str(error), token_from_environment())
    return f"the encoder {choice.label}: {why}"


def _require(choice: EncoderChoice, folder: Path, patterns: tuple[str, ...], what: str) -> None:
    if not _has(folder, patterns):
        raise ConfigError(f"the encoder {choice.label}: the checkpoint has no {what}; name one that is complete")


def _has(folder: Path, patterns: tuple[str, ...]) -> bool:
    """Whether the folder, or one of a module in it, holds such a file."""
    return any(found.is_file() for pattern in patterns for place in (pattern, f"*/{pattern}") for found in folder.glob(place))
