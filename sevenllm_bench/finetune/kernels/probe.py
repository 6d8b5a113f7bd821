"""Losses of single texts: as plain transformers gives them, and as the trainer computes them. The model stays as it was."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

#: Value of a label that carries no loss.
_NO_LOSS = -100


def plain_losses(model: PreTrainedModel, ids: Sequence[int], scored: int) -> torch.Tensor:
    """Losses by the model's own forward pass, of a text alone: no mask, no positions, no cache.

    Args:
        model: A causal language model.
        ids: The text, n tokens.
        scored: How many of its last tokens are looked at, at most n - 1.

    Returns:
        (scored,): nats of each token, in fp32.
    """
    import torch

    inputs = torch.tensor([list(ids)], device=model.device)
    few = {"logits_to_keep": scored + 1} if "logits_to_keep" in inspect.signature(type(model).forward).parameters else {}
    with torch.no_grad():
        logits = model(input_ids=inputs, use_cache=False, **few).logits
    # In fp64: PyTorch's fp32 loss over 262,000 logits is off by 1e-5, which TRL's is not.
    losses = torch.nn.functional.cross_entropy(logits[0, -scored - 1 : -1].double(), inputs[0, -scored:], reduction="none")
    return losses.float().cpu()


def trainer_losses(
    model: PreTrainedModel, texts: Sequence[Sequence[int]], scored: Sequence[int], packed: bool
) -> list[torch.Tensor]:
    """Losses of texts that share a batch, by TRL's collator and fused LM head; `trainers_head` is in force.

    Args:
        model: A causal language model.
        texts: Token ids of the texts.
        scored: How many of its last tokens carry loss, for each text.
        packed: Whether the texts share a sequence; else the batch is padded.

    Returns:
        Nats of the scored tokens of each text, in fp32.
    """
    import torch
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    labels = [[*[_NO_LOSS] * (len(ids) - count), *ids[len(ids) - count :]] for ids, count in zip(texts, scored, strict=True)]
    examples: list[dict[str, Any]] = [{"input_ids": list(ids), "labels": own} for ids, own in zip(texts, labels, strict=True)]
    if packed:
        one = {name: list(chain.from_iterable(example[name] for example in examples)) for name in ("input_ids", "labels")}
        examples = [{**one, "seq_lengths": [len(ids) for ids in texts]}]
    batch = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=packed)(examples)
    on_device = {name: value.to(model.device) if torch.is_tensor(value) else value for name, value in batch.items()}
    call: Any = model
    with torch.no_grad():
        log_probs = call(**on_device, fused_lm_head=True).log_probs
    return list((-log_probs[on_device["labels"][:, 1:] != _NO_LOSS]).float().cpu().split(list(scored)))


@contextlib.contextmanager
def trainers_head(model: PreTrainedModel) -> Iterator[None]:
    """The LM head that TRL's trainer will put on the model, for as long as this lasts."""
    from trl.trainer.utils import add_fused_lm_head

    from sevenllm_bench.finetune.loop.trainer import score_labelled_positions_only

    score_labelled_positions_only()
    own = model.__dict__.get("forward")
    add_fused_lm_head(model)
    try:
        yield
    finally:
        model.__dict__.pop("forward")
        if own is not None:
            model.forward = own


@contextlib.contextmanager
def rounded_input(model: PreTrainedModel, dtype: torch.dtype) -> Iterator[None]:
    """Embeddings changed by one unit in the last place, up or down: as much as any computation in `dtype` may change them."""
    import torch

    generator = torch.Generator().manual_seed(0)

    def change(_: Any, __: Any, output: torch.Tensor) -> torch.Tensor:
        signs = 2 * torch.randint(0, 2, output.shape, generator=generator) - 1
        return output * (1 + torch.finfo(dtype).eps * signs).to(output)

    handle = model.get_input_embeddings().register_forward_hook(change)
    try:
        yield
    finally:
        handle.remove()


@contextlib.contextmanager
def undisturbed(model: PreTrainedModel) -> Iterator[None]:
    """Evaluation mode; afterwards modes, buffers, attention kernel and random numbers are what they were."""
    import torch
    from transformers.utils import logging

    devices = [model.device] if model.device.type == "cuda" else []
    modes = {module: module.training for module in model.modules()}
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    kernel, verbosity = model.config._attn_implementation, logging.get_verbosity()
    logging.set_verbosity_error()  # transformers says which of its kernels an architecture doesn't have
    try:
        with torch.random.fork_rng(devices):
            model.eval()
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode
        for buffer, value in buffers:
            buffer.copy_(value)
        if kernel is not None:
            model.set_attn_implementation(kernel)
        logging.set_verbosity(verbosity)


@contextlib.contextmanager
def on_device(model: PreTrainedModel, device: str) -> Iterator[bool]:
    """The model on the device that it will be trained on, where it fits there; afterwards where it was.

    Args:
        model: Loaded, on the CPU or, if it is quantised, on its device already.
        device: "cuda" or "cpu".

    Yields:
        Whether it is on that device.
    """
    import torch

    if model.device.type == device:
        yield True
        return
    size = sum(tensor.numel() * tensor.element_size() for tensor in (*model.parameters(), *model.buffers()))
    if size > _SHARE_OF_MEMORY * torch.cuda.mem_get_info()[0]:
        yield False
        return
    move: Any = model.to
    try:
        move(device)
        yield True
    finally:
        move("cpu")
        torch.cuda.empty_cache()


#: The rest is for the activations of some thousand tokens.
_SHARE_OF_MEMORY = 0.75
