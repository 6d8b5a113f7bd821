"""The finished checkpoint: weights, tokenizer and generation settings in the `save_pretrained` layout; adapters merged."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.evaluation import Evaluation, read_evaluation
from sevenllm_bench.finetune.run_folder import CARD
from sevenllm_bench.io.files import user_path

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase, Trainer


def save_checkpoint(trainer: Trainer, tokenizer: PreTrainedTokenizerBase, dtype: torch.dtype, folder: Path) -> None:
    """Write the trained model, or its adapters, and the tokenizer. Called by all processes; the main one writes.

    Args:
        trainer: After training, sharded or not.
        tokenizer: The model's.
        dtype: Type of the weights in the file; adapters keep theirs.
        folder: An empty folder.
    """
    model = trainer.accelerator.unwrap_model(trainer.model_wrapped, keep_torch_compile=False)
    state = trainer.accelerator.get_state_dict(trainer.model_wrapped)  # gathers the shards where there are some
    if not trainer.is_world_process_zero():
        return
    if not hasattr(model, "peft_config"):
        state = _in_dtype(state, dtype)
        model.config.dtype = dtype
    _write(model, tokenizer, folder, state_dict=state)


def _in_dtype(state: dict[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """The weights in another type; those that share memory still do."""
    cast: dict[int, torch.Tensor] = {}
    return {
        name: cast.setdefault(value.data_ptr(), value.to(dtype)) if value.is_floating_point() else value
        for name, value in state.items()
    }


def _write(model: Any, tokenizer: PreTrainedTokenizerBase, folder: Path, **arguments: Any) -> None:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    base.generation_config = generation_settings(base, tokenizer)
    model.save_pretrained(folder, **arguments)
    if base is not model:  # with adapters alone, what the base says of generation would be lost
        base.generation_config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def generation_settings(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> GenerationConfig:
    """The base's generation settings, in a form that can be saved, which stop at the end that was trained."""
    settings = model.generation_config
    given = settings.eos_token_id
    ends = given if isinstance(given, list) else [] if given is None else [given]
    eos = tokenizer.eos_token_id
    settings.eos_token_id = [eos, *(end for end in ends if end != eos)] if set(ends) - {eos} else eos
    settings.pad_token_id = tokenizer.pad_token_id
    try:
        settings.validate(strict=True)
    except ValueError:  # sampling parameters without sampling, as in Llama-2's: they can't be saved so
        settings.do_sample = True
    return settings


def merge(adapter: str | Path, output: str | Path, base: str | None = None) -> Path:
    """Add LoRA adapters to their base model's weights and write the whole model.

    Args:
        adapter: Folder of the adapters, as `finetune` writes it.
        output: Folder for the merged model, new or empty.
        base: The base model, where it isn't any more where the adapters say.

    Returns:
        The output folder.

    Raises:
        ConfigError: A folder is not what it should be, or the base can't be loaded.
    """
    source, target = user_path(adapter, ConfigError), user_path(output, ConfigError)
    if not (source / "adapter_config.json").is_file():
        raise ConfigError(f"{source}: no adapters there (no adapter_config.json); name the folder that `finetune` wrote")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(f"{target}: not an empty folder; name another one")
    model, tokenizer = _load_adapters(source, base)
    missing = [folder for folder in (target, *target.absolute().parents) if not folder.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=target) as folder:
            half = Path(folder)
            _write(model.merge_and_unload(), tokenizer, half)
            _copy_card(source, half)
            _move_into(half, target)
    except OSError as error:
        _remove_empty(missing)
        raise ConfigError(f"{target}: can't be written ({error.strerror or error})") from None
    except UnicodeEncodeError:
        _remove_empty(missing)
        raise ConfigError(f"{str(target)!a}: a path that is no UTF-8, which the libraries can't write to; name another") from None
    except BaseException:
        _remove_empty(missing)
        raise
    return target


def _move_into(half: Path, target: Path) -> None:
    """Move finished files to their place, the configuration last: without it, it is no model.

    Raises:
        ConfigError: Somebody else has written there meanwhile.
    """
    if [path for path in target.iterdir() if path != half]:
        raise ConfigError(f"{target}: another program wrote there at the same time; name another folder")
    for path in sorted(half.iterdir(), key=lambda path: (path.name == "config.json", path.name)):
        path.replace(target / path.name)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove empty folders, the innermost first."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _load_adapters(source: Path, base: str | None) -> tuple[Any, PreTrainedTokenizerBase]:
    from peft import PeftConfig, PeftModel
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        adapters = PeftConfig.from_pretrained(str(source))
        name = base or adapters.base_model_name_or_path
        model = AutoModelForCausalLM.from_pretrained(name, revision=None if base else adapters.revision, dtype="auto")
        return PeftModel.from_pretrained(model, str(source)), AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ConfigError(
            f"{source}: the adapters can't be joined with their base ({reason}); name the base with --base"
        ) from None


def _copy_card(source: Path, target: Path) -> None:
    from sevenllm_bench.finetune.card import merged_card

    evaluation = read_evaluation(source)
    if (source / CARD).is_file():
        card = (source / CARD).read_text(encoding="utf-8", errors="replace")
        (target / CARD).write_text(merged_card(card, evaluation or Evaluation()), encoding="utf-8")
    if evaluation:
        replace(evaluation, base=None).write(target)
    for name in ("training_data.json", "training_log.jsonl"):
        if (source / name).is_file():
            (target / name).write_bytes((source / name).read_bytes())
