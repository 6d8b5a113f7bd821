"""An encoder as probes need it: its tokenizer, and, where its kind has them, similarities and vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.encoders.bi_encoder import BiEncoder
from sevenllm_bench.encoders.checkpoint_kind import kind_of
from sevenllm_bench.encoders.checkpoint_tokenizer import load_tokenizer, token_spans
from sevenllm_bench.encoders.cross_encoder import PairScorer
from sevenllm_bench.encoders.encoder_choice import EncoderChoice, EncoderKind
from sevenllm_bench.encoders.masked_lm import MaskedLanguageModel
from sevenllm_bench.encoders.text_classifier import TextClassifier
from sevenllm_bench.encoders.token_classifier import TokenClassifier

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class ProbedEncoder:
    """An encoder, opened.

    Attributes:
        choice: Which one.
        kind: Its kind.
        tokenizer: Its tokenizer, of transformers.
        limit: Tokens that it reads, special ones included.
        similarities: Of q queries and n texts, an array (q, n): cosine of a bi-encoder, score of a cross-encoder; None for
            other kinds.
        vectors: Unit vectors of n texts, an array (n, d), of a bi-encoder; None for other kinds.
    """

    choice: EncoderChoice
    kind: EncoderKind
    tokenizer: Any
    limit: int
    similarities: Callable[[Sequence[str], Sequence[str]], np.ndarray] | None = None
    vectors: Callable[[Sequence[str]], np.ndarray] | None = None

    def distances(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray | None:
        """How far an encoder takes two texts apart, shape (n,): 1 - cosine, or what the score of a text loses with the other one.

        Args:
            pairs: n pairs of texts.

        Returns:
            Values of at least 0 for bi-encoders, and absolute differences for cross-encoders; None for other kinds.
        """
        import numpy as np

        if self.vectors is not None:
            both = self.vectors([text for pair in pairs for text in pair]).astype(np.float64)
            return np.maximum(0.0, 1.0 - np.einsum("nd,nd->n", both[0::2], both[1::2]))
        if self.similarities is not None:
            found = [self.similarities([one], [one, other])[0] for one, other in pairs]
            return np.abs(np.array([own - changed for own, changed in found]))
        return None

    def length(self, text: str) -> int:
        """Tokens of a text, special ones included."""
        return len(token_spans(self.tokenizer, text)) + int(self.tokenizer.num_special_tokens_to_add(pair=False))


def open_encoder(choice: EncoderChoice) -> ProbedEncoder:
    """Load an encoder of any kind.

    Raises:
        ConfigError: It can't be loaded.
    """
    kind = kind_of(choice)
    tokenizer = load_tokenizer(choice)
    if kind == "bi-encoder":
        encoder = BiEncoder(choice)
        return ProbedEncoder(choice, kind, tokenizer, encoder.limit, encoder.similarities, encoder.vectors)
    if kind == "cross-encoder":
        scorer = PairScorer(choice)
        return ProbedEncoder(choice, kind, tokenizer, scorer.limit, _of_pairs(scorer))
    return ProbedEncoder(choice, kind, tokenizer, _LIMIT_OF[kind](choice))


#: Kinds without similarities are loaded for what they read at most, and so that a damaged one is noticed.
_LIMIT_OF: dict[EncoderKind, Callable[[EncoderChoice], int]] = {
    "masked-lm": lambda choice: MaskedLanguageModel(choice).limit,
    "token-classifier": lambda choice: TokenClassifier(choice).limit,
    "text-classifier": lambda choice: TextClassifier(choice).limit,
}


def _of_pairs(scorer: PairScorer) -> Callable[[Sequence[str], Sequence[str]], np.ndarray]:
    """Scores of all pairs of queries and texts."""

    def similarities(queries: Sequence[str], texts: Sequence[str]) -> np.ndarray:
        return scorer.scores([(query, text) for query in queries for text in texts]).reshape(len(queries), len(texts))

    return similarities
