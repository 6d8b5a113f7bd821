"""Rows and answers to scores per row and per section: the one path that the harness and `score` share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sevenllm_bench.answers.reading import Reading, read_answer
from sevenllm_bench.catalog import Kind, Language
from sevenllm_bench.data.rows import Row
from sevenllm_bench.metrics.choice import acc, answered
from sevenllm_bench.metrics.grounding import grounded
from sevenllm_bench.metrics.invented import invented_indicators
from sevenllm_bench.metrics.registry import OPTIONAL_FOR, paper_metric
from sevenllm_bench.metrics.rouge import rouge_l, rouge_l_paper
from sevenllm_bench.metrics.semantic import semantic_similarity, sentences
from sevenllm_bench.metrics.values import value_f1, value_f1_norm
from sevenllm_bench.text.leaf_values import leaf_values
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    from sevenllm_bench.encoders.sentence_embedder import SentenceEmbedder


@dataclass(frozen=True, slots=True)
class RowScore:
    """The scores of one answer.

    Attributes:
        row: The row answered.
        reading: The answer as it was read.
        metrics: Metric name to value in [0, 1].
    """

    row: Row
    reading: Reading
    metrics: dict[str, float]

    @property
    def kind(self) -> Kind:
        """The kind that it was scored as: the row's own, or its leaf's."""
        return self.reading.kind

    @property
    def paper_score(self) -> float:
        """The value of the paper's metric for this kind."""
        return self.metrics[paper_metric(self.kind)]


def score_rows(
    rows: Sequence[Row], answers: Sequence[Any], kind: Kind | None = None, embedder: SentenceEmbedder | None = None
) -> list[RowScore]:
    """Read and score answers.

    Args:
        rows: n rows, of any mix.
        answers: n answers: a model's text, a JSON value, or None where there is none.
        kind: Score all rows as this kind (a leaf's); default: each by what it asks for.
        embedder: Adds the semantic metrics; None leaves them out.

    Returns:
        n scores, in the order of `rows`. No answer raises, and every value is in [0, 1].
    """
    readings = [read_answer(answer, kind or row.kind, row.choices) for row, answer in zip(rows, answers, strict=True)]
    return score_readings(rows, readings, embedder)


def score_readings(rows: Sequence[Row], readings: Sequence[Reading], embedder: SentenceEmbedder | None = None) -> list[RowScore]:
    """Score answers that were read already, in one batch per language and kind.

    Args:
        rows: n rows, of any mix.
        readings: n answers, read as the kind that they are to be scored as.
        embedder: As for `score_rows`.
    """
    batches: dict[tuple[Language, Kind], list[int]] = {}
    for index, (row, reading) in enumerate(zip(rows, readings, strict=True)):
        batches.setdefault((row.language, reading.kind), []).append(index)
    metrics: list[dict[str, float]] = [{} for _ in rows]
    for (language, kind), indices in batches.items():
        batch = [rows[i] for i in indices], [readings[i] for i in indices]
        columns = _BATCH[kind](*batch, language)
        if embedder and kind in OPTIONAL_FOR:
            columns |= _semantic(*batch, kind, language, embedder)
        for place, index in enumerate(indices):
            metrics[index] = {name: column[place] for name, column in columns.items()}
    return [RowScore(*parts) for parts in zip(rows, readings, metrics, strict=True)]


_Columns = dict[str, list[float]]


def _score_understanding(rows: list[Row], readings: list[Reading], language: Language) -> _Columns:
    references = [leaf_values(row.output) for row in rows]
    pairs = list(zip(readings, rows, strict=True))
    # Every empty answer scores 0, also where the reference is empty ({}), which an empty list of values would match.
    present = [reading.how != "empty" for reading in readings]
    return {
        "value_f1": _where(present, value_f1([_paper_values(reading, row) for reading, row in pairs], references)),
        "value_f1_norm": _where(present, value_f1_norm([reading.values for reading in readings], references)),
        "json_valid": [float(_is_valid(reading, row)) for reading, row in pairs],
        **_grounded(rows, readings),
    }


def _grounded(rows: list[Row], readings: list[Reading]) -> _Columns:
    pairs = zip(readings, rows, strict=True)
    return {"grounded": grounded([reading.values if _is_valid(reading, row) else [] for reading, row in pairs], _texts(rows))}


def _where(present: Sequence[bool], values: Sequence[float]) -> list[float]:
    """The values, with 0 for absent answers."""
    return [value * here for value, here in zip(values, present, strict=True)]


def _paper_values(reading: Reading, row: Row) -> list[str]:
    """Values for `value_f1`: as in the authors' figures, repaired JSON, and a list where an object is asked for, are text."""
    is_list = reading.extraction is not None and reading.extraction.is_list and not isinstance(row.output, list)
    return [reading.text] if is_list or reading.how == "repaired" else reading.values


def _is_valid(reading: Reading, row: Row) -> bool:
    """Whether the answer is JSON; where the reference itself is a bare text (id 260), any text will do."""
    return not reading.is_unread or (isinstance(row.output, str) and reading.how == "text")


def _score_generation(rows: list[Row], readings: list[Reading], language: Language) -> _Columns:
    texts = [encodable(reading.text) for reading in readings]
    references = [row.reference_text for row in rows]
    return {
        "rouge_l_paper": rouge_l_paper(texts, references, language),
        "rouge_l": rouge_l(texts, references),
        "invented_indicators": invented_indicators(texts, _texts(rows), [str(row.instruction) for row in rows]),
    }


def _texts(rows: Sequence[Row]) -> list[str]:
    return [row.input for row in rows]


@lru_cache(maxsize=4_096)
def _of_reference(kind: Kind, reference: str, text: str, question: str) -> tuple[str, float]:
    """The metric of grounding that a reference has, and its value; one is asked for several times."""
    reading = read_answer(reference, kind)
    if kind == "understanding":
        return "grounded", grounded([reading.values], [text])[0]
    return "invented_indicators", invented_indicators([encodable(reading.text)], [text], [question])[0]


def reference_grounding(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """What the references themselves score: `grounded` and `invented_indicators` by section.

    References are not all in the text, so that 1 is no ceiling of `grounded`: a figure is read beside these.

    Args:
        rows: Rows of any mix; those of MCQ are left out.

    Returns:
        Section ("en_understanding") to metric to mean over its rows.
    """
    values: dict[str, dict[str, list[float]]] = {}
    for row, own in zip(rows, reference_grounding_by_row(rows), strict=True):
        for metric, value in own.items():
            values.setdefault(row.section, {}).setdefault(metric, []).append(value)
    return {name: {metric: sum(v) / len(v) for metric, v in columns.items()} for name, columns in values.items()}


def reference_grounding_by_row(rows: Sequence[Row]) -> list[dict[str, float]]:
    """The same of each row: `grounded` of extraction, `invented_indicators` of analysis, in [0, 1]; empty for MCQ."""
    return [
        dict([_of_reference(row.kind, row.reference_text, row.input, str(row.instruction))]) if row.kind in OPTIONAL_FOR else {}
        for row in rows
    ]


def _score_mcq(rows: list[Row], readings: list[Reading], language: Language) -> _Columns:
    letters = [reading.letter for reading in readings]
    return {"acc": acc(letters, [row.output for row in rows]), "answered": answered(letters)}


_BATCH = {"understanding": _score_understanding, "generation": _score_generation, "mcq": _score_mcq}


def _semantic(rows: list[Row], readings: list[Reading], kind: Kind, language: Language, embedder: SentenceEmbedder) -> _Columns:
    """Semantic similarity over leaf values or sentences, all rows in one batch; an empty answer scores 0."""
    if kind == "understanding":
        predictions, references = [reading.values for reading in readings], [leaf_values(row.output) for row in rows]
    else:
        predictions = [sentences(reading.text, language) for reading in readings]
        references = [sentences(row.reference_text, language) for row in rows]
    present = [reading.how != "empty" for reading in readings]
    scores = semantic_similarity(predictions, references, embedder)
    return {"semantic": _where(present, scores.semantic), "semantic_f1": _where(present, scores.semantic_f1)}


def answers_for(rows: Sequence[Row], predictions: Mapping[int, Any]) -> list[Any]:
    """The answer to each row by its id; None, which scores 0, where there is none."""
    return [predictions.get(row.id) for row in rows]
