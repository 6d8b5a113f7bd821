"""Masking that a run which goes on repeats: derived from the seed, the pass and the examples, not from what was drawn before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import DataCollatorForLanguageModeling

from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class MaskingCollator:
    """transformers' DataCollatorForLanguageModeling, with random numbers of its own for each batch of each pass."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, share: float, seed: int, passes: PassNumber) -> None:
        """Set up.

        Args:
            tokenizer: With a mask token.
            share: Of the tokens that are masked.
            seed: Of the masks.
            passes: The pass that is next.
        """
        self._collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=share)
        self._seed, self._passes = seed, passes

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A padded batch with masks, and labels where they are."""
        digest = hashlib.blake2b(f"{self._seed} {self._passes.number}".encode(), digest_size=8)
        for example in examples:
            digest.update(repr(list(example["input_ids"])).encode())
        self._collator.generator = torch.Generator().manual_seed(int.from_bytes(digest.digest()) % 2**63)
        batch: dict[str, Any] = self._collator([{"input_ids": example["input_ids"]} for example in examples])
        return batch
