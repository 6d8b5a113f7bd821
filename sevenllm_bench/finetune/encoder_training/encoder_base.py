"""The base of an encoder run: opened, pinned, and refused where training it would make no sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base.model import LOADING, at_commit, is_adapter, load_config, without_loading_report
from sevenllm_bench.finetune.base.opened_base import known_positions
from sevenllm_bench.finetune.base.weight_files import check_weight_files
from sevenllm_bench.finetune.encoder_training.encoder_sections import EncoderConfig
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.model_sections import ModelSection
from sevenllm_bench.finetune.settings.step_section import StepSection
from sevenllm_bench.io.files import user_path

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

#: Class of transformers that loads the base of each kind.
_CLASSES = {
    "encoder-mlm": "AutoModelForMaskedLM",
    "bi-encoder": "AutoModel",
    "cross-encoder": "AutoModelForSequenceClassification",
    "ner": "AutoModelForTokenClassification",
    "code-classifier": "AutoModelForSequenceClassification",
}
#: Files of which one holds the tokenizer; transformers 5 makes an empty one where there is none.
_TOKENIZERS = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
_CAUSAL = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")


@dataclass(frozen=True, slots=True)
class EncoderBase:
    """The base, before its weights.

    Attributes:
        model: Where it is, pinned to the commit it resolves to on the Hub.
        config: Its configuration.
        tokenizer: Its tokenizer, which cuts at `max_length` of the run.
        has_modules: Whether it is a sentence-transformers model.
    """

    model: ModelSection
    config: PretrainedConfig
    tokenizer: PreTrainedTokenizerBase
    has_modules: bool

    @property
    def location(self) -> str:
        """A local folder's absolute path, or the Hub id."""
        return self.model.location

    @property
    def architecture(self) -> str:
        """Name of the class that its weights are of; empty where it says none."""
        return next(iter(getattr(self.config, "architectures", None) or ()), "")


def encoder_runtime(training: StepSection) -> Runtime:
    """What a run is computed on here; weights are held in fp32.

    Raises:
        ConfigError: CUDA is asked for and not available.
    """
    import torch

    available = torch.cuda.is_available()
    if training.device == "cuda" and not available:
        raise ConfigError("training.device=cuda: no CUDA device is available here; training.device=cpu runs without one")
    on_gpu = available and training.device != "cpu"
    default = "bf16" if on_gpu and torch.cuda.is_bf16_supported() else "fp32"
    precision = default if training.precision == "auto" else training.precision
    return Runtime("cuda" if on_gpu else "cpu", "bf16" if precision == "bf16" else "fp32", "fp32", "auto")


def open_encoder_base(config: EncoderConfig) -> EncoderBase:
    """Configuration and tokenizer of a run's base, before its weights.

    Raises:
        ConfigError: There is no such model, or the run can't go with it: it generates texts, has no head for masked words, is
            adapters, lacks its tokenizer or positions, or its files are damaged.
    """
    model = config.model.place
    where = f"model.base={model.base}"
    if user_path(model.base, ConfigError).is_file():
        raise ConfigError(f"{where}: that is a file; name its folder")
    if model.is_folder and model.revision:
        raise ConfigError(f"{where} is a folder, which has no revisions; leave out model.revision={model.revision}")
    if is_adapter(model.location, model.revision):
        raise ConfigError(f"{where}: these are adapters, no model. Merge them into their base first")
    model = at_commit(model)
    found = load_config(model)
    base = EncoderBase(model, found, _tokenizer(model), _has_modules(model))
    _check_kind(config.kind, where, base)
    _check_sizes(config, where, base)
    if model.is_folder:
        check_weight_files(model.base, Path(model.location))
    return base


def _has_modules(model: ModelSection) -> bool:
    from transformers.utils import cached_file

    try:
        return cached_file(model.location, "modules.json", revision=model.revision or "main") is not None
    except Exception:  # it has none; where the network is down, loading says it
        return False


def _tokenizer(model: ModelSection) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    where = f"model.base={model.base}"
    if model.is_folder and not any((Path(model.location) / name).is_file() for name in _TOKENIZERS):
        raise ConfigError(f"{where}: there is no tokenizer in it ({', '.join(_TOKENIZERS[:3])}, …); copy that of the model there")
    try:
        tokenizer = AutoTokenizer.from_pretrained(model.location, revision=model.revision or "main")
        tokenizer.encode("a text 文本")
    except Exception as error:  # the libraries raise whatever their parts raise
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConfigError(f"{where}: its tokenizer can't be loaded ({reason})") from None
    if tokenizer.pad_token_id is None:
        raise ConfigError(f"{where}: its tokenizer has no token to pad with; take an encoder's")
    return tokenizer


def _check_kind(kind: str, where: str, base: EncoderBase) -> None:
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    config, name = base.config, base.architecture
    generates = name.endswith(_CAUSAL) or getattr(config, "is_decoder", False) or getattr(config, "is_encoder_decoder", False)
    if generates or config.model_type not in MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        what = f"{name or config.model_type}, a generating model" if generates else f"{name or config.model_type}"
        raise ConfigError(
            f"{where}: {what}; kind {kind} trains encoders, such as ModernBERT. Recipes without the key kind tune causal models"
        )
    if kind == "encoder-mlm" and not name.endswith(("ForMaskedLM", "ForPreTraining")):
        raise ConfigError(
            f"{where}: {name or 'a model without a head'} has no head for masked words; name the masked language model"
        )
    if kind == "encoder-mlm" and base.tokenizer.mask_token_id is None:
        raise ConfigError(f"{where}: its tokenizer has no mask token")
    if kind == "bi-encoder" and name.endswith(("ForSequenceClassification", "ForTokenClassification")):
        raise ConfigError(f"{where}: {name} is a classifier; a bi-encoder starts from an encoder without a head, or a masked one")
    if type(config) not in getattr(transformers, _CLASSES[kind])._model_mapping:
        raise ConfigError(f"{where}: transformers has no {_CLASSES[kind]} of {config.model_type}")


def _check_sizes(config: EncoderConfig, where: str, base: EncoderBase) -> None:
    size = getattr(base.config, "vocab_size", None)
    largest = max(base.tokenizer.get_vocab().values(), default=0)
    if isinstance(size, int) and largest >= size:
        raise ConfigError(
            f"{where}: the tokenizer has tokens up to {largest:,}, the model {size:,} embeddings; take its own tokenizer"
        )
    limits = [known_positions(base.config), base.tokenizer.model_max_length]
    limit = min(value for value in limits if value is not None)
    if config.data.max_length > limit:
        raise ConfigError(
            f"data.max_length={config.data.max_length}: {config.model.base} reads {limit:,} tokens; set data.max_length={limit}"
        )


def load_with_head(kind: str, base: EncoderBase, seed: int, labels: tuple[str, ...] = ()) -> Any:
    """The model with the head of its kind, which is new where the base has no such head for these labels.

    Args:
        kind: Of the run.
        base: The opened base.
        seed: Of a new head.
        labels: Names of the classes of a classifier, in order.

    Raises:
        ConfigError: The weights can't be loaded, or lack parts of the encoder.
    """
    import torch
    import transformers

    arguments: dict[str, Any] = {}
    if labels:
        arguments = {"id2label": dict(enumerate(labels)), "label2id": {name: place for place, name in enumerate(labels)}}
        arguments["num_labels"] = len(labels)
    transformers.set_seed(seed)
    try:
        with without_loading_report():
            model, info = getattr(transformers, _CLASSES[kind]).from_pretrained(
                base.location, revision=base.model.revision or "main", dtype=torch.float32, **LOADING, **arguments
            )
    except Exception as error:  # the libraries raise whatever their parts raise
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConfigError(f"model.base={base.model.base}: can't be loaded ({reason})") from None
    _require_body(base, model, info, everything=kind == "encoder-mlm")
    return model


def _require_body(base: EncoderBase, model: Any, info: Mapping[str, Any], everything: bool) -> None:
    """That the files hold the encoder's weights, and with `everything` those of its head."""
    prefix = f"{model.base_model_prefix}."
    of_body = everything or not base.architecture
    missing = [name for name in info["missing_keys"] if everything or (name.startswith(prefix) and ".pooler." not in name)]
    other = [key for key, _, _ in info["mismatched_keys"] if of_body or str(key).startswith(prefix)]
    if missing or other:
        names = sorted(map(str, [*missing, *other]))
        raise ConfigError(
            f"model.base={base.model.base}: its files lack {len(names):,} weights of the encoder, or hold others ({names[0]}), "
            "so it would be trained from random ones; name a complete checkpoint"
        )
