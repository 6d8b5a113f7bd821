"""The tokenizer of a checkpoint alone, whatever its kind."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from sevenllm_bench.encoders.checkpoint_files import checkpoint_folder
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.hub_access import token_from_environment
from sevenllm_bench.io.secrets import short_message
from sevenllm_bench.text.unicode import encodable


def load_tokenizer(choice: EncoderChoice) -> Any:
    """The tokenizer of a checkpoint, with character offsets.

    Raises:
        ConfigError: It can't be loaded, or gives no offsets.
    """
    import transformers

    folder = _tokenizer_folder(checkpoint_folder(choice))
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
    except Exception as error:  # the library raises whatever its parts raise
        reason = short_message(str(error) or type(error).__name__, token_from_environment())
        raise ConfigError(f"the encoder {choice.label}: its tokenizer can't be loaded ({reason})") from None
    if not tokenizer.is_fast:
        raise ConfigError(f"the encoder {choice.label}: its tokenizer gives no character offsets; save it with tokenizer.json")
    return tokenizer


def token_spans(tokenizer: Any, text: str) -> list[tuple[int, int, int]]:
    """Number, start and end (in characters) of each token of a text, without special ones."""
    found = tokenizer(encodable(text), add_special_tokens=False, truncation=False, verbose=False, return_offsets_mapping=True)
    return [(number, start, end) for number, (start, end) in zip(found["input_ids"], found["offset_mapping"], strict=True)]


def _tokenizer_folder(folder: Path) -> Path:
    """Where a sentence-transformers model keeps its tokenizer: beside its first module."""
    try:
        place = PurePosixPath(json.loads((folder / "modules.json").read_bytes())[0]["path"])
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return folder
    is_inside = not place.is_absolute() and ".." not in place.parts
    return folder / place if is_inside and (folder / place).is_dir() else folder
