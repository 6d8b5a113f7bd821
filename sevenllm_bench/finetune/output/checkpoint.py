"""The finished checkpoint: weights, tokenizer and generation settings in the `save_pretrained` layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    text = model.config.get_text_config()
    if hasattr(text, "output_router_logits"):  # TRL's, for training; with it, generating fails
        text.output_router_logits = False
    if not hasattr(model, "peft_config"):
        state = _in_dtype(state, dtype)
        model.config.dtype = dtype
    write_model(model, tokenizer, folder, state_dict=state)


def _in_dtype(state: dict[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """The weights in another type; those that share memory still do."""
    cast: dict[int, torch.Tensor] = {}
    return {
        name: cast.setdefault(value.data_ptr(), value.to(dtype)) if value.is_floating_point() else value
        for name, value in state.items()
    }


def write_model(model: Any, tokenizer: PreTrainedTokenizerBase, folder: Path, **arguments: Any) -> None:
    """Write a model or its adapters, its generation settings and its tokenizer.

    Args:
        model: A model of transformers, with peft's adapters or without.
        tokenizer: The model's.
        folder: An empty folder.
        arguments: Of `save_pretrained`.
    """
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
