"""Which attention kernel a run trains with: decided before training, on the loaded model."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.kernels.kernel_check import AttentionCheck, KernelCheck, check_attention, described
from sevenllm_bench.finetune.kernels.packed_attention import PACKED_SDPA, register
from sevenllm_bench.finetune.kernels.probe import on_device
from sevenllm_bench.finetune.processes import on_main
from sevenllm_bench.finetune.runtime import Runtime
from sevenllm_bench.finetune.settings.config import FinetuneConfig

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

#: Tokens of the long text without a window; tokens beyond the largest window; tokens of the short text.
_LONG, _BEYOND, _SHORT = 256, 128, 64

#: Bytes of plain attention's scores in fp32, at most: the long text is no longer than this allows.
_SCORES_BYTES = 4 * 2**30


def settle_attention(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    config: FinetuneConfig,
    runtime: Runtime,
    say: Callable[[str], None],
) -> AttentionCheck:
    """Give the model a kernel that computes what plain transformers does. Called by every process; the main one decides.

    Args:
        model: As it was loaded, not sharded yet.
        tokenizer: The model's.
        config: The run.
        runtime: What it is computed on.
        say: Takes one line.

    Raises:
        ConfigError: No kernel, or not the one that the configuration names, gives the losses of plain transformers.
    """
    base: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
    checked = on_main(functools.partial(_checked, base, tokenizer, config, runtime))
    if checked.kernel is None:
        raise ConfigError(_refusal(checked, config))
    register()
    base.set_attn_implementation(checked.kernel)
    say(described(asdict(checked)))
    return checked


def _checked(model: Any, tokenizer: Any, config: FinetuneConfig, runtime: Runtime) -> AttentionCheck:
    packed = config.data.packing or bool(config.training.trainer.get("padding_free"))
    kernels = (config.model.attention,) if config.model.attention != "auto" else _automatic(model, runtime, packed)
    with on_device(model, runtime.device) as is_there:
        reason = _not_checkable(model, kernels, runtime, is_there)
        if reason:
            return AttentionCheck(kernels[0], packed, 0, None, runtime.precision, 0.0, (), reason)
        sizes = _sizes(model.config, config.data.max_length)
        return check_attention(model, _texts(tokenizer, sizes), kernels, packed, sizes.window)


def _automatic(model: Any, runtime: Runtime, packed: bool) -> tuple[str, ...]:
    """Transformers' choice and, for packed examples, ours: before it where the runtime prefers it; plain attention last."""
    chosen, ours = model.config._attn_implementation or "eager", (PACKED_SDPA,) if packed else ()
    first = (*ours, chosen) if runtime.attention == PACKED_SDPA else (chosen, *ours)
    return tuple(dict.fromkeys((*first, "eager")))


def _not_checkable(model: Any, kernels: Sequence[str], runtime: Runtime, is_there: bool) -> str:
    if any(hasattr(parameter, "ds_id") for parameter in model.parameters()):
        return "DeepSpeed has sharded the weights while loading"
    if not is_there and any("flash" in kernel for kernel in kernels):
        return f"{kernels[0]} needs a GPU, and the whole model doesn't fit one"
    return ""


class _Sizes(NamedTuple):
    """Tokens of the two texts, and the window that the long one is made for."""

    long: int
    short: int
    window: int | None


def _sizes(config: PretrainedConfig, max_length: int) -> _Sizes:
    text = config.get_text_config()
    short = min(_SHORT, max_length // 4)
    windows = [window for window in _windows(text.to_dict()) if window < max_length]
    window = max(windows, default=None)
    heads = getattr(text, "num_attention_heads", None) or 1
    longest = isqrt(_SCORES_BYTES // 4 // heads) if isinstance(heads, int) else max_length
    return _Sizes(min(max(_LONG, (window or 0) + _BEYOND), max_length - short, longest), short, window)


def _windows(entries: Mapping[str, Any]) -> Iterator[int]:
    """Numbers of tokens that a configuration names as windows or chunks."""
    for name, value in entries.items():
        is_size = ("window" in name or "chunk_size" in name) and not any(word in name for word in ("layers", "pattern"))
        if is_size and isinstance(value, int) and value > 1:
            yield value


def _texts(tokenizer: PreTrainedTokenizerBase, sizes: _Sizes) -> tuple[list[int], list[int]]:
    """Incident texts of the embedded training rows, as often as needed: the first ones, and the end of the last one."""
    texts = dict.fromkeys(row.input for row in embedded_split("train"))
    ids = tokenizer.encode("\n".join(texts), add_special_tokens=False)
    start = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    return [*start, *ids * (sizes.long // len(ids) + 1)][: sizes.long], [*start, *ids[-sizes.short :]][: sizes.short]


def _refusal(checked: AttentionCheck, config: FinetuneConfig) -> str:
    """What is wrong, with the figures, and the way out."""
    figures = "; ".join(_outcome(check, checked) for check in checked.tried)
    start = f"model.base={config.model.base}: losses are not those of plain transformers, in nats per token: {figures} "
    start += f"(at most {checked.tolerance:g}). "
    if config.model.attention != "auto":
        return f"{start}model.attention=auto chooses a kernel that this architecture can be trained with, if there is one"
    if checked.packed:
        return f"{start}Packed examples would not be kept apart: data.packing=false trains on each of them alone"
    return f"{start}This architecture can't be trained here"


def _outcome(check: KernelCheck, checked: AttentionCheck) -> str:
    if check.together is None or check.long is None:
        return f"{check.kernel} fails ({check.error})"
    batch = "packed" if checked.packed else "padded"
    return (
        f"{check.kernel} {check.together.mean:.2g} for two {batch} examples, {check.long.mean:.2g} for {checked.tokens:,} tokens"
    )
