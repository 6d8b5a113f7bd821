"""Rows and answers to scores per row and per section: the one path that the harness and `score` share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenllm_bench.answers import Extraction, final_text, is_cut, read_extraction, read_letter
from sevenllm_bench.catalog import Kind, Language
from sevenllm_bench.data.rows import Row
from sevenllm_bench.metrics.choice import acc, answered
from sevenllm_bench.metrics.registry import OPTIONAL_FOR, paper_metric
from sevenllm_bench.metrics.rouge import rouge_l, rouge_l_paper
from sevenllm_bench.metrics.semantic import semantic_similarity, sentences
from sevenllm_bench.metrics.values import value_f1, value_f1_norm
from sevenllm_bench.text.leaf_values import leaf_values
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    from sevenllm_bench.encoders.sentence_embedder import Encoder


@dataclass(frozen=True, slots=True)
class RowScore:
    """The scores of one answer.

    Attributes:
        row: The row answered.
        kind: The kind it was scored as: the row's own, or its leaf's.
        metrics: Metric name to value in [0, 1].
        reading: How the answer was read: the `how` of an extraction, a letter or "unparsed", "prose", or "empty".
        cut: Whether the answer looks cut off.
    """

    row: Row
    kind: Kind
    metrics: dict[str, float]
    reading: str
    cut: bool

    @property
    def paper_score(self) -> float:
        """The value of the paper's metric for this kind."""
        return self.metrics[paper_metric(self.kind)]


def score_rows(
    rows: Sequence[Row], answers: Sequence[Any], kind: Kind | None = None, encoder: Encoder | None = None
) -> list[RowScore]:
    """Score answers in one batch per language and kind.

    Args:
        rows: n rows, of any mix.
        answers: n answers: a model's text, a JSON value, or None where there is none.
        kind: Score all rows as this kind (a leaf's); default: each by what it asks for.
        encoder: Adds the semantic metrics; None leaves them out.

    Returns:
        n scores, in the order of `rows`. No answer raises, and every value is in [0, 1].
    """
    batches: dict[tuple[Language, Kind], list[int]] = {}
    for index, row in enumerate(rows):
        batches.setdefault((row.language, kind or row.kind), []).append(index)
    scores: list[RowScore | None] = [None] * len(rows)
    for (language, batch_kind), indices in batches.items():
        batch_rows, batch_answers = [rows[i] for i in indices], [answers[i] for i in indices]
        readings, columns = _BATCH[batch_kind](batch_rows, batch_answers, language)
        if encoder and batch_kind in OPTIONAL_FOR:
            columns |= _semantic(batch_rows, batch_answers, batch_kind, language, encoder)
        for place, index in enumerate(indices):
            metrics = {name: column[place] for name, column in columns.items()}
            cut = is_cut(answers[index], batch_kind)
            scores[index] = RowScore(rows[index], batch_kind, metrics, readings[place], cut)
    return [score for score in scores if score is not None]


_Columns = dict[str, list[float]]


def _score_understanding(rows: list[Row], answers: list[Any], language: Language) -> tuple[list[str], _Columns]:
    read = [read_extraction(answer) for answer in answers]
    references = [leaf_values(row.output) for row in rows]
    strict = value_f1([_paper_values(e, row) for e, row in zip(read, rows, strict=True)], references)
    norm = value_f1_norm([e.values for e in read], references)
    # Every empty answer scores 0, also where the reference is empty ({}), which an empty list of values would match.
    present = [e.how != "empty" for e in read]
    return [e.how for e in read], {
        "value_f1": [value * here for value, here in zip(strict, present, strict=True)],
        "value_f1_norm": [value * here for value, here in zip(norm, present, strict=True)],
        "json_valid": [float(_is_valid(e, row)) for e, row in zip(read, rows, strict=True)],
    }


def _paper_values(read: Extraction, row: Row) -> list[str]:
    """Values for `value_f1`: as in the authors' figures, a list given where an object is asked for counts as text."""
    return [read.text] if read.is_list and not isinstance(row.output, list) else read.values


def _is_valid(read: Extraction, row: Row) -> bool:
    """Whether the answer is JSON; where the reference itself is a bare text (id 260), any text will do."""
    return read.is_json or (isinstance(row.output, str) and read.how == "text")


def _score_generation(rows: list[Row], answers: list[Any], language: Language) -> tuple[list[str], _Columns]:
    texts = [encodable(final_text(answer)) for answer in answers]
    references = [row.reference_text for row in rows]
    return [_prose_reading(text) for text in texts], {
        "rouge_l_paper": rouge_l_paper(texts, references, language),
        "rouge_l": rouge_l(texts, references),
    }


def _score_mcq(rows: list[Row], answers: list[Any], language: Language) -> tuple[list[str], _Columns]:
    letters = [read_letter(answer, row.choices) for answer, row in zip(answers, rows, strict=True)]
    references = [row.output for row in rows]
    readings = [_letter_reading(letter, answer) for letter, answer in zip(letters, answers, strict=True)]
    return readings, {"acc": acc(letters, references), "answered": answered(letters)}


_BATCH = {"understanding": _score_understanding, "generation": _score_generation, "mcq": _score_mcq}


def _prose_reading(text: str) -> str:
    return "prose" if text else "empty"


def _letter_reading(letter: str | None, answer: Any) -> str:
    return letter or ("unparsed" if final_text(answer) else "empty")


def reading_of(row: Row, answer: Any) -> str:
    """How an answer to `row` is read, as in `RowScore.reading`, without scoring it."""
    if row.kind == "understanding":
        return read_extraction(answer).how
    return _letter_reading(read_letter(answer, row.choices), answer) if row.kind == "mcq" else _prose_reading(final_text(answer))


def _semantic(rows: list[Row], answers: list[Any], kind: Kind, language: Language, encoder: Encoder) -> _Columns:
    """Semantic similarity over leaf values or sentences, all rows in one batch; an empty answer scores 0."""
    if kind == "understanding":
        read = [read_extraction(answer) for answer in answers]
        predictions, references = [e.values for e in read], [leaf_values(row.output) for row in rows]
        present = [e.how != "empty" for e in read]
    else:
        texts = [final_text(answer) for answer in answers]
        predictions = [sentences(text, language) for text in texts]
        references = [sentences(row.reference_text, language) for row in rows]
        present = [bool(text) for text in texts]
    scores = semantic_similarity(predictions, references, encoder)
    return {
        "semantic": [value * here for value, here in zip(scores.semantic, present, strict=True)],
        "semantic_f1": [value * here for value, here in zip(scores.semantic_f1, present, strict=True)],
    }


def answers_for(rows: Sequence[Row], predictions: Mapping[int, Any]) -> list[Any]:
    """The answer to each row by its id; None, which scores 0, where there is none."""
    return [predictions.get(row.id) for row in rows]
