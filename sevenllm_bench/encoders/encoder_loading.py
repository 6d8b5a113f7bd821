"""Loads encoders by the classes of transformers and sentence-transformers; whatever these raise becomes one message."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sevenllm_bench.encoders.checkpoint_files import checkpoint_folder
from sevenllm_bench.encoders.checkpoint_kind import check_modules
from sevenllm_bench.encoders.encoder_choice import LONG_TEXTS, EncoderChoice, EncoderKind
from sevenllm_bench.encoders.model_identity import model_identity
from sevenllm_bench.encoders.text_windows import OVERLAP
from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.io.hub_access import token_from_environment
from sevenllm_bench.io.secrets import short_message

if TYPE_CHECKING:
    import torch

INSTALL_LINE = 'pip install "sevenllm-bench[encoders]"'
#: Tokens that a model reads which says nothing of it.
_USUAL_LIMIT = 512
#: Tokenizers say that they have no limit by a number beyond this one.
_NO_LIMIT = 1 << 24
#: Families whose positions begin after the padding token's number, so that they read that many tokens less.
_OFFSET_FAMILIES = ("roberta", "camembert", "longformer", "data2vec-text", "esm", "mpnet")


@dataclass(slots=True)
class LoadedModel:
    """A model of transformers, ready to read.

    Attributes:
        model: The model, in evaluation mode, on its device.
        tokenizer: Its tokenizer, which gives character offsets.
        limit: Tokens that it reads, special ones included.
        device: Where it is.
    """

    model: Any
    tokenizer: Any
    limit: int
    device: torch.device

    @property
    def room(self) -> int:
        """Tokens of a text that it reads, special ones not included."""
        return max(1, self.limit - int(self.tokenizer.num_special_tokens_to_add(pair=False)))


def check_choice(choice: EncoderChoice) -> None:
    """Refuse options that can't be followed, and a machine without the libraries.

    Raises:
        ConfigError: An option has an impossible value, or the extra is not installed.
    """
    if choice.long_texts not in LONG_TEXTS:
        raise ConfigError(unknown_name("treatment of long texts", str(choice.long_texts), LONG_TEXTS))
    if isinstance(choice.batch_size, bool) or not isinstance(choice.batch_size, int) or choice.batch_size < 1:
        raise ConfigError(f"batch_size={choice.batch_size}: a whole number from 1 on is needed")
    missing = [name for name in ("torch", "transformers", "sentence_transformers") if find_spec(name) is None]
    if missing:
        raise ConfigError(f"encoders need {', '.join(missing)}: {INSTALL_LINE}")


def device_of(choice: EncoderChoice) -> torch.device:
    """The device that a choice names; without a name a GPU where there is one.

    Raises:
        ConfigError: There is no such device on this machine.
    """
    import torch

    name = choice.device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, ValueError, TypeError, NotImplementedError):  # by kind of device
        raise ConfigError(
            f"device={name}: torch finds no such device on this machine; use device=cpu, or cuda on a GPU"
        ) from None
    return device


def load_model(choice: EncoderChoice, head: str) -> LoadedModel:
    """A model with a head, from a complete checkpoint.

    Args:
        choice: Which checkpoint.
        head: What follows "AutoModelFor" in the name of the class: "MaskedLM", "TokenClassification", ….

    Raises:
        ConfigError: It can't be loaded, its weights are incomplete or not numbers, or its tokenizer gives no offsets.
    """
    check_choice(choice)
    import transformers

    device, folder = device_of(choice), str(checkpoint_folder(choice))
    with _one_message(choice), _without_report() as report:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        model, loaded = getattr(transformers, f"AutoModelFor{head}").from_pretrained(folder, output_loading_info=True)
        model = model.to(device).eval()
    report.extend(str(key) for key in loaded["missing_keys"])
    report.extend(str(key[0] if isinstance(key, tuple) else key) for key in loaded["mismatched_keys"])
    _require_weights(choice, model, report)
    check_tokenizer(choice, tokenizer)
    return LoadedModel(model, tokenizer, limit_of(tokenizer, model.config), device)


def load_sentence_model(choice: EncoderChoice, family: str) -> Any:
    """A model of sentence-transformers.

    Args:
        choice: Which checkpoint.
        family: "SentenceTransformer" or "CrossEncoder".

    Raises:
        ConfigError: It can't be loaded, its weights are incomplete or not numbers, or it needs code of its own.
    """
    check_choice(choice)
    check_modules(choice)
    import sentence_transformers

    device, folder = device_of(choice), str(checkpoint_folder(choice))
    with _one_message(choice), _without_report() as report:
        model = getattr(sentence_transformers, family)(folder, device=str(device)).eval()
    if family == "SentenceTransformer":  # a pooler is a part of some models' classes that pooling doesn't read
        report = [line for line in report if "pooler" not in line]
    _require_weights(choice, model, report)
    return model


def check_tokenizer(choice: EncoderChoice, tokenizer: Any) -> None:
    """Refuse a tokenizer that doesn't say where its tokens are in the text.

    Raises:
        ConfigError: It doesn't.
    """
    if not getattr(tokenizer, "is_fast", hasattr(tokenizer, "encode_batch")):
        raise ConfigError(f"the encoder {choice.label}: its tokenizer gives no character offsets; save it with tokenizer.json")


def limit_of(tokenizer: Any, config: Any) -> int:
    """Tokens that a model reads, from its tokenizer and its configuration; 512 where neither says."""
    config = config.get_text_config() if hasattr(config, "get_text_config") else config
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and any(name in str(getattr(config, "model_type", "")) for name in _OFFSET_FAMILIES):
        positions -= int(getattr(config, "pad_token_id", None) or 0) + 1
    known = [getattr(tokenizer, "model_max_length", None), positions]
    return int(min((size for size in known if isinstance(size, (int, float)) and 2 < size < _NO_LIMIT), default=_USUAL_LIMIT))


def described(choice: EncoderChoice, kind: EncoderKind, limit: int | None, dtype: str, **further: Any) -> dict[str, Any]:
    """What identifies an encoder's answers, for signatures.

    Args:
        choice: The encoder and how it is used.
        kind: What it is.
        limit: Tokens that it reads; None where it has no limit.
        dtype: Precision of its weights.
        **further: What its kind adds; None is left out.
    """
    from importlib.metadata import version

    libraries = ("sentence-transformers", "transformers", "torch")
    return {
        "kind": kind,
        "model": choice.name,
        "revision": choice.revision,
        "identity": model_identity(choice.name, choice.revision),
        "max_tokens": limit,
        "dtype": dtype,
        "long_texts": choice.long_texts,
        "window_overlap": OVERLAP,
        **{name: value for name, value in further.items() if value is not None},
        **{name.replace("-", "_"): version(name) for name in libraries},
    }


def parameters_of(model: Any) -> int:
    """How many parameters a model has, shared ones once."""
    return sum(parameter.numel() for parameter in model.parameters())


def _require_weights(choice: EncoderChoice, model: Any, missing: list[str]) -> None:
    import torch

    missing = sorted(set(missing))
    if missing:
        listed = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        raise ConfigError(
            f"the encoder {choice.label}: its files lack {len(missing)} weights ({listed}), which would start at random; name a "
            "complete checkpoint of this kind"
        )
    if not all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters()):
        raise ConfigError(f"the encoder {choice.label} has weights that are not numbers: they are damaged; download it again")


@contextmanager
def _one_message(choice: EncoderChoice) -> Iterator[None]:
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:  # the libraries raise whatever their parts raise
        reason = short_message(str(error) or type(error).__name__, token_from_environment())
        if "trust_remote_code" in str(error):
            reason = "it needs code of its own, which is not run here"
        elif type(error).__name__ == "SafetensorError":
            reason = f"its weights are cut off or damaged: {reason}"
        raise ConfigError(f"the encoder {choice.label} can't be loaded ({reason})") from None


class _Report(logging.Handler):
    """Collects the keys that transformers' table of loading calls missing or of another shape."""

    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        for line in record.getMessage().splitlines():
            key, _, status = line.partition("|")
            if status.strip().startswith(("MISSING", "MISMATCH")):
                self._found.append(key.strip())


@contextmanager
def _without_report() -> Iterator[list[str]]:
    """The keys that weights are missing for, in place of the table that transformers prints of them."""
    from transformers.utils import logging as transformers_logging

    found: list[str] = []
    # The second one lists layers that are not sharded, also where nothing is.
    loggers = [logging.getLogger(f"transformers.{name}") for name in ("modeling_utils", "distributed.tensor_parallel")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    report = _Report(found)
    has_bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    for logger in loggers:
        logger.addHandler(report)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
    try:
        yield found
    finally:
        for logger, (level, propagates) in zip(loggers, before, strict=True):
            logger.removeHandler(report)
            logger.setLevel(level)
            logger.propagate = propagates
        if has_bars:
            transformers_logging.enable_progress_bar()
