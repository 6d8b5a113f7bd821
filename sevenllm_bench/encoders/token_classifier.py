"""Token classifiers: named entities of texts, as spans of characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sevenllm_bench.encoders.checkpoint_kind import require_kind
from sevenllm_bench.encoders.cost_meter import measured
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.encoder_loading import described, load_model, parameters_of
from sevenllm_bench.encoders.encoding_cost import EncodingCost
from sevenllm_bench.encoders.label_spans import Span, spans_of_labels
from sevenllm_bench.encoders.padded_reader import labels_of, logits_of
from sevenllm_bench.encoders.text_windows import most_central, spans_of_windows
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    import numpy as np


class TokenClassifier:
    """Labels the tokens of texts and gives the spans that the labels name.

    Attributes:
        choice: The model and how it is used.
        limit: Tokens that it reads, special ones included.
        labels: Names of its labels, in the order of its outputs.
        cost: What was read so far.
    """

    def __init__(self, choice: EncoderChoice) -> None:
        """Load the model.

        Raises:
            ConfigError: It is no token classifier, or can't be loaded.
        """
        require_kind(choice, "token-classifier")
        self.choice = choice
        self._loaded = load_model(choice, "TokenClassification")
        self.limit = self._loaded.limit
        self.labels = labels_of(self._loaded.model.config)
        self.cost = EncodingCost(parameters=parameters_of(self._loaded.model))

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """Start, end and type of the entities of each text, in characters and in order.

        Labels may be BIO, with or without B, or BILOU. The pieces of a word are labelled as its first one. A text that is
        longer than the model reads is read in windows, each token with the label of that in which it is most central; with
        `long_texts` "cut", its beginning is.

        Args:
            texts: n texts; equal ones are read once.
        """
        distinct = list(dict.fromkeys(texts))
        with measured(self.cost, self._loaded.device):
            found = self._read([encodable(text) for text in distinct])
        self.cost.texts += len(distinct)
        return [list(found[encodable(text)]) for text in texts]

    def describe(self) -> dict[str, Any]:
        """What identifies its spans, for signatures."""
        return described(self.choice, "token-classifier", self.limit, str(self._loaded.model.dtype), labels=list(self.labels))

    def _read(self, texts: list[str]) -> dict[str, list[Span]]:
        tokenized = [
            self._loaded.tokenizer(text, add_special_tokens=False, truncation=False, verbose=False, return_offsets_mapping=True)
            for text in texts
        ]
        windows: list[list[int]] = []
        bounds = []
        for found in tokenized:
            ids, own = found["input_ids"], spans_of_windows(len(found["input_ids"]), self._loaded.room)
            self.cost.long_texts += len(own) > 1
            bounds.append((len(windows), own[:1] if self.choice.long_texts == "cut" else own))
            windows += [ids[start:end] for start, end in bounds[-1][1]]
        logits = logits_of(self._loaded, windows, self.choice, self.cost)
        spans = {}
        for text, found, (first, own) in zip(texts, tokenized, bounds, strict=True):
            labels = self._labels(logits[first : first + len(own)], own)
            count = len(labels)
            spans[text] = spans_of_labels(labels, found["offset_mapping"][:count], text, found.word_ids()[:count])
        return spans

    def _labels(self, logits: Sequence[np.ndarray], windows: Sequence[tuple[int, int]]) -> list[str]:
        """The label of each token of a text, from the window in which it is most central."""
        tokens = windows[-1][1]
        chosen = most_central(tokens, windows)
        best = [scores.argmax(axis=-1) for scores in logits]
        return [self.labels[int(best[window][token - windows[window][0]])] for token, window in enumerate(chosen)]
