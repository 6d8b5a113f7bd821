"""ROUGE-L twice: the authors' figure exactly (`rouge_l_paper`) and the standard one with our segmenter (`rouge_l`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sevenllm_bench.catalog import Language
from sevenllm_bench.text.segment import cut_chinese, words
from sevenllm_bench.text.sentences import split_chinese

#: Denominator term of `rouge` 1.0.1, which keeps an exact match at 0.999999995.
_EPSILON = 1e-8


def rouge_l(predictions: Sequence[str], references: Sequence[str]) -> list[float]:
    """Standard ROUGE-L F1 over the words of `sevenllm_bench.text.segment.words`.

    The figure of the package `rouge-score` (0.1.2, type "rougeL", one sequence per text) with our segmenter as its
    tokenizer, since its own drops every Chinese character. Comparable over languages.

    Args:
        predictions: n texts.
        references: n texts.

    Returns:
        n values in [0, 1]; 0 when a text has no word, except 1 for two identical texts without words.
    """
    from rapidfuzz.distance import LCSseq

    scores = []
    for prediction, reference in zip(predictions, references, strict=True):
        ours, theirs = words(prediction), words(reference)
        if not ours or not theirs:
            scores.append(float(prediction.strip() == reference.strip() != ""))
        else:
            scores.append(2 * LCSseq.similarity(ours, theirs) / (len(ours) + len(theirs)))
    return scores


def rouge_l_paper(predictions: Sequence[str], references: Sequence[str], language: Language) -> list[float]:
    """ROUGE-L exactly as in the authors' scoring, with the quirks that their published figures contain.

    English: the whole texts. Chinese: sentences after 。！？, segmented by jieba; for each reference sentence the best
    predicted sentence, averaged. Underneath is the F of the package `rouge` 1.0.1: texts split at "." into sentences,
    union of longest common subsequences over distinct words. It forgives repetition and differs between the languages
    by definition, so it is never averaged over them. Where `rouge` raises (no sentence, as in "..."), the score is 0.

    Args:
        predictions: n texts.
        references: n texts.
        language: Language of all rows, "en" or "zh".

    Returns:
        n values in [0, 1].
    """
    score = _english if language == "en" else _chinese
    return [score(prediction, reference) for prediction, reference in zip(predictions, references, strict=True)]


def _english(prediction: str, reference: str) -> float:
    return _rouge_f(_dot_sentences(prediction), _dot_sentences(reference))


def _chinese(prediction: str, reference: str) -> float:
    # Only the best candidate counts, so a sentence that comes again need not be looked at again.
    candidates = [_dot_sentences(" ".join(cut_chinese(sentence))) for sentence in dict.fromkeys(split_chinese(prediction))]
    wanted = [_dot_sentences(" ".join(cut_chinese(sentence))) for sentence in split_chinese(reference)]
    if not candidates or not wanted:
        return 0.0
    return sum(_best(candidates, sentence) for sentence in wanted) / len(wanted)


def _best(candidates: list[list[list[str]]], reference: list[list[str]]) -> float:
    """Highest F of any candidate; candidates whose common words bound F below the best so far are not compared."""
    reference_words = _distinct(reference)
    bounds = []
    for candidate in candidates:
        candidate_words = _distinct(candidate)
        overlap = len(candidate_words & reference_words)
        bounds.append((_f(overlap, len(candidate_words), len(reference_words)), candidate))
    best = 0.0
    for bound, candidate in sorted(bounds, key=lambda pair: -pair[0]):
        if bound <= best:
            break
        best = max(best, _rouge_f(candidate, reference))
    return best


def _dot_sentences(text: str) -> list[list[str]]:
    """Words of each piece between full stops, as `rouge` 1.0.1 cuts them: a blank piece is one empty word."""
    return [" ".join(piece.split()).split(" ") for piece in text.split(".") if piece]


def _distinct(sentences: Iterable[list[str]]) -> set[str]:
    return {word for sentence in sentences for word in sentence}


def _f(overlap: int, in_prediction: int, in_reference: int) -> float:
    if not in_prediction or not in_reference:
        return 0.0
    precision, recall = overlap / in_prediction, overlap / in_reference
    return 2.0 * ((precision * recall) / (precision + recall + _EPSILON))


def _rouge_f(prediction: list[list[str]], reference: list[list[str]]) -> float:
    in_prediction, in_reference = _distinct(prediction), _distinct(reference)
    possible = len(in_prediction & in_reference)
    union: set[str] = set()
    word_sets = [set(sentence) for sentence in prediction]
    for reference_sentence in reference:
        wanted = set(reference_sentence)
        for sentence, words_of_it in zip(prediction, word_sets, strict=True):
            if len(union) < possible and not (words_of_it & wanted) <= union:
                union |= _common_words(sentence, reference_sentence)
    return _f(len(union), len(in_prediction), len(in_reference))


def _common_words(first: list[str], second: list[str]) -> set[str]:
    """Words of one longest common subsequence: of several, the one that `rouge` 1.0.1 walks back to.

    Which one that is depends on the order of the two. The authors hand the reference to `rouge` as the hypothesis, so
    `first` (what `rouge` calls the reference) is the prediction.

    The table of lengths is kept as one integer per word of `first` (Hyyrö's bit-parallel recurrence): bit j of row i is
    0 where the length grows from column j to j + 1. Walking back, a match goes diagonally; otherwise the walk goes up
    where the length grows at this column, else left, which is the comparison that `rouge` makes in its table.
    """
    positions: dict[str, int] = {}
    for column, word in enumerate(second):
        positions[word] = positions.get(word, 0) | 1 << column
    every = (1 << len(second)) - 1
    state, table = every, []
    for word in first:
        matches = state & positions.get(word, 0)
        state = ((state + matches) | (state - matches)) & every
        table.append(state)

    found: set[str] = set()
    row, column = len(first), len(second)
    while row and column:
        if first[row - 1] == second[column - 1]:
            found.add(first[row - 1])
            row, column = row - 1, column - 1
        elif table[row - 1] >> (column - 1) & 1:
            column -= 1
        else:
            row -= 1
    return found
