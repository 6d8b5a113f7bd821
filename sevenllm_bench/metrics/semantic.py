"""Semantic similarity of an answer to its reference, piece by piece: values for understanding, sentences for generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenllm_bench.catalog import Language
from sevenllm_bench.text.sentences import split_chinese, split_english

if TYPE_CHECKING:
    import numpy as np

    from sevenllm_bench.encoders.sentence_embedder import SentenceEmbedder

#: Pieces of one answer that are compared; more than that is no sensible answer.
MAX_PIECES = 1_000
#: Characters of one piece that are embedded: far beyond what any model here reads.
MAX_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class SemanticScores:
    """Values for n rows.

    Attributes:
        semantic: Mean over reference pieces of the best similarity to any predicted piece: recall, the paper's figure.
        semantic_f1: Harmonic mean of that and the same from the predicted pieces' side.
    """

    semantic: list[float]
    semantic_f1: list[float]


def sentences(text: str, language: Language) -> list[str]:
    """Sentences as the authors' similarity cuts them."""
    return (split_english if language == "en" else split_chinese)(text)


def semantic_similarity(
    predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]], embedder: SentenceEmbedder
) -> SemanticScores:
    """Compare pieces (leaf values or sentences) by cosine similarity, in one batch over all rows.

    For each reference piece the best predicted piece counts, negative similarity as 0; a piece of at most one character
    must be among the predicted ones exactly. Source: the authors' scoring; `semantic_f1` adds precision, so that a
    right answer buried in wrong values doesn't score 1.

    Args:
        predictions: n lists of pieces; at most `MAX_PIECES` of each are compared.
        references: n lists of pieces.
        embedder: Embeds all texts at once, and counts those that it cuts.

    Returns:
        n values of each metric in [0, 1]: 1 where both lists are empty, 0 where one is.
    """
    cut_predictions = [[piece[:MAX_CHARACTERS] for piece in pieces[:MAX_PIECES]] for pieces in predictions]
    predicted = {piece for pieces in cut_predictions for piece in pieces}
    wanted = {piece for pieces in references for piece in pieces}
    vectors = embedder.encode(sorted(predicted), cached=sorted(wanted))
    embedder.count(sorted(predicted | wanted))
    pairs = [_row(ours, theirs, vectors) for ours, theirs in zip(cut_predictions, references, strict=True)]
    return SemanticScores(
        semantic=[recall for recall, _ in pairs],
        semantic_f1=[2 * r * p / (r + p) if r + p else 0.0 for r, p in pairs],
    )


def _row(predicted: Sequence[str], wanted: Sequence[str], vectors: dict[str, np.ndarray]) -> tuple[float, float]:
    """Recall and precision of one row."""
    import numpy as np

    if not predicted or not wanted:
        equal = float(not predicted and not wanted)
        return equal, equal
    similarity = np.clip(
        np.stack([vectors[piece] for piece in wanted]) @ np.stack([vectors[piece] for piece in predicted]).T, 0.0, 1.0
    )
    return _mean_of_best(similarity, wanted, set(predicted)), _mean_of_best(similarity.T, predicted, set(wanted))


def _mean_of_best(similarity: np.ndarray, pieces: Sequence[str], others: set[str]) -> float:
    best = similarity.max(axis=1)
    values = [float(piece in others) if len(piece) <= 1 else float(best[index]) for index, piece in enumerate(pieces)]
    return sum(values) / len(values)
