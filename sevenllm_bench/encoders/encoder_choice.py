"""Which encoder is used, and how: its checkpoint, its kind, what becomes of texts that are longer than it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EncoderKind = Literal["bi-encoder", "cross-encoder", "masked-lm", "token-classifier", "text-classifier"]
ENCODER_KINDS: tuple[EncoderKind, ...] = ("bi-encoder", "cross-encoder", "masked-lm", "token-classifier", "text-classifier")

#: What becomes of a text that is longer than the model reads: windows of it are read, and the largest of their scores or
#: the mean of their vectors or scores counts; or its end is cut off, and counted.
LongTexts = Literal["max", "mean", "cut"]
LONG_TEXTS: tuple[LongTexts, ...] = ("max", "mean", "cut")


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """An encoder and how it is used.

    Attributes:
        name: Local folder or Hub id.
        revision: Commit, branch or tag on the Hub; None for a folder or the newest.
        kind: What it is; None to read it from the checkpoint, see `kind_of`.
        long_texts: What becomes of texts that are longer than it reads.
        batch_size: Texts, pairs or windows per forward pass.
        device: torch's name of the device; None for a GPU where there is one, else the CPU.
    """

    name: str
    revision: str | None = None
    kind: EncoderKind | None = None
    long_texts: LongTexts = "max"
    batch_size: int = 32
    device: str | None = None

    @property
    def label(self) -> str:
        """Name and revision, for signatures and messages."""
        return f"{self.name}@{self.revision}" if self.revision else self.name
