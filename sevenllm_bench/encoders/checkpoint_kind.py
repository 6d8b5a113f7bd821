"""What kind of encoder a checkpoint is, from its configuration alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sevenllm_bench.encoders.checkpoint_files import checkpoint_folder, json_object
from sevenllm_bench.encoders.encoder_choice import ENCODER_KINDS, EncoderChoice, EncoderKind
from sevenllm_bench.errors import ConfigError, unknown_name

#: Endings of the architecture's name that say what it is.
_BY_ENDING: dict[str, EncoderKind] = {
    "ForMaskedLM": "masked-lm",
    "BertForPreTraining": "masked-lm",
    "ForTokenClassification": "token-classifier",
    "Model": "bi-encoder",
}
_CAUSAL = ("ForCausalLM", "LMHeadModel", "DoubleHeadsModel", "ForConditionalGeneration", "ForSeq2SeqLM")
#: Keys by which sentence-transformers marks the configuration of a cross-encoder without modules.
_CROSS_ENCODER_KEYS = ("sentence_transformers", "sbert_ce_default_activation_function")
#: Only these modules are loaded; others are code of the checkpoint's own.
_OWN_MODULES = "sentence_transformers."


def kind_of(choice: EncoderChoice) -> EncoderKind:
    """What a checkpoint is: as the choice says, or read from modules.json, config_sentence_transformers.json and config.json.

    A sentence-transformers model is a bi-encoder or, where its configuration says so, a cross-encoder. A classifier of texts
    with one label, or with a configuration of sentence-transformers' CrossEncoder, is a cross-encoder. A model without a
    head is a bi-encoder with mean pooling.

    Raises:
        ConfigError: There is no such checkpoint, its configuration can't be read, or it is no encoder.
    """
    if choice.kind is not None:
        if choice.kind not in ENCODER_KINDS:
            raise ConfigError(unknown_name("kind of encoder", str(choice.kind), ENCODER_KINDS))
        return choice.kind
    folder = checkpoint_folder(choice, weights=False)
    return _of_modules(choice, folder) if (folder / "modules.json").is_file() else _of_config(choice, folder)


def require_kind(choice: EncoderChoice, *kinds: EncoderKind) -> EncoderKind:
    """The kind of a checkpoint, where it is one of these.

    Raises:
        ConfigError: It is another, or see `kind_of`.
    """
    kind = kind_of(choice)
    if kind not in kinds:
        wanted = " or ".join(part for part in (", ".join(kinds[:-1]), kinds[-1]) if part)
        raise ConfigError(f"the encoder {choice.label} is a {kind}; a {wanted} is needed here")
    return kind


def is_bare(choice: EncoderChoice) -> bool:
    """Whether a bi-encoder is a model of transformers without modules, for which mean pooling is assumed."""
    return not (checkpoint_folder(choice, weights=False) / "modules.json").is_file()


def check_modules(choice: EncoderChoice) -> None:
    """Refuse a sentence-transformers model that has modules with code of its own.

    Raises:
        ConfigError: It has, or its list of modules can't be read.
    """
    path = checkpoint_folder(choice, weights=False) / "modules.json"
    if path.is_file():
        _module_types(choice, path)


def _module_types(choice: EncoderChoice, path: Path) -> list[str]:
    try:
        types = [str(module["type"]) for module in json.loads(path.read_bytes())]
    except (OSError, ValueError, RecursionError, TypeError, LookupError) as error:
        raise ConfigError(f"the encoder {choice.label}: modules.json is no list of modules ({type(error).__name__})") from None
    own = [name for name in types if not name.startswith(_OWN_MODULES)]
    if own:
        raise ConfigError(f"the encoder {choice.label} needs code of its own ({own[0][:100]}), which is not run here")
    return types


def _of_modules(choice: EncoderChoice, folder: Path) -> EncoderKind:
    types = _module_types(choice, folder / "modules.json")
    model = json_object(folder / "config_sentence_transformers.json").get("model_type", "SentenceTransformer")
    if model == "CrossEncoder":
        return "cross-encoder"
    if model != "SentenceTransformer" or any("sparse_encoder" in name or "multi_vector" in name for name in types):
        raise ConfigError(
            f"the encoder {choice.label} is a {model} of sentence-transformers; bi-encoders and cross-encoders are read here"
        )
    return "bi-encoder"


def _of_config(choice: EncoderChoice, folder: Path) -> EncoderKind:
    if (folder / "adapter_config.json").is_file():
        raise ConfigError(
            f"the encoder {choice.label} is an adapter; merge it into its base first (sevenllm-bench merge), or, over a causal "
            "model, run lm-eval's: sevenllm-bench eval --model hf --model_args pretrained=BASE,peft=ADAPTER"
        )
    config = json_object(folder / "config.json")
    if not config:
        raise ConfigError(
            f"the encoder {choice.label}: no config.json and no modules.json; name a folder that holds a checkpoint"
        )
    names = config.get("architectures")
    name = str(names[0]) if isinstance(names, list) and names else ""
    if name.endswith(_CAUSAL):
        raise ConfigError(
            f"{choice.label} is a generating model ({name}), no encoder; run it with lm-eval's own model: "
            f"sevenllm-bench eval --model hf --model_args pretrained={choice.name}"
        )
    if name.endswith("ForSequenceClassification"):
        return "cross-encoder" if _is_cross_encoder(config) else "text-classifier"
    for ending, kind in _BY_ENDING.items():
        if name.endswith(ending):
            return kind
    what = f"its architecture {name[:80]} is none of an encoder" if name else "its config.json names no architecture"
    raise ConfigError(f"the encoder {choice.label}: {what}; say what it is with kind={'|'.join(ENCODER_KINDS)}")


def _is_cross_encoder(config: Mapping[str, Any]) -> bool:
    if any(config.get(key) is not None for key in _CROSS_ENCODER_KEYS):
        return True
    labels = config.get("id2label")
    return (len(labels) if isinstance(labels, dict) else config.get("num_labels")) == 1
