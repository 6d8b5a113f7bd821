"""Text classifiers: probabilities of classes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sevenllm_bench.encoders.checkpoint_kind import require_kind
from sevenllm_bench.encoders.cost_meter import measured
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoder_loading import described, load_model, parameters_of
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.encoders.padded_reader import labels_of, logits_of
from sevenllm_bench.encoders.text_windows import spans_of_windows
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    import numpy as np


class TextClassifier:
    """Gives the probabilities of classes.

    Attributes:
        choice: The model and how it is used.
        limit: Tokens that it reads, special ones included.
        labels: Names of its classes, in the order of its outputs.
        cost: What was read so far.
    """

    def __init__(self, choice: EncoderChoice) -> None:
        """Load the model.

        Raises:
            ConfigError: It is no text classifier, or can't be loaded.
        """
        require_kind(choice, "text-classifier")
        self.choice = choice
        self._loaded = load_model(choice, "SequenceClassification")
        self.limit = self._loaded.limit
        self.labels = labels_of(self._loaded.model.config)
        self.cost = EncodingCost(parameters=parameters_of(self._loaded.model))

    def probabilities(self, texts: Sequence[str], wanted: int | None = None) -> np.ndarray:
        """Probabilities of the classes, shape (n, classes), float64; each row has the sum 1.

        A text that is longer than the model reads is read in windows: with `long_texts` "max" the window counts whose
        probability of the wanted class is the largest (a fault anywhere in a function is a fault of the function), with
        "mean" the mean of their probabilities, with "cut" the first window.

        Args:
            texts: n texts; equal ones are read once.
            wanted: Number of the wanted class; None for any other than the first.
        """
        import numpy as np

        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return np.zeros((0, len(self.labels)))
        with measured(self.cost, self._loaded.device):
            found = self._read([encodable(text) for text in distinct], wanted)
        self.cost.texts += len(distinct)
        place = {text: number for number, text in enumerate(distinct)}
        return np.array([found[place[text]] for text in texts])

    def describe(self) -> dict[str, Any]:
        """What identifies its probabilities, for signatures."""
        return described(self.choice, "text-classifier", self.limit, str(self._loaded.model.dtype), labels=list(self.labels))

    def _read(self, texts: list[str], wanted: int | None) -> list[np.ndarray]:
        windows: list[list[int]] = []
        bounds = [0]
        for text in texts:
            ids = self._loaded.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
            own = spans_of_windows(len(ids), self._loaded.room)
            self.cost.long_texts += len(own) > 1
            windows += [ids[start:end] for start, end in (own[:1] if self.choice.long_texts == "cut" else own)]
            bounds.append(len(windows))
        logits = logits_of(self._loaded, windows, self.choice, self.cost, of_tokens=False)
        return [self._of_windows(logits[start:end], wanted) for start, end in pairwise(bounds)]

    def _of_windows(self, logits: Sequence[np.ndarray], wanted: int | None) -> np.ndarray:
        import numpy as np

        values = np.array(logits)
        exponents = np.exp(values - values.max(axis=1, keepdims=True))
        probabilities = exponents / exponents.sum(axis=1, keepdims=True)
        if self.choice.long_texts == "mean":
            return np.asarray(probabilities.mean(axis=0))
        strongest = probabilities[:, 0].argmin() if wanted is None else probabilities[:, wanted].argmax()
        return np.asarray(probabilities[strongest])
