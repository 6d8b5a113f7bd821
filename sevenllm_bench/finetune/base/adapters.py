"""LoRA adapters: their settings for a model, new ones and such that are trained further."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError, nearest
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.finetune.settings.model_sections import LoraSection
from sevenllm_bench.io.files import user_path

if TYPE_CHECKING:
    from peft import LoraConfig
    from torch import nn

#: What an error lists of a model's modules.
_LISTED = 20


def lora_config(config: FinetuneConfig, model: Any) -> LoraConfig | None:
    """Settings of a run's adapters: those of `model.adapter`, or new ones; None where all weights are trained.

    Args:
        config: The run.
        model: Its base, whose modules are named; on the meta device, too.

    Raises:
        ConfigError: There is no module of a name that is given, or `model.adapter` holds no LoRA adapters.
    """
    if config.training.method == "full":
        return None
    if config.model.adapter:
        return read_adapter(config.model.adapter)
    from peft import LoraConfig

    lora = config.lora
    _check_names(lora, model)
    experts = expert_parameters(model)
    if lora.experts and not experts:
        raise ConfigError("lora.experts: this model has no experts that are held in one tensor; set lora.experts=false")
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=_targets(lora, model, experts),
        target_parameters=list(experts) if lora.experts else None,
        use_dora=lora.dora,
        use_rslora=lora.rslora,
        modules_to_save=list(lora.modules_to_save) or None,
        ensure_weight_tying=_saves_tied(lora, model),
        revision=config.model.revision,
        task_type="CAUSAL_LM",
    )


def read_adapter(folder: str | Path) -> LoraConfig:
    """Settings of LoRA adapters in a folder.

    Raises:
        ConfigError: There are none.
    """
    from peft import LoraConfig, PeftConfig

    path = user_path(folder, ConfigError)
    if not (path / "adapter_config.json").is_file():
        raise ConfigError(f"model.adapter={folder}: no adapters there (no adapter_config.json)")
    try:
        found = PeftConfig.from_pretrained(str(path))
    except Exception as error:  # whatever peft makes of it
        raise ConfigError(f"model.adapter={folder}: adapter_config.json can't be read ({error})") from None
    if not isinstance(found, LoraConfig):
        raise ConfigError(f"model.adapter={folder}: {found.peft_type} adapters; only LoRA adapters are trained further here")
    found.inference_mode = False
    return found


def as_section(settings: LoraConfig) -> LoraSection:
    """Settings of adapters as a section of the configuration, for the model card and for the command that evaluates them."""
    targets = settings.target_modules
    return LoraSection.model_construct(
        rank=settings.r,
        alpha=settings.lora_alpha,
        dropout=settings.lora_dropout,
        targets=targets if isinstance(targets, str) else tuple(sorted(targets or ())),
        experts=bool(settings.target_parameters),
        dora=settings.use_dora,
        rslora=settings.use_rslora,
        modules_to_save=tuple(settings.modules_to_save or ()),
    )


def trainable(config: FinetuneConfig, model: Any) -> dict[str, Any]:
    """What is trained of a model on the meta device, by name, with a run's adapters as peft lays them out; tied tensors once.

    Raises:
        ConfigError: peft refuses the settings for this model.
    """
    import torch
    from peft import get_peft_model

    settings = lora_config(config, model)
    tied = model.get_input_embeddings().weight.shape if settings and settings.ensure_weight_tying else None
    if settings is not None:
        try:
            with torch.device("meta"):
                model = get_peft_model(model, settings, low_cpu_mem_usage=True)
        except (ValueError, RuntimeError, TypeError, NotImplementedError) as error:
            raise ConfigError(f"the adapters don't go with {config.model.base}: {error}") from None
    found = {name: tensor for name, tensor in model.named_parameters() if tensor.requires_grad}
    # Real copies of tied modules share their memory; on the meta device peft makes two.
    copies = [name for name, tensor in found.items() if ".modules_to_save." in name and tensor.shape == tied]
    return {name: tensor for name, tensor in found.items() if name not in copies[1:]}


def expert_parameters(model: nn.Module) -> tuple[str, ...]:
    """Names, from "experts" on, of the tensors that hold all experts of a layer: three-dimensional, in no linear layer."""
    names = (name for name, parameter in model.named_parameters() if parameter.dim() == 3 and ".experts." in f".{name}")
    return tuple(sorted({name[name.rindex("experts.") :] for name in names}))


def frozen_experts(config: FinetuneConfig, model: nn.Module) -> int:
    """Parameters of experts that a run gives no adapters though it names all linear layers; 0 without any."""
    lora = config.lora
    if config.training.method == "full" or config.model.adapter or lora.experts or lora.targets != "all-linear":
        return 0
    names = expert_parameters(model)
    return sum(tensor.numel() for name, tensor in model.named_parameters() if name.endswith(names)) if names else 0


def with_adapters(config: FinetuneConfig, model: Any) -> tuple[Any, LoraConfig | None]:
    """The model that TRL's trainer takes, and settings of the adapters that it is to add.

    Returns:
        The model and None where all weights are trained; the model and settings for new adapters; the model with its
        earlier adapters, which are trained further, and None.

    Raises:
        ConfigError: The earlier adapters don't go with the model.
    """
    settings = lora_config(config, model)
    if settings is None or not config.model.adapter:
        return model, settings
    found = join(f"model.adapter={config.model.adapter}", model, user_path(config.model.adapter, ConfigError), is_trainable=True)
    for entry in found.peft_config.values():
        entry.base_model_name_or_path, entry.revision = config.model.location, config.model.revision
    return found, None


def join(name: str, model: Any, folder: Path, is_trainable: bool = False) -> Any:
    """A model with the adapters of a folder.

    Args:
        name: The adapters, as an error calls them.
        model: Their base.
        folder: With adapter_config.json.
        is_trainable: Whether they are trained further.

    Raises:
        ConfigError: They are damaged, incomplete, or made for a model of another shape.
    """
    from peft import PeftModel

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Found missing adapter keys")
            return PeftModel.from_pretrained(model, str(folder), is_trainable=is_trainable)
    except Exception as error:  # settings from elsewhere fail in whatever way peft comes upon them
        reason = str(error).strip().split("\n")[0][:300] or type(error).__name__
        raise ConfigError(f"{name}: the adapters can't be joined with their base ({reason})") from None


def _targets(lora: LoraSection, model: Any, experts: Sequence[str]) -> Any:
    """What `target_modules` of peft's settings is.

    For mixtures of experts whose experts were linear layers once, peft 0.21 takes "all-linear", and names such as gate_proj,
    to mean the experts and the router as well (`_convert_peft_config_moe`); so there the linear layers are named one by one,
    without those whose names it would turn into experts.
    """
    if not isinstance(lora.targets, str):
        return list(lora.targets)
    if lora.targets != "all-linear" or not experts:
        return lora.targets
    taken = _taken_for_experts(model)
    return [name for name in linear_names(model) if name.rpartition(".")[2] not in taken]


def _taken_for_experts(model: Any) -> frozenset[str]:
    """Names of linear layers that peft takes to mean experts in this model."""
    try:
        from peft.utils.transformers_weight_conversion import _MOE_TARGET_MODULE_MAPPING
        from transformers.conversion_mapping import _MODEL_TO_CONVERSION_PATTERN
    except ImportError:  # versions before or after that conversion
        return frozenset()
    return frozenset(_MOE_TARGET_MODULE_MAPPING.get(_MODEL_TO_CONVERSION_PATTERN.get(model.config.model_type), ()))


def linear_names(model: Any) -> list[str]:
    """Whole names of the linear layers, GPT-2's included, without the LM head."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings()
    kinds = (nn.Linear, Conv1D)
    return [name for name, module in model.named_modules() if isinstance(module, kinds) and module is not head]


def _check_names(lora: LoraSection, model: Any) -> None:
    names = [name for name, _ in model.named_modules() if name]
    if isinstance(lora.targets, str):
        if lora.targets != "all-linear" and not any(re.fullmatch(lora.targets, name) for name in names):
            raise ConfigError(
                f"lora.targets: no module's whole name matches {lora.targets!r}; one is {linear_names(model)[0]!r}"
                + _meant(lora.targets, names)
            )
    else:
        _require("lora.targets: no linear layer {!r} for LoRA in this model", lora.targets, names, linear_names(model))
    _require("lora.modules_to_save: no module {!r} in this model", lora.modules_to_save, names, names)


def _require(message: str, wanted: Iterable[str], names: Sequence[str], offered: Sequence[str]) -> None:
    for word in wanted:
        if not any(name == word or name.endswith(f".{word}") for name in names):
            known = [name for name in sorted({name.rpartition(".")[2] for name in offered}) if not name.isdigit()]
            more = ", …" if len(known) > _LISTED else ""
            raise ConfigError(f"{message.format(word)}; it has {', '.join(known[:_LISTED])}{more}{_meant(word, offered)}")


def _meant(word: str, names: Iterable[str]) -> str:
    near = nearest(word.rpartition(".")[2], sorted({name.rpartition(".")[2] for name in names}))
    return f". Did you mean {near}?" if near else ""


def _saves_tied(lora: LoraSection, model: Any) -> bool:
    """Whether embeddings that the model ties to its LM head are trained whole: they stay tied."""
    text = model.config.get_text_config()
    if not getattr(text, "tie_word_embeddings", False):
        return False
    tied = {id(module) for module in (model.get_input_embeddings(), model.get_output_embeddings())}
    names = [name for name, module in model.named_modules() if id(module) in tied]
    return any(name == word or name.endswith(f".{word}") for name in names for word in lora.modules_to_save)
