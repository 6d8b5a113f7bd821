"""A training example that is no row of SEvenLLM: turns of a conversation, as general instruction sets hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """An example of an instruction set.

    Attributes:
        id: Unique number among the examples of a run.
        turns: In order; the last is the assistant's. Two turns of the user in a row are an instruction and its input.
        language: ISO 639-1 code, e.g. "en", "zh" or "de"; "und" where it is undetermined.
        source: Name of the source that it comes from.
    """

    id: int
    turns: tuple[Turn, ...]
    language: str
    source: str
