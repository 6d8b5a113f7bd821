"""What reading texts with an encoder cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class EncodingCost:
    """Counted while an encoder works.

    Attributes:
        parameters: Parameters of the model.
        texts: Distinct texts (or pairs, or masked copies) that were read; each once.
        passes: Texts, windows or copies put through the model.
        long_texts: How many of the texts are longer than the model reads.
        tokens: Tokens read, without padding.
        seconds: Seconds in the model and its tokenizer.
        peak_memory_bytes: Most memory that the process held meanwhile (on a GPU: that torch allocated on it).
    """

    parameters: int = 0
    texts: int = 0
    passes: int = 0
    long_texts: int = 0
    tokens: int = 0
    seconds: float = 0.0
    peak_memory_bytes: int = 0

    @property
    def texts_per_second(self) -> float:
        """Distinct texts per second; 0 where nothing was read."""
        return self.texts / self.seconds if self.seconds > 0 else 0.0

    def as_json(self) -> dict[str, Any]:
        """The counts, with texts per second."""
        return {**asdict(self), "texts_per_second": self.texts_per_second}
