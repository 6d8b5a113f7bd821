"""What of a configuration is about the model: the base, and its adapters."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import field_validator, model_validator

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.settings.value_types import Share
from sevenllm_bench.io.configuration import Flag, Positive, PositiveNumber, Section, Text
from sevenllm_bench.io.files import user_path


class ModelSection(Section):
    """The model to start from.

    Attributes:
        base: Hub id, or a folder in the `save_pretrained` layout.
        revision: Branch, tag or commit on the Hub; default: the newest commit. What it resolves to is recorded.
        trust_remote_code: Whether code in the model's repository may run.
        gguf_file: A GGUF file in the base's folder or repository, which is read instead of safetensors.
        adapter: Folder of adapters of this base, which are trained further instead of new ones.
        allow_other_weights: Go on where the base's files lack weights of the model or hold others, or where an adapter was
            trained on other weights.
        attention: Attention kernel; "auto" takes the first one that gives the losses of plain attention (`self_check`). One
            that is named and doesn't is refused.
        weights: Type in which weights are held: "fp32" (mixed precision with fp32 master weights), "bf16" (half the memory,
            less exact), "auto" (fp32 where they are trained, bf16 where they are frozen).
    """

    base: Text
    revision: Text | None = None
    trust_remote_code: Flag = False
    gguf_file: Text | None = None
    adapter: Text | None = None
    allow_other_weights: Flag = False
    attention: Literal["auto", "eager", "sdpa", "flash_attention_2", "kernels-community/flash-attn2"] = "auto"
    weights: Literal["auto", "fp32", "bf16"] = "auto"

    @property
    def location(self) -> str:
        """The base as it can be loaded from any working folder: a local folder's absolute path, or the Hub id.

        Raises:
            ConfigError: It is written as a path, and there is no such folder.
        """
        folder = user_path(self.base, ConfigError)
        if folder.is_dir():
            return str(folder.resolve())
        if self.base.startswith((".", "/", "~")) or self.base.count("/") > 1:
            raise ConfigError(f"model.base={self.base}: no such folder")
        return self.base

    @property
    def is_folder(self) -> bool:
        """Whether the base is a local folder, not a repository of the Hub."""
        return user_path(self.base, ConfigError).is_dir()


class LoraSection(Section):
    """Low-rank adapters, for the methods "lora" and "qlora".

    Attributes:
        rank: Rank of the adapters.
        alpha: Their scale is alpha / rank.
        dropout: Dropout on their input.
        targets: "all-linear" (every linear layer but the output layer), names of modules, or a regular expression that
            matches their whole names.
        experts: Whether the experts of a mixture of experts, which are no linear layers, get adapters as well.
        dora: Weight-decomposed adapters (DoRA, arXiv 2402.09353).
        rslora: Scale by alpha / sqrt(rank) (rsLoRA, arXiv 2312.03732).
        modules_to_save: Names of further modules that are trained whole, e.g. [embed_tokens, lm_head].
    """

    rank: Positive = 64
    alpha: PositiveNumber = 128
    dropout: Share = 0.05
    targets: str | tuple[str, ...] = "all-linear"
    experts: Flag = False
    dora: Flag = False
    rslora: Flag = False
    modules_to_save: tuple[Text, ...] = ()

    @field_validator("targets", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        names = isinstance(value, (list, tuple)) and value and all(isinstance(name, str) and name.strip() for name in value)
        if not names and value != "all-linear" and not (isinstance(value, str) and value.strip() and _is_pattern(value)):
            raise ValueError(f"'all-linear', a list of names of modules, or a regular expression, not {value!r:.80}")
        return value

    @model_validator(mode="after")
    def _fits(self) -> LoraSection:
        if self.experts and (self.dropout or self.dora):
            raise ValueError(
                "experts: adapters of experts go without dropout and without dora; set lora.dropout=0 lora.dora=false"
            )
        return self


def _is_pattern(text: str) -> bool:
    """Whether a text is a regular expression that can match more than itself; one name alone goes in a list."""
    try:
        re.compile(text)
    except re.error:
        return False
    return re.fullmatch(r"[\w.-]+", text) is None
